"""Makes ``python -m janus_webull_worker`` run the worker."""

from janus_webull_worker.main import main

main()
