"""What a task is: what its predictions are, and what they are held against. A task has no state."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.outputs import Output
from fivesigma.data.dataset import Dataset
from fivesigma.risk.metric import Metric
from fivesigma.study.fit.prediction import Predictions
from fivesigma.study.plan import Entry

if TYPE_CHECKING:
    from fivesigma.study.spec.document import Spec

Array = NDArray[Any]
Claim = Literal["procedure", "fitted"]

TRAIN, VALIDATION = "train", "validation"
"""The parts that every study has beside its tests: the rows fitted to, and the same ones held out by folds."""
CROSSFIT = "crossfit"
"""All rows, each scored by a fit that has not seen it, where a study asks for claims on them."""


@dataclass(frozen=True, eq=False)
class Truth:
    """What a metric holds the predictions of some rows against.

    Attributes
    ----------
    y : the target of the rows that count, (n, ...).
    w, groups : (n,) their weights and groups, or None.
    scale : the factor from their yields to those of the whole sample.
    counts : which of the rows count, as an index into them; ``...`` for all.
    """

    y: Array
    w: Array | None
    groups: Array | None
    scale: float
    counts: Any = ...


@dataclass(frozen=True)
class Judgement:
    """How a score of some part is judged: by resamples of its events, its folds, halves, or not at all, and ``why``.

    ``claim`` says what its error is about, ``alone`` why it is not compared with another's.
    """

    by: Literal["resamples", "folds", "halves", "nothing"]
    claim: Claim = "fitted"
    why: str = ""
    alone: str = ""


@dataclass(frozen=True)
class Asked:
    """What a fit is asked about some rows: which outputs, of how many classes, whether these are its own rows.

    Where they are not and it ``seen`` other ones (n, p), what it can say of its own rows alone is told by these.
    """

    outputs: Collection[Output]
    n_classes: int | None = None
    fitted: bool = False
    seen: Array | None = None


class Task(ABC):
    """What is learnt.

    Attributes
    ----------
    name : as a study file has it.
    outputs : what a fit says of events.
    own : those of them that need no fold to be honest, as no truth enters the fit: they are of the final fit.
    supervised : whether fits see the truth; then refits show how much the procedure varies.
    reads : the task of ours as whose target its target is read: classes, numbers, or classes that may be unknown.
    """

    name: ClassVar[str]
    outputs: ClassVar[tuple[Output, ...]]
    own: ClassVar[frozenset[Output]] = frozenset()
    supervised: ClassVar[bool] = True
    reads: ClassVar[Literal["classification", "regression", "clustering"]] = "regression"

    @abstractmethod
    def check(self, spec: Spec, data: Dataset) -> None:
        """Raise `InputError` for a study and events that cannot be of this task."""

    def unfit(self, data: Dataset, entry: Entry, n_train: int) -> str:
        """Return why a model cannot be fitted to ``n_train`` of the events, "" where it can."""
        return ""

    @abstractmethod
    def truth(self, data: Dataset, metric: Metric, rows: Array) -> Truth:
        """Return what ``metric`` holds predictions of ``rows`` against."""

    @abstractmethod
    def judged(self, metric: Metric, part: str, *, n_folds: int, claim: Claim) -> Judgement:
        """Return how a score of ``part`` is judged; ``claim`` is what the study wants to know of."""

    @abstractmethod
    def predict(self, estimator: Any, X: Array, asked: Asked) -> Predictions:
        """Return what a fitted recipe says of the rows ``X`` (n, p)."""

    @abstractmethod
    def columns(self, name: str, said: Predictions, meanings: Sequence[str]) -> dict[str, Array]:
        """Return the columns of ``predictions.parquet`` of the model ``name``.

        ``meanings`` are the names of classes, or of several targets.
        """

    def units(self, columns: Iterable[str], name: str, targets: Mapping[str, str | None]) -> dict[str, str]:
        """Return the units of the ``columns`` that `Task.columns` made of a model, by those of the targets."""
        return {}

    @abstractmethod
    def stored(self, table: Mapping[str, Array], name: str, meanings: Sequence[str]) -> Predictions:
        """Return the predictions that `columns` wrote."""


def whole_truth(data: Dataset, rows: Array) -> Truth:
    """Return the truth of a task whose every event has one."""
    assert data.y is not None
    groups = None if data.groups is None else data.groups[rows]
    if data.w is None:
        return Truth(data.y[rows], None, groups, data.n_samples / len(rows))
    w = data.w[rows]
    return Truth(data.y[rows], w, groups, float(data.w.sum() / w.sum()) if w.sum() > 0 else float("nan"))


def learnt(part: str, n_folds: int, claim: Claim) -> Judgement:
    """Return how a score of a supervised fit is judged."""
    if part == TRAIN:
        return Judgement("nothing", why="on the rows it was fitted to: no interval")
    if part != VALIDATION:
        return Judgement("resamples", claim)
    if n_folds > 1:
        return Judgement("folds", "procedure")
    return Judgement("resamples", alone="no interval: one validation set and no test set")


def numbers(table: Mapping[str, Array], name: str) -> Array:
    """Return a stored column as numbers."""
    return np.asarray(table[name], dtype=np.float64)
