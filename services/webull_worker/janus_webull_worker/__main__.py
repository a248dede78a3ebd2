"""Makes ``python -m janus_webull_worker`` run the worker."""

import janus_common.lean  # noqa: F401

from janus_webull_worker.main import main

main()
