"""Makes ``python -m janus_cli.demo`` play the demo."""

from janus_cli.demo.main import main

main()
