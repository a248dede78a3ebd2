"""Makes ``python -m janus_router`` run the router."""

from janus_router.main import main

main()
