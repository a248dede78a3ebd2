"""What is generated is what the code says now."""

from __future__ import annotations

import re
import subprocess
import sys

from janus_common import generate
from janus_common.contract import CHANNELS

from tests.rules.source import CODE, ROOT, files, none_of, text


def test_what_is_generated_is_up_to_date():
    wanted = generate.files(ROOT)

    none_of(
        f"{path}: run `make proto`"
        for path, data in wanted.items()
        if not (ROOT / path).is_file() or (ROOT / path).read_bytes() != data
    )


def test_the_code_of_the_event_stream_is_what_protoc_writes(tmp_path):
    there = ROOT / "services/paper_venue/janus_paper_venue/webull"
    subprocess.run(
        [
            *(sys.executable, "-m", "grpc_tools.protoc", "-Iproto/webull"),
            *(f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", "events.proto"),
        ],
        check=True,
        cwd=ROOT,
    )

    for written in tmp_path.iterdir():
        assert (there / written.name).read_text() == written.read_text(), "run `make proto`"


def test_nothing_generated_is_left_over():
    none_of(f"{path}: run `make proto`" for path in generate.stale(ROOT))


def test_every_block_of_the_documentation_is_one_that_exists():
    for path, blocks in generate.DOCUMENTS.items():
        document = (ROOT / path).read_text("utf-8")
        begun = re.findall(r"<!-- begin (\S+) -->", document)

        assert set(begun) <= blocks().keys()
        assert len(begun) == document.count("<!-- end -->")


def test_a_subject_is_called_reserved_as_long_as_nobody_uses_it():
    spoken = "\n".join(text(path) for path in files(*CODE) if path.name != "contract.py")
    used = set(re.findall(r"\bsubjects\.([a-z]+)\(", spoken))
    families = {channel.name.partition("-")[0] for channel in CHANNELS}
    served = {c.name.partition("-")[0] for c in CHANNELS if not c.is_reserved}

    none_of(
        f"{name} is {'used' if name in used else 'not used'}"
        for name in families
        if (name in served) != (name in used)
    )
