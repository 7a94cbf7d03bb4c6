"""Jagged events in a ROOT file (TTree ``events``), the same bytes for the same events."""

from __future__ import annotations

import datetime
import importlib
import tempfile
import types
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from fivesigma._core.errors import require


def write_root(events: Any, path: Path, name: str) -> None:
    """Write an awkward array of events; leptons and jets become jagged branches with their counters."""
    ak, uproot = require("awkward", "collider"), require("uproot", "collider")
    branches: dict[str, Any] = {}
    for kind in ("lepton", "jet"):
        fields = [field for field in events.fields if field.startswith(f"{kind}_")]
        branches[kind] = ak.zip({field.removeprefix(f"{kind}_"): _plain(events[field]) for field in fields})
    flat = [field for field in events.fields if not field.startswith(("lepton_", "jet_"))]
    branches |= {field: np.asarray(ak.to_numpy(events[field])) for field in flat}
    identity = uuid.uuid5(uuid.NAMESPACE_URL, name)  # a random one would change the bytes
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        inside = Path(folder) / "events.root"  # the name stands in the bytes
        with _stopped_clock(), uproot.recreate(inside, uuid_function=lambda: identity) as file:
            tree = file.mktree("events", {key: _kind(value) for key, value in branches.items()})
            tree.extend(branches)
        inside.replace(path)


class _Epoch(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> _Epoch:
        return cls(2000, 1, 1)


@contextmanager
def _stopped_clock() -> Iterator[None]:
    """Let uproot write one fixed time: it stamps every key of a file and has no option for it."""
    clock = types.SimpleNamespace(datetime=_Epoch)
    with ExitStack() as stack:
        for name in ("_cascade", "_cascadetree", "writable"):
            stack.enter_context(
                patch.object(importlib.import_module(f"uproot.writing.{name}"), "datetime", clock)
            )
        yield


def _kind(value: Any) -> Any:
    """The branch type of one column."""
    ak = require("awkward", "collider")
    return value.dtype if isinstance(value, np.ndarray) else ak.type(value).content


def _plain(values: Any) -> Any:
    """Truth values as bytes: a ROOT branch of a jagged array holds numbers."""
    ak = require("awkward", "collider")
    return ak.values_astype(values, np.int8) if "bool" in str(ak.type(values)) else values
