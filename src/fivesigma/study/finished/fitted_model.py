"""A fitted model with the meaning of its columns: what ``fs.load_model`` and ``Result.best`` give."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fivesigma._core import checks
from fivesigma._core import columns as kinds
from fivesigma._core.counts import counted
from fivesigma._core.errors import InputError, did_you_mean
from fivesigma._core.kinematics import wrapped
from fivesigma.data import frames, shape
from fivesigma.data.dataset import Dataset
from fivesigma.features.images.plan import ImageFeatures
from fivesigma.record import models
from fivesigma.risk.conformal import STATED, ConformalIntervals
from fivesigma.risk.extrapolation import distance
from fivesigma.risk.predictive import LEVELS
from fivesigma.study.finished.answers import answer, check_document, tried
from fivesigma.study.finished.kept_errors import errors_of
from fivesigma.study.finished.predicted_law import PredictedLaw
from fivesigma.study.fit.intervals import with_intervals
from fivesigma.study.fit.prediction import Output, Predictions
from fivesigma.study.fit.uncertainty import Uncertainty, no_errors
from fivesigma.study.tasks.registry import task
from fivesigma.study.tasks.task import Asked, Task

_MOST_SHOWN = 12
"""Columns that a model shows in a notebook."""


@dataclass(frozen=True, eq=False, repr=False)
class FittedModel:
    """A model of a finished run.

    Attributes
    ----------
    estimator : the fitted scikit-learn pipeline; it takes the columns ``names`` in their order.
    meta : kind, parameters, names, units and categories of the columns, classes, versions, data hash.
    path : the file that it was loaded from, where there is one.
    """

    estimator: Any
    meta: Mapping[str, Any]
    path: Path | None = None

    @cached_property
    def errors(self) -> Uncertainty | None:
        """What its predictions are uncertain by; None of a model that left its run without it."""
        return None if self.path is None else errors_of(self.path, self.meta)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that the model takes."""
        return tuple(self.meta["names"])

    @property
    def events(self) -> str:
        """What an event is: "table" for a row of one, "image", "sequence" or "set"."""
        return str(self.meta.get("events", "table"))

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The class labels in the order of the probabilities; None for a regression."""
        found = self.meta["classes"]
        return None if found is None else tuple(found)

    def __repr__(self) -> str:
        return (
            f"<{self.meta['kind']} '{self.meta['name']}': {self._aim}, {counted(len(self.names), 'column')}>"
        )

    @property
    def _aim(self) -> str:
        of = f" of {', '.join(self.targets) or self.meta['target']}" if self.meta["target"] else ""
        return f"{self.meta['task']}{of}"

    def _repr_html_(self) -> str:
        rows = {
            "model": f"{self.meta['name']} ({self.meta['kind']})",
            "what": self._aim,
            "classes": ", ".join(self.classes or ()),
            "columns": ", ".join(self.names[:_MOST_SHOWN]) + (", …" if len(self.names) > _MOST_SHOWN else ""),
            "settings": ", ".join(f"{key} = {value}" for key, value in self.meta["params"].items()),
        }
        shown = "".join(
            f"<tr><th>{word}</th><td>{html.escape(text)}</td></tr>" for word, text in rows.items() if text
        )
        return f"<table><tbody>{shown}</tbody></table>"

    def columns(self, X: ArrayLike | Dataset) -> NDArray[np.float64]:
        """Return ``X`` as (n_samples, n_features) in the model's own columns, or as (n_samples, \\*shape) its images,
        sequences or sets (NaN in every feature of a member that is not there).

        A `Dataset` and a pandas, polars or arrow table are matched by name, in whatever order their columns stand,
        and read as the training table was: text as the codes of its labels there (an unknown one is missing). An
        array has the model's columns in their order, as numbers, and so has a table whose columns are only numbered.
        Of a model of image features they are the features (n_samples, n_features) of images (n_samples, \\*shape).

        Raises
        ------
        InputError, WrongTypeError
            In one sentence, where a column is absent, text where numbers were, or holds an infinite value.
        """
        if self.events != "table":
            return self._of_arrays(X)
        if isinstance(X, Dataset):
            table = self._of_dataset(X)
        elif self._is_named(X):
            table = self._of_frame(X)
        else:
            table = checks.as_table(X)
        return self._wrapped(self._as_columns(table))

    def _as_columns(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return a table that has the model's columns; refused where it has not."""
        if table.ndim != 2 or table.shape[1] != len(self.names):
            raise InputError(
                f"X has shape {table.shape}; expected (n, {len(self.names)}), the columns {', '.join(self.names)}."
            )
        checks.refuse_infinite(table, self.names)
        return table

    def _of_arrays(self, X: ArrayLike | Dataset) -> NDArray[np.float64]:
        """Return events that are no table as the model takes them, or the table of its features of them."""
        if self.image is None:
            return self.arrays(X)
        if not isinstance(X, Dataset) and np.ndim(X) == 2:  # the features themselves
            return self._as_columns(checks.as_table(X))
        names = {name: j for j, name in enumerate(self.image.names)}
        return self.image.table(self.arrays(X), [names[name] for name in self.names])

    def arrays(self, X: ArrayLike | Dataset) -> NDArray[np.float64]:
        """Return images, sequences or sets (n_samples, \\*shape) as training had them."""
        trained = shape.as_trained(
            self._of_dataset(X) if isinstance(X, Dataset) else checks.as_table(X),
            self.events,
            self.meta["shape"],
        )
        shape.refuse_infinite(trained, self.channels, self.events, None)
        self._refuse_gaps(trained)
        return trained

    def _refuse_gaps(self, X: NDArray[np.float64]) -> None:
        """Refuse images and sequences with gaps, where the model takes them as they are and its kind takes no gaps."""
        from fivesigma.study.registry.registry import kinds as known

        able = known().get(str(self.meta.get("kind")))
        if self.events == "set" or self.image is not None or able is None or able.native_nan:
            return
        shape.refuse_gaps(X, self.events, str(self.meta.get("name")))

    @cached_property
    def image(self) -> ImageFeatures | None:
        """The features of images that are its columns; None where it takes events as they are."""
        kept = self.meta.get("image")
        if kept is None:
            return None
        return ImageFeatures(tuple(kept["families"]), tuple(kept["channels"]), tuple(self.meta["shape"][1:]))

    @property
    def takes(self) -> str:
        """What `columns` gives of an event: a row of a table, where its columns are features of images."""
        return self.events if self.image is None else "table"

    @property
    def _form(self) -> str:
        """How its events stand in an array, for a sentence; "" of a table."""
        kept = self.meta.get("shape")
        return f", (n, {', '.join(map(str, kept))})" if kept and self.events != "table" else ""

    @property
    def channels(self) -> tuple[str, ...]:
        """What it is asked about: its columns, or the channels of the images of which these are features."""
        return self.names if self.image is None else self.image.channels

    def _wrapped(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return columns (n, p) with angles as training had them: a turn more is no other angle."""
        if not self.angles:
            return table
        table = np.array(table, dtype=np.float64)
        for i, name in enumerate(self.names):
            if name in self.angles:
                table[:, i] = wrapped(table[:, i], self.angles[name])
        return table

    def _is_named(self, X: Any) -> bool:
        """Whether ``X`` is a table whose columns have names; those of pandas that are numbered have none."""
        names = list(getattr(X, "columns", ()))
        numbered = all(isinstance(name, (int, np.integer)) for name in names)
        return len(names) > 0 and (not numbered or {str(name) for name in names} >= set(self.names))

    def _of_dataset(self, data: Dataset) -> NDArray[np.float64]:
        if data.kind != self.events:
            raise InputError(
                f"the events are of kind '{data.kind}'; the model was trained on '{self.events}'{self._form}."
            )
        if self.events != "table" and set(self.channels) - set(data.names):
            raise InputError(
                f"the events have {_named(data.names)}; the model was trained on {_named(self.channels)}{self._form}."
            )
        X = np.array(shape.marked(data.with_features(self.channels).X, data.mask), dtype=np.float64)
        for i, name in enumerate(self.channels):
            labels, own = self.labels(name), data.categories.get(name)
            if (labels is None) != (own is None):
                was, now = ("numbers", "text") if labels is None else ("text", "numbers")
                raise InputError(
                    f"the column {name!r} was {was} in training and is {now} here; write it as it was, or use "
                    "`fivesigma predict`, which reads a table as training did."
                )
            if labels is not None and own is not None and own != labels:
                X[:, i] = recoded(X[:, i], own, labels)
        return X

    def _of_frame(self, frame: Any) -> NDArray[np.float64]:
        given = frames.columns(frame)
        for name in self.names:
            if name not in given:
                raise InputError(
                    f"the table has no column {name!r}; the model needs it.{did_you_mean(name, given)}"
                )
        return np.column_stack([self.feature(name, self.as_read(name, given[name])) for name in self.names])

    def labels(self, name: str) -> tuple[str, ...] | None:
        """Return the labels of a text column in the order of their codes; None for numbers."""
        found = self.meta["categories"].get(name)
        return None if found is None else tuple(found)

    @property
    def read(self) -> Mapping[str, Mapping[str, Any]]:
        """How each column of the training table was read, by name (not known of models of older versions)."""
        found: Mapping[str, Mapping[str, Any]] = self.meta.get("columns", {})
        return found

    def as_read(self, name: str, column: NDArray[Any]) -> NDArray[Any]:
        """Return a column of another table as it would have been read in training, codes for missing values gone.

        Raises
        ------
        InputError
            If it holds something else than in training.
        """
        how = self.read.get(name, {})
        try:
            found = kinds.read_as(column, how["read"]) if how else column
        except InputError as error:
            raise InputError(f"the column {name!r} {error}, as in training; mend the table.") from None
        return kinds.blanked(found, how.get("missing", ()))

    def feature(self, name: str, column: NDArray[Any]) -> NDArray[np.float64]:
        """Return a column as the numbers that the model takes: text as codes, NaN for a label it has not seen."""
        labels = self.labels(name)
        if labels is not None:
            return coded(column, labels)
        if kinds.is_text(column) and not kinds.missing(column).all():
            raise InputError(f"the column {name!r} holds text; the model was trained on numbers.")
        return kinds.numbers(column)

    @property
    def angles(self) -> Mapping[str, float]:
        """Half the period of each column that is an angle, by name."""
        found: Mapping[str, float] = self.meta.get("angles", {})
        return found

    @property
    def _values(self) -> tuple[int, ...]:
        """The shape of what is predicted of one event: a number, or one a target."""
        return (len(self.targets),) if self.targets else ()

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of several targets, in the order of the values; () of one."""
        return tuple(self.meta.get("targets", ()))

    @property
    def target_units(self) -> dict[str, str | None]:
        """The unit of each target that has one, by its name; None where it has none or a run kept none."""
        known: Mapping[str, str] = self.meta.get("target_units", {})
        return {name: known.get(name) for name in self.targets or (str(self.meta["target"]),)}

    @property
    def task(self) -> Task:
        """What was learnt."""
        return task(str(self.meta["task"]))

    @property
    def clusters(self) -> bool:
        """Whether this is a clustering, whose predictions are numbers of clusters."""
        return not self.task.supervised

    def can(self, answer: str) -> bool:
        """Whether a clustering can say ``answer`` (predict, predict_proba, score_samples) of new events."""
        return bool(self.estimator.steps[-1][1].can(answer))

    def predict_proba(self, X: ArrayLike | Dataset) -> NDArray[np.float64]:
        """Return the probabilities, (n_samples, n_classes), or those of the clusters."""
        from fivesigma.study.fit import recipe

        if self.clusters:
            K = int(self.estimator.steps[-1][1].n_clusters_)
            return self._said("predict_proba", X, shapes=[(K,)], shares=True)
        if self.classes is None:
            raise InputError("this model is a regression and has no probabilities; use predict.")
        table, K = self.columns(X), len(self.classes)
        return self._answer(
            table, lambda: recipe.predict(self.estimator, table, K), shapes=[(K,)], shares=True
        )

    def predict_law(self, X: ArrayLike | Dataset) -> PredictedLaw:
        """Return the law of each prediction of a regression: value, quantiles, density, draws (`PredictedLaw`).

        Raises
        ------
        InputError
            For a model without a law: of classes, of clusters, or of values alone.
        """
        name = self.meta["name"]
        if self.clusters:
            raise InputError(f"'{name}' is a clustering and has no law; use predict or predict_proba.")
        if self.classes is not None:
            raise InputError("this model has classes, whose law is their probabilities; use predict_proba.")
        table = self.columns(X)
        found = self._answer(
            table, lambda: self._law(table), shapes=[self._values, (*self._values, 1 + len(LEVELS))]
        )
        if found.shape == (len(table), *self._values):
            raise InputError(
                f"'{name}' ({self.meta['kind']}) predicts values and has no law; use predict_interval, whose intervals "
                "are of its errors on events held out, or a model with a law: natural-gradient, quantile-forest."
            )
        return PredictedLaw(found[..., 0], found[..., 1:])

    def _law(self, table: NDArray[Any]) -> NDArray[np.float64]:
        said = self.said(table)
        if Output.LAW not in said:
            return said[Output.VALUE]
        return np.concatenate([said[Output.VALUE][..., None], said[Output.LAW]], axis=-1)

    def said(self, X: ArrayLike | Dataset) -> Predictions:
        """Return all that the model says of ``X``, by output."""
        n_classes = None if self.classes is None else len(self.classes)
        table, asked = self.columns(X), Asked(self.task.outputs, n_classes)
        return tried(
            str(self.meta["name"]),
            lambda: with_intervals(self.task.predict(self.estimator, table, asked), self.intervals),
        )

    @property
    def intervals(self) -> tuple[ConformalIntervals, ...]:
        """How its predictive intervals are made, one entry a target; () without a law, and of older versions."""
        return tuple(ConformalIntervals.from_document(each) for each in self.meta.get("intervals", ()))

    def predict_interval(
        self, X: ArrayLike | Dataset, level: float = 0.95
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return low and high of each prediction, (n_samples,), or (n_samples, m) of m targets or classes.

        Of a regression they are the ends of an interval that holds the target of a share ``level`` of events, of a
        classification those of the band in which the calibrated probability lies with that confidence. Beyond the range
        of the training events both are moved outward (docs/command-line.md).

        Raises
        ------
        InputError
            For a clustering, a level that too few events (groups) were held out for, or a model without its run.
        """
        table = self.columns(X)
        errors = self.errors
        if errors is None:
            return self._interval_alone(table, level)
        if why := errors.why_not(level):
            raise no_errors(str(self.meta["name"]), level, why)
        far = distance(errors.beyond(table, self.takes))
        ends = errors.ends(self.said(table), level, far)
        return ends[..., 0], ends[..., 1]

    def _interval_alone(
        self, table: NDArray[np.float64], level: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the intervals of a law that a model file alone knows, at the levels that every run states."""
        at = next((j for j, stated in enumerate(STATED) if abs(stated - level) < 1e-3), None)
        if not self.intervals or at is None or any(each.reaches[at] is None for each in self.intervals):
            raise InputError(
                f"'{self.meta['name']}' has left its run without what its errors at level {level:g} are made of; "
                "load it from the run folder, or copy the file .errors.json beside it."
            )
        ends = self.said(table)[Output.INTERVAL]
        return ends[..., at, 0], ends[..., at, 1]

    def predict(self, X: ArrayLike | Dataset) -> NDArray[Any]:
        """Return class labels, values of a regression in the unit of the target, or clusters from 0, (n_samples,)."""
        from fivesigma.study.fit import recipe

        if self.clusters:
            return self._said("predict", X).astype(np.int64)
        if self.classes is None:
            table = self.columns(X)
            return self._answer(table, lambda: recipe.predict(self.estimator, table), shapes=[self._values])
        labels: NDArray[Any] = np.take(np.array(self.classes), self.predict_proba(X).argmax(axis=1))
        return labels

    def _answer(
        self,
        table: NDArray[Any],
        ask: Callable[[], Any],
        *,
        shapes: Sequence[tuple[int, ...]] = ((),),
        shares: bool = False,
    ) -> NDArray[Any]:
        return answer(str(self.meta["name"]), table, ask, shapes=shapes, shares=shares)

    def _said(
        self,
        answer: str,
        X: ArrayLike | Dataset,
        *,
        shapes: Sequence[tuple[int, ...]] = ((),),
        shares: bool = False,
    ) -> NDArray[Any]:
        """Ask the clustering at the end of the pipeline; one that labels its own events only refuses in a sentence."""
        from fivesigma.study.tasks.clustering import before

        if not self.can(answer):
            raise InputError(
                f"'{self.meta['name']}' ({self.meta['kind']}) clusters the events it is fitted to and cannot {answer} "
                "others; choose a mixture or k-means."
            )
        table, clusterer = self.columns(X), self.estimator.steps[-1][1]
        return self._answer(
            table,
            lambda: getattr(clusterer, answer)(before(self.estimator, table)),
            shapes=shapes,
            shares=shares,
        )


def coded(column: NDArray[Any], labels: Sequence[str]) -> NDArray[np.float64]:
    """Return the code of each word (n,) among ``labels``, NaN for one that is not there.

    Where the labels are truth values, their case does not matter.

    >>> coded(np.array(["b", "x", None], dtype=object), ["a", "b"])
    array([ 1., nan, nan])
    >>> coded(np.array([True]), ["false", "true"])
    array([1.])
    """
    truths = all(label.lower() in kinds.TRUTHS for label in labels)
    code = {label.lower() if truths else label: float(number) for number, label in enumerate(labels)}
    said = kinds.words(column)
    return np.array(
        [np.nan if word is None else code.get(word.lower() if truths else word, np.nan) for word in said]
    )


def recoded(codes: NDArray[np.float64], own: Sequence[str], labels: Sequence[str]) -> NDArray[np.float64]:
    """Return ``codes`` of the labels ``own`` as codes of ``labels``.

    >>> recoded(np.array([0.0, 1.0, np.nan]), ["b", "x"], ["a", "b"])
    array([ 1., nan, nan])
    """
    table = np.append(coded(kinds.objects(own), labels), np.nan)
    return np.asarray(table[np.where(np.isnan(codes), len(own), codes).astype(np.int64)])


def _named(channels: Sequence[str]) -> str:
    """Return channels in words, of many the first ones."""
    more = ", …" if len(channels) > _MOST_SHOWN else ""
    return f"{counted(len(channels), 'channel')} ({', '.join(channels[:_MOST_SHOWN])}{more})"


def load(path: str | Path) -> FittedModel:
    """Load a model that a run has saved; nothing in the file is executed.

    Raises
    ------
    DataError
        For a file that is absent, changed by a single byte, holds a name that is not in the table, or a state that no
        fit leaves.
    """
    from fivesigma.models.states import check_state
    from fivesigma.study.registry.registry import TRUSTED

    saved = models.load(Path(path), trusted=TRUSTED, check=check_state)
    check_document(Path(path), saved.meta, saved.estimator)
    return FittedModel(saved.estimator, saved.meta, Path(path))
