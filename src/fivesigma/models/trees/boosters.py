"""XGBoost's JSON, text or binary, read in plain Python, and what makes the trees inside sound.

XGBoost follows children and columns without a look, so a file from elsewhere is read here first. Its binary
form is Universal Binary JSON, draft 12 (ubjson.org), of which XGBoost writes the types that `read` knows.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NUMBERS = {"i": ">b", "U": ">B", "I": ">h", "l": ">i", "L": ">q", "d": ">f", "D": ">d"}
_ARRAYS = {"i": ">i1", "U": ">u1", "I": ">i2", "l": ">i4", "L": ">i8", "d": ">f4", "D": ">f8"}
_WORDS = {"T": True, "F": False, "Z": None}
_DEEPEST = 32


def read(content: bytes) -> dict[str, Any]:
    """Return the document in ``content``.

    Raises
    ------
    ValueError
        For anything but one whole object of the types that XGBoost writes, no key twice.

    Examples
    --------
    >>> read(b"{i\\x01a[$l#i\\x02\\x00\\x00\\x00\\x07\\x00\\x00\\x00\\x08}")
    {'a': [7, 8]}
    """
    if content[:2] == b'{"':
        return dict(json.loads(content, object_pairs_hook=_once))
    reader = _Reader(content)
    found = reader.value(reader.mark(), 0)
    if not isinstance(found, dict) or reader.at != len(content):
        raise ValueError("it is not one object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice")
    return found


class _Reader:
    """Bytes, and how far they are read."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at = content, 0

    def take(self, n: int) -> bytes:
        """Return the next ``n`` bytes."""
        piece = self.content[self.at : self.at + n] if n >= 0 else b""
        if len(piece) != n:
            raise ValueError("it ends too early")
        self.at += n
        return piece

    def mark(self) -> str:
        """Return the next mark of a type."""
        return self.take(1).decode("latin-1")

    def peek(self) -> str:
        """Return the mark that comes next, and stay."""
        return self.content[self.at : self.at + 1].decode("latin-1")

    def number(self, mark: str) -> Any:
        """Return a number of the type ``mark``."""
        if mark not in _NUMBERS:
            raise ValueError(f"{mark!r} is no type of numbers")
        layout = _NUMBERS[mark]
        return struct.unpack(layout, self.take(struct.calcsize(layout)))[0]

    def length(self) -> int:
        """Return a length."""
        found = self.number(self.mark())
        if not isinstance(found, int) or found < 0:
            raise ValueError("a length is no whole number")
        return found

    def text(self) -> str:
        """Return a string without its mark, as keys are."""
        return self.take(self.length()).decode("utf-8")

    def value(self, mark: str, depth: int) -> Any:
        """Return a value of the type ``mark``."""
        if depth > _DEEPEST:
            raise ValueError("it is nested too deeply")
        if mark in _WORDS:
            return _WORDS[mark]
        if mark == "S":
            return self.text()
        if mark == "{":
            return self.object(depth)
        return self.array(depth) if mark == "[" else self.number(mark)

    def object(self, depth: int) -> dict[str, Any]:
        """Return an object, its mark behind us."""
        found: dict[str, Any] = {}
        while self.peek() != "}":
            key = self.text()
            if key in found:
                raise ValueError(f"{key!r} stands there twice")
            found[key] = self.value(self.mark(), depth + 1)
        self.take(1)
        return found

    def array(self, depth: int) -> list[Any]:
        """Return an array, its mark behind us: of one type and a length, of a length, or to its end."""
        kind = ""
        if self.peek() == "$":
            self.take(1)
            kind = self.mark()
        if self.peek() == "#":
            self.take(1)
            n = self.length()
            if kind:
                return self._of_one_type(kind, n)
            return [self.value(self.mark(), depth + 1) for _ in range(n)]
        if kind:
            raise ValueError("an array of one type has no length")
        found = []
        while self.peek() != "]":
            found.append(self.value(self.mark(), depth + 1))
        self.take(1)
        return found

    def _of_one_type(self, kind: str, n: int) -> list[Any]:
        if kind not in _ARRAYS:
            raise ValueError(f"{kind!r} is no type of numbers")
        layout = np.dtype(_ARRAYS[kind])
        return list(np.frombuffer(self.take(n * layout.itemsize), dtype=layout).tolist())


def check(document: Mapping[str, Any], *, n_features: int, n_classes: int | None) -> None:
    """Refuse a model whose trees cannot have been grown on ``n_features`` columns (None classes: a regression).

    Raises
    ------
    ValueError
        In a sentence without its subject, where something is not as XGBoost leaves it.
    """
    try:
        learner = document["learner"]
        of_learner, booster = learner["learner_model_param"], learner["gradient_booster"]
        model = booster["model"]
        trees, groups = model["trees"], model["tree_info"]
        _check_learner(of_learner, learner["objective"], n_features, n_classes)
        if booster["name"] != "gbtree" or int(model["gbtree_model_param"]["num_trees"]) != len(trees):
            raise ValueError("it is no list of trees")
        n_groups = n_classes if n_classes is not None and n_classes > 2 else 1
        if len(groups) != len(trees) or not all(type(g) is int and 0 <= g < n_groups for g in groups):
            raise ValueError("trees belong to classes that are not there")
        _check_rounds(model, len(trees))
        for number, tree in enumerate(trees):
            _check_tree(tree, number, n_features)
    except (KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def _check_learner(
    found: Mapping[str, Any], objective: Mapping[str, Any], n_features: int, n_classes: int | None
) -> None:
    many = n_classes is not None and n_classes > 2
    wanted = "multi:softprob" if many else "reg:squarederror" if n_classes is None else "binary:logistic"
    softmax = objective.get("softmax_multiclass_param", {})
    if objective["name"] != wanted:
        raise ValueError(f"its objective is {objective['name']!r}, not {wanted!r}")
    if int(found["num_feature"]) != n_features or int(found["num_target"]) != 1:
        raise ValueError("it has other columns or targets")
    if int(found["num_class"]) != (n_classes if many else 0):
        raise ValueError("it has other classes")
    if many and int(softmax["num_class"]) != n_classes:
        raise ValueError("its objective has other classes")
    _check_base(found, wanted, n_classes)


def _check_base(found: Mapping[str, Any], wanted: str, n_classes: int | None) -> None:
    base = [float(each) for each in str(found["base_score"]).strip("[]").split(",")]
    if len(base) not in (1, n_classes) or not np.isfinite(base).all():
        raise ValueError("its base score is not finite")
    if wanted == "binary:logistic" and not 0 < base[0] < 1:
        raise ValueError("its base score is no probability")


def _check_rounds(model: Mapping[str, Any], n_trees: int) -> None:
    if int(model["gbtree_model_param"]["num_parallel_tree"]) != 1 or model.get("cats", {}).get("enc"):
        raise ValueError("it has parallel trees or categories")
    rounds = np.asarray(model["iteration_indptr"])
    if rounds.dtype.kind != "i" or rounds.ndim != 1 or rounds[0] != 0 or rounds[-1] != n_trees:
        raise ValueError("its rounds are not those of its trees")
    if (np.diff(rounds) < 0).any():
        raise ValueError("its rounds do not follow each other")


def _check_tree(tree: Mapping[str, Any], number: int, n_features: int) -> None:
    n = int(tree["tree_param"]["num_nodes"])
    if (
        int(tree["tree_param"]["num_feature"]) != n_features
        or int(tree["tree_param"]["size_leaf_vector"]) > 1
    ):
        raise ValueError(f"tree {number} has other columns")
    if n < 1 or tree["id"] != number or any(tree.get(name) for name in _CATEGORIES):
        raise ValueError(f"tree {number} has no nodes, another number, or categories")
    left, right, column = (
        _whole(tree, name, n) for name in ("left_children", "right_children", "split_indices")
    )
    for name in ("split_conditions", "base_weights", "loss_changes", "sum_hessian"):
        _finite(tree, name, n)
    if any(len(tree[name]) != n or not set(tree[name]) <= {0, 1} for name in ("default_left", "split_type")):
        raise ValueError(f"tree {number} has nodes of another kind")
    _check_splits(tree, number, left, right)
    here = np.flatnonzero(left >= 0)
    if here.size and (column[here].min() < 0 or column[here].max() >= n_features):
        raise ValueError(f"tree {number} splits a column that is not there")
    _check_children(tree, number, here, np.concatenate([left[here], right[here]]))


def _check_splits(tree: Mapping[str, Any], number: int, left: Any, right: Any) -> None:
    inner = left >= 0
    if (
        set(tree["split_type"]) - {0}
        or ((right >= 0) != inner).any()
        or (left < -1).any()
        or (right < -1).any()
    ):
        raise ValueError(f"tree {number} has splits with one child or by category")


def _check_children(tree: Mapping[str, Any], number: int, here: Any, children: Any) -> None:
    n = int(tree["tree_param"]["num_nodes"])
    if (children <= np.tile(here, 2)).any() or (children >= n).any() or len(set(children)) < len(children):
        raise ValueError(f"tree {number} has nodes that point outside it or back")
    if not np.array_equal(_whole(tree, "parents", n)[children], np.tile(here, 2)):
        raise ValueError(f"tree {number} has children of another parent")


_CATEGORIES = ("categories", "categories_nodes", "categories_segments", "categories_sizes")


def _whole(tree: Mapping[str, Any], name: str, n: int) -> NDArray[np.int64]:
    found = np.asarray(tree[name])
    if found.dtype.kind != "i" or found.shape != (n,):
        raise ValueError(f"{name} are not {n} whole numbers")
    return found.astype(np.int64)


def _finite(tree: Mapping[str, Any], name: str, n: int) -> None:
    found = np.asarray(tree[name], dtype=np.float64)
    if found.shape != (n,) or not np.isfinite(found).all():
        raise ValueError(f"{name} are not {n} finite numbers")
