"""ROOT files: a TTree or an RNTuple, by uproot.

Only branches are read, one by one: uproot's own expressions and cuts run text as code in a TTree, and are passed over
without a word in an RNTuple.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core.counts import counted
from fivesigma._core.errors import require
from fivesigma._core.jagged import Jagged
from fivesigma.data.readers.border import border, first_line, refuse_promise
from fivesigma.data.readers.part_table import PartTable, all_columns
from fivesigma.data.readers.parts import chosen
from fivesigma.data.readers.table import Table

_NEXT = "get the file again from its source, and check it with a checksum"
_MAGIC = b"root\x00"  # then the other three bytes of the version, which is far below 2²⁴
_TREES = ("TTree", "TNtuple", "TNtupleD", "ROOT::RNTuple")
_RUNS = (
    "Runs"  # NanoAOD's metadata: a row a run of the file's production, whatever a skim has left of its events
)
_SUMS = ("genEventSumw", "genEventSumw_")  # the second in files of 2016 to 2018

Part = Callable[[int, int], Any]
"""Reads one branch, entries ``start`` to ``stop``, as a column or `Jagged`."""


@dataclass(frozen=True)
class RootReader:
    """A TTree or RNTuple: numbers, truth values, text and arrays of one shape; lists as jagged columns."""

    name: str = "ROOT"
    suffixes: tuple[str, ...] = (".root",)
    options: tuple[str, ...] = ("tree",)

    def claims(self, path: Path, head: bytes) -> bool:
        """Whether a file begins as ROOT's do."""
        return head.startswith(_MAGIC)

    @contextmanager
    def open(self, path: Path, options: Mapping[str, Any]) -> Iterator[Table]:
        """Open one tree of a file."""
        with border(path, self.name, _NEXT):
            file = _opened(path)
        with file:
            with border(path, self.name, _NEXT):
                table = _table(path, file, options.get("tree"))
            yield table

    def columns(self, path: Path, options: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """Read every column of single values."""
        with self.open(path, options) as table:
            return all_columns(table, path)

    def units(self, path: Path) -> Mapping[str, str]:
        """Return nothing: the format says no units."""
        return {}

    def parts(self, path: Path) -> Mapping[str, str]:
        """Return the trees of a file by name, and how many entries each has."""
        with border(path, self.name, _NEXT), _opened(path) as file:
            return _trees(file)


def _opened(path: Path) -> Any:
    uproot = require("uproot", "root")
    require("awkward", "root")
    # a mapping would hold what was read of the file; and a colon in a path is no place in a file
    how = {"handler": uproot.MultithreadedFileSource, "num_workers": 1}
    return uproot.open({str(path): None}, array_cache=None, object_cache=None, **how)


def _trees(file: Any) -> dict[str, str]:
    """Return how many rows each tree has, by its name without the cycle: of several the newest is meant."""
    return {name: counted(int(file[name].num_entries), "row") for name in _kinds(file)}


def _kinds(file: Any, *, cycle: bool = False) -> dict[str, str]:
    classes = file.classnames(cycle=cycle, recursive=True)
    return {name: kind for name, kind in classes.items() if kind in _TREES}


def _table(path: Path, file: Any, asked: Any) -> PartTable:
    there = _kinds(file, cycle=isinstance(asked, str) and ";" in asked)  # "events;2" is an older cycle
    known = asked in there or (asked is None and len(there) < 2)
    name = chosen(path, "tree", there if known else _trees(file), asked)
    tree = file[name]
    plan = _Plan(int(tree.num_entries))
    _ntuple(plan, tree) if there[name] == "ROOT::RNTuple" else _ttree(plan, tree)

    def read(asked: Sequence[str], start: int, stop: int) -> Iterable[tuple[str, Any]]:
        refuse_promise(path, "ROOT", (stop - start) * sum(plan.sizes[name] for name in asked))
        return ((name, plan.branches[name](start, stop)) for name in asked)

    names, jagged = tuple(plan.names), tuple(plan.jagged)
    sum_w = partial(_sum_w, path, file)
    return PartTable(path, "ROOT", _NEXT, plan.n_rows, read, names, jagged, {}, plan.left_out, sum_w)


def _sum_w(path: Path, file: Any) -> float | None:
    """Return the generator's sum of weights of NanoAOD, over all runs; None where the file says none."""
    with border(path, "ROOT", _NEXT):
        runs = _table(path, file, _RUNS) if _RUNS in _kinds(file) else None
    name = next((each for each in _SUMS if runs is not None and each in runs.names), None)
    if runs is None or name is None or runs.n_rows == 0:
        return None
    return float(np.sum(runs.columns([name])[name], dtype=np.float64))


class _Plan:
    """How each branch is read, and what is left out with the reason."""

    def __init__(self, n_rows: int) -> None:
        self.n_rows = n_rows
        self.branches: dict[str, Part] = {}
        self.sizes: dict[str, int] = {}
        self.names: list[str] = []
        self.jagged: list[str] = []
        self.left_out: dict[str, str] = {}

    def add(self, name: str, read: Part, size: int, *, jagged: bool = False) -> None:
        """Plan a column whose rows take at least ``size`` bytes each."""
        if name in self.branches:
            self.left_out[name] = "its name occurs twice"
            return
        self.branches[name], self.sizes[name] = read, size
        (self.jagged if jagged else self.names).append(name)


# --- TTree


def _ttree(plan: _Plan, tree: Any) -> None:
    """Plan the branches of a tree that hold values, those inside of others too."""
    leaves = [branch for branch in tree.itervalues(recursive=True) if not branch.branches]
    short = [branch.name for branch in leaves]
    for branch, name in zip(leaves, short, strict=True):
        unique = name if short.count(name) == 1 else _full_name(branch)
        try:
            _branch(plan, unique, branch)
        except Exception as error:  # whatever uproot does not know, the others can be read without it
            plan.left_out[unique] = first_line(error)


def _full_name(branch: Any) -> str:
    names = [branch.name]
    while (branch := branch.parent) is not None and hasattr(branch, "basket"):
        names.append(branch.name)
    return "/".join(reversed(names))


def _branch(plan: _Plan, name: str, branch: Any) -> None:
    """Plan one branch by what uproot makes of its bytes."""
    how = branch.interpretation
    kind = type(how).__name__
    if branch.num_entries != plan.n_rows:
        plan.left_out[name] = f"it has {branch.num_entries} of {plan.n_rows} entries"
    elif kind == "AsStrings":
        plan.add(name, lambda a, b: _texts(_array(branch, a, b, "ak")), 8)
    elif kind == "AsJagged" and type(how.content).__name__ == "AsDtype" and _plain(how.content.to_dtype):
        plan.add(name, lambda a, b: _jagged(_array(branch, a, b, "ak")), 8, jagged=True)
    elif kind in ("AsDtype", "AsDouble32", "AsFloat16"):
        _fixed(plan, name, branch, np.dtype(how.to_dtype))
    elif "AsStridedObjects" in (kind, type(getattr(how, "content", None)).__name__):
        # a vector of ROOT, or lists of them: the members that it has if it is split, by the same names
        _field(plan, name, how.awkward_form(branch.file), lambda a, b: _array(branch, a, b, "ak"))
    else:
        plan.left_out[name] = f"it holds {branch.typename}"


def _fixed(plan: _Plan, name: str, branch: Any, dtype: np.dtype[Any]) -> None:
    """Plan a branch of one shape: a value, an array, or several leaves."""
    if not dtype.names:
        plan.add(name, lambda a, b: _array(branch, a, b, "np"), dtype.itemsize)
        return
    for leaf in dtype.names:
        plan.add(f"{name}.{leaf}", _leaf(branch, leaf), dtype.itemsize)


def _leaf(branch: Any, leaf: str) -> Part:
    return lambda a, b: np.ascontiguousarray(_array(branch, a, b, "np")[leaf])


def _plain(dtype: Any) -> bool:
    """Whether the members of a list are single numbers or truth values."""
    return np.dtype(dtype).kind in "biuf" and np.dtype(dtype).subdtype is None


def _array(branch: Any, start: int, stop: int, library: str) -> Any:
    return branch.array(entry_start=start, entry_stop=stop, array_cache=None, library=library)


# --- RNTuple


def _ntuple(plan: _Plan, ntuple: Any) -> None:
    """Plan the fields of an RNTuple, in the order of the file."""
    form = ntuple.to_akform()
    form = form[0] if isinstance(form, tuple) else form
    outer = (each.field_name for at, each in enumerate(ntuple.field_records) if each.parent_field_id == at)
    order = {name: place for place, name in enumerate(outer)}
    fields = sorted(zip(form.fields, form.contents, strict=True), key=lambda pair: order.get(pair[0], 0))
    for name, content in fields:
        _field(plan, name, content, _whole_field(ntuple, name))


def _whole_field(ntuple: Any, name: str) -> Part:
    def read(start: int, stop: int) -> Any:
        if start == stop:  # uproot reads all of it for no entry
            return ntuple[name].array(entry_start=0, entry_stop=min(1, ntuple.num_entries))[:0]
        return ntuple[name].array(entry_start=start, entry_stop=stop)

    return read


def _field(plan: _Plan, name: str, form: Any, read: Part, *, inside: bool = False) -> None:
    """Plan one field by its form; the fields of a record or of a list of records are columns of their own."""
    kind = type(form).__name__
    if form.parameter("__array__") == "string":
        plan.add(name, lambda a, b: _texts(read(a, b)), 8)
    elif kind == "RecordForm":
        for inner, content in zip(form.fields, form.contents, strict=True):
            _field(plan, f"{name}.{inner}", content, _inner(read, inner))
    elif kind == "ListOffsetForm" and _is_number(form.content):
        plan.add(name, lambda a, b: _jagged(read(a, b)), 8, jagged=True)
    elif kind == "ListOffsetForm" and type(form.content).__name__ == "RecordForm":
        for inner, content in zip(form.content.fields, form.content.contents, strict=True):
            list_of = type(form)(form.offsets, content)
            _field(plan, f"{name}.{inner}", list_of, _inner(read, inner))
    elif (size := _size(form)) is not None:
        plan.add(name, lambda a, b: _numbers(read(a, b)), size)
    else:
        plan.left_out[name] = f"it holds {form.type}"


def _inner(read: Part, name: str) -> Part:
    return lambda a, b: read(a, b)[name]


def _is_number(form: Any) -> bool:
    return type(form).__name__ == "NumpyForm" and not form.inner_shape and form.parameter("__array__") is None


def _size(form: Any) -> int | None:
    """Return the bytes of a row of numbers of one shape, some of which may be missing; None of anything else."""
    kind = type(form).__name__
    if kind == "NumpyForm":
        dtype = np.dtype(form.primitive)
        return dtype.itemsize * int(np.prod(form.inner_shape)) if dtype.kind in "biuf" else None
    if kind == "RegularForm":
        inner = _size(form.content)
        return None if inner is None else inner * int(form.size)
    if kind in ("IndexedOptionForm", "ByteMaskedForm", "BitMaskedForm", "UnmaskedForm"):
        inside = form.content
        return _size(inside) if type(inside).__name__ == "NumpyForm" else None
    return None


# --- from awkward arrays to columns


def _numbers(array: Any) -> NDArray[Any]:
    import awkward

    found = awkward.to_numpy(array)
    return kinds.of(found) if isinstance(found, np.ma.MaskedArray) else np.ascontiguousarray(found)


def _jagged(array: Any) -> Jagged:
    import awkward

    layout = awkward.to_layout(awkward.to_packed(array))
    offsets = np.asarray(layout.offsets).astype(np.int64, copy=False)
    return Jagged(np.asarray(awkward.to_numpy(layout.content)), offsets)


def _texts(array: Any) -> NDArray[Any]:
    """Return strings as text, an empty one as missing: ROOT knows no other way to say so."""
    import awkward

    layout = awkward.to_layout(awkward.to_packed(array))
    raw = np.asarray(layout.content.data, dtype=np.uint8).tobytes()
    ends = np.asarray(layout.offsets).tolist()
    return kinds.texts(raw[a:b] or None for a, b in pairwise(ends))


READER = RootReader()
