"""Makes ``python -m janus_paper_venue`` run the venue."""

import janus_common.lean  # noqa: F401

from janus_paper_venue.main import main

main()
