"""Makes ``python -m janus_ib_worker`` run the worker."""

import sys
from types import ModuleType

# eventkit imports numpy for an operator that nobody here uses: a quarter of the worker's memory
# and of its start. An empty module in its place costs neither.
sys.modules.setdefault("numpy", ModuleType("numpy"))

import janus_common.lean  # noqa: E402, F401

from janus_ib_worker.main import main  # noqa: E402 - after the above

main()
