"""Makes ``python -m janus_router`` run the router."""

import janus_common.lean  # noqa: F401

from janus_router.main import main

main()
