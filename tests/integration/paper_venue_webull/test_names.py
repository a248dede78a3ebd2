"""Every fault of the Webull face has a test here that shows its effect."""

from __future__ import annotations

import re
from pathlib import Path

from janus_paper_venue.faults_webull import KINDS

HERE = Path(__file__)


def test_every_fault_is_tested():
    texts = (path.read_text() for path in HERE.parent.glob("test_*.py") if path != HERE)
    named = {name for text in texts for name in re.findall(r'"(webull_[a-z_]+)"', text)}

    assert not set(KINDS) - named
    assert not named - set(KINDS)
