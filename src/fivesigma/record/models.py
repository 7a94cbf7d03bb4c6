"""Fitted models on disk, without pickle: numbers, names from a fixed table, and a checksum over every byte.

A file is ``MAGIC``, the SHA-256 of all that follows, the length of the meta document (8 bytes, big-endian),
the meta document (UTF-8 JSON) and the model in skops' format (arrays and a tree of type names). `load`
verifies the checksum before it parses anything, then the names against an explicit table, and only then
builds objects; nothing in the file is executed and no other loader is ever tried. The checksum shows damage,
not who wrote the file.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import platform
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from fivesigma._core.errors import DataError, InputError
from fivesigma._core.probed import import_skops
from fivesigma.record.results import plain
from fivesigma.record.store import write_bytes

MAGIC = b"fivesigma.model/1\n"
SIZE_CAP = 2 * 2**30  # bytes of a model file, and of what it unpacks to
SUFFIX = ".fivesigma"
_PACKAGES = ("fivesigma", "numpy", "scipy", "scikit-learn", "skops")
_HEAD = len(MAGIC) + 32 + 8

LIBRARY_PARTS = frozenset(
    {
        "scipy.sparse._csr.csr_matrix",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.tree._tree.Tree",
    }
)
"""What estimators of scikit-learn are made of and skops does not list among its trusted types."""

_LOADERS = frozenset(
    {
        *(
            "BytesNode",
            "CachedNode",
            "DTypeNode",
            "DictNode",
            "FunctionNode",
            "JsonNode",
            "ListNode",
            "LossNode",
        ),
        *("NdArrayNode", "ObjectNode", "RandomGeneratorNode", "RandomStateNode", "SetNode", "SliceNode"),
        *("SparseMatrixNode", "TreeNode", "TupleNode", "TypeNode"),
    }
)
"""skops' builders that only place values; those that could call (partial, method, operator) are refused."""


@dataclass(frozen=True, eq=False)
class SavedModel:
    """A fitted estimator, the document that was kept with it, and what to know before trusting its bits."""

    estimator: Any
    meta: Mapping[str, Any]
    messages: tuple[str, ...] = ()


def save(estimator: Any, path: Path, meta: Mapping[str, Any]) -> None:
    """Write the fitted ``estimator`` and ``meta`` to ``path``, atomically.

    Parameters
    ----------
    estimator : fitted estimator of scikit-learn's contract
    path : the file; the suffix is ``.fivesigma`` by custom
    meta : what JSON can hold: kind, params, feature names, units and categories, classes, data sha256, ranges
        of
        the training columns. Format and versions are added.

    Raises
    ------
    InputError
        Where the estimator holds something that cannot be kept without pickle. `DataError` for a full disk.
    """
    skops = import_skops()
    try:
        payload = skops.dumps(estimator)
    except Exception as error:  # skops raises many types; a model that cannot be kept is one answer
        raise InputError(
            f"{type(estimator).__name__} cannot be saved without pickle ({_line(error)})"
        ) from error
    types = sorted(skops.get_untrusted_types(data=payload))
    document = {"format": MAGIC.decode().strip(), **plain(meta), "types": types, "versions": _versions()}
    _write(path, document, payload)


def note(path: Path, more: Mapping[str, Any]) -> None:
    """Add to the document that is kept with a model; the model itself stays as it is, byte for byte.

    Raises
    ------
    DataError
        Where the file is damaged or something else, or for a full disk.
    """
    document, payload = _opened(path)
    _write(path, {**document, **plain(more)}, payload)


def _write(path: Path, document: Mapping[str, Any], payload: bytes) -> None:
    text = json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    body = len(text).to_bytes(8, "big") + text + payload
    if len(body) > SIZE_CAP:
        raise InputError(
            f"the model takes {len(body):,} bytes, more than {SIZE_CAP:,}; choose fewer or smaller trees"
        )
    write_bytes(path, MAGIC + hashlib.sha256(body).digest() + body)


def read_meta(path: Path) -> dict[str, Any]:
    """Return the document kept with a model; `DataError` where the file is damaged or something else."""
    return _opened(path)[0]


def load(path: Path, *, trusted: Collection[str], check: Callable[[Any], None]) -> SavedModel:
    """Return the model of `save`; nothing from the file is executed.

    Parameters
    ----------
    path : the file
    trusted : full names of the classes that may stand in it beside scikit-learn's own
    check : refuses, by an exception, an object inside the model whose state is not sound; the checksum shows damage
        only, and compiled code follows an index without a look

    Raises
    ------
    DataError
        For a file that is absent, too big, changed by a single byte, holds a name that is not in the table, or an
        object whose state is not sound.
    """
    skops = import_skops()
    meta, payload = _opened(path)
    _refuse_builders(path, payload)
    try:
        needed = skops.get_untrusted_types(data=payload)
        unknown = sorted(set(needed) - set(trusted) - LIBRARY_PARTS)
        if unknown:
            raise _refusal(
                path, f"it holds {', '.join(unknown)[:200]}", "trust these names only if they are yours"
            )
        estimator = skops.loads(payload, trusted=sorted(needed))
        for part in _parts(estimator):
            check(part)
    except DataError:
        raise
    except Exception as error:  # a crafted tree of names can fail anywhere in skops; one border for all of it
        raise _refusal(path, f"the model cannot be rebuilt ({_line(error)})", "fit it again") from error
    return SavedModel(estimator, meta, _differences(meta))


def _opened(path: Path) -> tuple[dict[str, Any], bytes]:
    try:
        size = path.stat().st_size
        if size > SIZE_CAP + _HEAD:
            raise _refusal(path, f"{size:,} bytes are more than {SIZE_CAP:,}", "check where it comes from")
        content = path.read_bytes()
    except OSError as error:
        if isinstance(error, DataError):
            raise
        raise _refusal(path, error.strerror or str(error), "check the path") from error
    if not content.startswith(MAGIC):
        raise _refusal(path, "it does not begin as one", "give a model file that a run has written")
    digest, body = content[len(MAGIC) : len(MAGIC) + 32], content[len(MAGIC) + 32 :]
    if hashlib.sha256(body).digest() != digest:
        raise _refusal(
            path, "its checksum does not match", "the file is damaged: copy it again, or fit again"
        )
    length = int.from_bytes(body[:8], "big")
    try:
        meta = json.loads(body[8 : 8 + length])
        if not isinstance(meta, dict):
            raise ValueError("no document")
    except (ValueError, RecursionError) as error:
        raise _refusal(path, f"its document cannot be read ({_line(error)})", "fit it again") from error
    return meta, body[8 + length :]


def _refuse_builders(path: Path, payload: bytes) -> None:
    """Look at the archive and at every node's builder before skops sees them."""
    try:
        with zipfile.ZipFile(io.BytesIO(payload)) as archive:
            members = archive.infolist()
            declared = sum(member.file_size for member in members)
            if declared > SIZE_CAP or any(member.compress_type != zipfile.ZIP_STORED for member in members):
                raise _refusal(path, f"it unpacks to {declared:,} bytes or is compressed", "fit it again")
            nodes = list(_nodes(json.loads(archive.read("schema.json"))))
            strange = sorted({str(node["__loader__"]) for node in nodes} - _LOADERS)
            if strange:
                raise _refusal(
                    path, f"it is built with {', '.join(strange)[:200]}", "this is no model that a run writes"
                )
            shapes = {member.filename: _shape(archive, member) for member in members}
            _refuse_confusion(nodes)
            _refuse_trees(nodes, shapes)
    except DataError:
        raise
    except (*_UNREADABLE,) as error:
        raise _refusal(path, f"the model inside cannot be read ({_line(error)})", "fit it again") from error


_UNREADABLE = (
    *(zipfile.BadZipFile, KeyError, ValueError, TypeError, RecursionError, NotImplementedError),
    *(RuntimeError, EOFError, MemoryError, OverflowError, IndexError),
)


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    stack = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if "__loader__" in node:
                yield node
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def _shape(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[Any, ...] | None:
    """Return type and shape of an array, whose bytes must be as many as its head says; None for other members."""
    if not member.filename.endswith(".npy"):
        return None
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(file)
        if file.tell() + math.prod(shape) * dtype.itemsize != member.file_size:
            raise ValueError(f"{member.filename} is longer or shorter than it says")
    return (str(dtype), *shape)


def _refuse_confusion(nodes: list[dict[str, Any]]) -> None:
    """Refuse two objects under one number: skops would take the first for both."""
    known: dict[Any, tuple[Any, ...]] = {}
    for node in nodes:
        number, leaf = node["__id__"], node["__loader__"] == "JsonNode"
        what = (*map(node.get, ("__loader__", "__class__", "__module__", "file")), leaf and node["content"])
        if type(number) is not int or known.setdefault(number, what) != what:
            raise ValueError("two objects have one number")


def _refuse_trees(nodes: list[dict[str, Any]], shapes: Mapping[str, tuple[Any, ...] | None]) -> None:
    """Refuse trees of more outputs than they have numbers of classes: their constructor follows it without a look."""
    for node in nodes:
        if node["__loader__"] == "TreeNode":
            _, n_classes, n_outputs = node["__reduce__"]["args"]["content"]
            m = json.loads(n_outputs["content"]) if n_outputs["__loader__"] == "JsonNode" else None
            known = type(m) is int and m > 0 and n_classes["type"] == "numpy"
            if not known or shapes[n_classes["file"]] != ("int64", m):
                raise ValueError("a tree has other outputs than it says")


def _parts(estimator: Any) -> Iterator[Any]:
    """Every object inside ``estimator``, through attributes, lists, tuples, dicts and object arrays, once."""
    stack, seen = [estimator], set[int]()
    while stack:
        part = stack.pop()
        if id(part) in seen or isinstance(part, str | bytes | int | float | None):
            continue
        seen.add(id(part))
        yield part
        if isinstance(part, dict):
            stack.extend(part.values())
        elif isinstance(part, list | tuple | set):
            stack.extend(part)
        elif isinstance(part, np.ndarray):
            stack.extend(part.ravel().tolist() if part.dtype == object else [])
        else:
            stack.extend(getattr(part, "__dict__", {}).values())
            stack.extend([part.tree_] if hasattr(part, "tree_") else [])


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: _installed(name) for name in _PACKAGES}


@cache
def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def _differences(meta: Mapping[str, Any]) -> tuple[str, ...]:
    then, now = meta.get("versions"), _versions()
    if not isinstance(then, dict):
        return ()
    return tuple(
        f"saved with {name} {then[name]}, loaded with {now[name]}: predictions may differ"
        for name in _PACKAGES
        if name in then and then[name] != now[name]
    )


def _refusal(path: Path, what: str, then: str) -> DataError:
    return DataError(f"{path}: cannot be loaded as a fivesigma model: {what}; {then}.")


def _line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else type(error).__name__
