"""Makes ``python -m janus_registry`` run the registry."""

import janus_common.lean  # noqa: F401

from janus_registry.main import main

main()
