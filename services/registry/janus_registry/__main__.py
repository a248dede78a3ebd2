"""Makes ``python -m janus_registry`` run the registry."""

from janus_registry.main import main

main()
