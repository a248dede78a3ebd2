"""The bare, unmodified Webull SDK: places one market order per line, and prints when each call began.

Runs in the Webull worker's own interpreter, as the SDK is nowhere else, and imports nothing of ours.
"""

import logging
import sys
import time

from webullsdkcore.client import ApiClient
from webullsdkcore.request import ApiRequest
from webullsdktrade.trade.order_operation import OrderOperation


def main(endpoint: str, account: str, key: str, secret: str, symbol: str) -> None:
    """Serve standard input until it ends."""
    logging.getLogger("webullsdkcore").setLevel(logging.CRITICAL)
    logging.getLogger("webullsdkcore.http.response").handlers.clear()
    client = ApiClient(key, secret, "us")
    client.add_endpoint("us", endpoint)
    orders = OrderOperation(client)
    query = {"symbols": symbol, "category": "US_STOCK"}
    listing = ApiRequest("/instrument/list", version="v1", method="GET", query_params=query)
    instrument = client.get_response(listing).json()[0]["instrument_id"]
    print("ready", flush=True)
    for line in sys.stdin:
        ref = line.strip()
        fields = {
            "client_order_id": ref,
            "instrument_id": instrument,
            "side": "BUY",
            "tif": "DAY",
            "order_type": "MARKET",
            "extended_hours_trading": False,
            "qty": "1",
        }
        began = time.monotonic()
        orders.place_order_v2(account, fields)
        print(ref, began, time.monotonic(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
