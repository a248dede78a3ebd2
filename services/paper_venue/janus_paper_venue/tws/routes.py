"""How the parts of a session say which requests they answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from janus_paper_venue.tws.requests import Request

Routes = Mapping[type[Request], Callable[[Any], None]]
"""Each function takes the request of the class it stands under."""
