"""Makes ``python -m janus_marketdata`` run market data."""

import janus_common.lean  # noqa: F401

from janus_marketdata.main import main

main()
