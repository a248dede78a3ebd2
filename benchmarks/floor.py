"""A bare ib_async that places one market order per line it reads, and echoes each fill's ref."""

from __future__ import annotations

import asyncio
import sys

import ib_async


async def main(port: int, symbol: str, symbols: list[str]) -> None:
    """Serve standard input until it ends."""
    ib = ib_async.IB()
    await ib.connectAsync("127.0.0.1", port, clientId=77, account="DU1234567", timeout=20)
    contract = await qualified(ib, symbol)
    assert contract is not None, symbol
    for other in symbols:
        if other != symbol and (found := await qualified(ib, other)) is not None:
            ib.reqMktData(found)

    def filled(_: ib_async.Trade, fill: ib_async.Fill) -> None:
        sys.stdout.write(f"{fill.execution.orderRef}\n")
        sys.stdout.flush()

    ib.execDetailsEvent += filled
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while line := await reader.readline():
        order = ib_async.MarketOrder(
            "BUY", 1, orderRef=line.decode().strip(), tif="GTC", account="DU1234567"
        )
        ib.placeOrder(contract, order)
    ib.disconnect()


async def qualified(ib: ib_async.IB, symbol: str) -> ib_async.Contract | None:
    """Return the one US stock of that symbol, None if it is none or ambiguous."""
    found = await ib.reqContractDetailsAsync(ib_async.Stock(symbol, "SMART", "USD"))
    contracts = [details.contract for details in found if details.contract is not None]
    return contracts[0] if len(contracts) == 1 else None


asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3].split(",")))
