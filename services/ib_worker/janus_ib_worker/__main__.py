"""Makes ``python -m janus_ib_worker`` run the worker."""

from janus_ib_worker.main import main

main()
