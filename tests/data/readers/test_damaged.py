"""A damaged file is read or refused in one sentence: no other exception, no crash, no hang, memory under 1 GiB."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.readers.mutants import damaged

N = 40


def _columns() -> dict[str, Any]:
    rng = np.random.default_rng(5)
    return {"x": rng.normal(size=N), "n": np.arange(N) * 3, "flag": np.arange(N) % 3 == 0}


def _root(path: Path, kind: str) -> None:
    awkward, uproot = pytest.importorskip("awkward"), pytest.importorskip("uproot")
    lists = {"jet": awkward.unflatten(np.arange(2.0 * N), np.arange(N) % 5)}
    texts = {"name": awkward.Array([f"é{i}" for i in range(N)])}
    with uproot.recreate(path) as file:
        getattr(file, f"mk{kind}")("events", _columns() | lists | texts)


WRITERS: dict[str, tuple[Callable[[Path], None], tuple[str, ...]]] = {
    "tree.root": (lambda path: _root(path, "tree"), ("uproot", "awkward")),
    "ntuple.root": (lambda path: _root(path, "rntuple"), ("uproot", "awkward")),
}


@pytest.mark.torture
@pytest.mark.parametrize("name", WRITERS)
def test_damaged_files_are_read_or_refused_in_one_sentence(tmp_path: Path, name: str, tenth: Any) -> None:
    write, modules = WRITERS[name]
    write(tmp_path / name)
    count = tenth(2000)
    found = damaged(tmp_path / name, count, seed=name, modules=modules)
    assert found["read"] + found["refused"] == count, found
    assert found["refused"] > count // 20
    assert (found["unclear"], found["other"], found["slow"]) == ([], [], [])
