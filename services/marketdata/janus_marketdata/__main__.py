"""Makes ``python -m janus_marketdata`` run market data."""

from janus_marketdata.main import main

main()
