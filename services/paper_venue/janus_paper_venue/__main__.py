"""Makes ``python -m janus_paper_venue`` run the venue."""

from janus_paper_venue.main import main

main()
