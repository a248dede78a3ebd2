"""The Webull worker over the unmodified SDK: an order's way, a fill's way back, ten accounts, its size.

Each part says which of Webull's tables of limits the venue holds to.
"""

from __future__ import annotations

from benchmarks import webull_fills, webull_many, webull_orders
from benchmarks.figures import machine


async def run() -> None:
    """Measure and print."""
    print(f"webull: {machine()}")
    await webull_orders.run()
    await webull_fills.run()
    await webull_many.run()
