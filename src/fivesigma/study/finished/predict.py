"""A fitted model of a run, applied to another table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core import columns as kinds
from fivesigma._core.errors import InputError, one_of
from fivesigma.data import shape, tables
from fivesigma.data.tables import Columns
from fivesigma.record.store import RunFolder
from fivesigma.study.finished.fitted_model import FittedModel
from fivesigma.study.finished.other_table import OtherTable, format_like
from fivesigma.study.finished.predicted_errors import PredictedErrors
from fivesigma.study.finished.result import load
from fivesigma.study.finished.written import read_by, refuse_other_suffix, refuse_taken, write_table
from fivesigma.study.fit.prediction import Output, Predictions, each
from fivesigma.study.spec.document import Spec

_ENDS = ("low", "high")
FORMATS = ("both", "probability", "class", "kaggle")
"""What is written of a classifier: probabilities, labels, both, or a rank and a label as in HiggsML."""


def predict(
    run: str | Path,
    file: str | Path,
    out: str | Path,
    *,
    model: str | None = None,
    keep: Sequence[str] = (),
    format: str = "both",
    cut: float | None = None,
    level: float | None = None,
) -> dict[str, Any]:
    """Apply a model of ``run`` to the table ``file`` and write ``out``.

    Parameters
    ----------
    run : str or Path
        A finished run folder.
    file : str or Path
        The table; it has the columns the model was trained on. Neither target nor weight is needed.
    out : str or Path
        ``.csv``, ``.parquet``, ``.root``, ``.fits`` or ``.h5``.
    model : str, optional
        The model's name; default: the best by validation.
    keep : sequence of str
        Columns of ``file`` to copy, such as an event id.
    format : str
        ``"probability"`` (one column ``NAME:CLASS`` for each class), ``"class"`` (the label), ``"both"``, or
        ``"kaggle"`` (``RankOrder``, the most signal-like last, and ``Class``). A regression has values only.
    cut : float, optional
        In a binary task the label is the signal where its probability exceeds this; default: the likeliest.
    level : float, optional
        Of the error beside each prediction, ``NAME:low`` and ``NAME:high``, or ``NAME:CLASS:low``; default: 0.68. One
        that is asked for and cannot be had is refused, the default one left out.

    Returns
    -------
    dict : ``out``, ``model``, ``n_rows``, ``columns``; ``n_refused``, the rows without a prediction as a feature is
        missing and the study drops such rows; ``unknown``, how many values of each text column were not seen in
        training (they count as missing); ``interval``, what low and high are (``kind``, ``level``), or None and in
        ``no_interval`` why; ``outside``, how many events lie outside of the training range (``n``, ``share``, and by
        column ``columns``), which the column ``NAME:outside`` marks by their distance in standard deviations.

    Raises
    ------
    InputError, DataError
        A column is absent or text, a value infinite, or a file cannot be read or written.
    """
    one_of(format, FORMATS, "format")
    target = Path(out)
    refuse_other_suffix(target)
    result = load(run)
    refuse_taken(target, [file, *read_by(Spec.read(RunFolder(result.path).study))])
    name = model if model is not None else result.results.best
    fitted: FittedModel = result.best if name is None else result.model(name)
    spec = Spec.read(RunFolder(result.path).study)
    table = OtherTable.read(fitted, spec, file, keep)
    kept = {each: table.column(each) for each in keep}
    if target.suffix != ".csv":
        kept = {each: kinds.typed(column) for each, column in kept.items()}
    made, unknown = table.features
    whole = np.ones(len(made), dtype=np.bool_)
    if spec.features.missing == "drop":
        whole &= ~shape.incomplete(made, shape.members(made, fitted.events))
    made = (
        made if fitted.image is None else fitted.columns(made)
    )  # measured once for all that is said of them
    asked = _Asked(str(name), format, cut, level)
    predicted, told = _predicted(asked, fitted, made, whole)
    _refuse_both(kept, predicted)
    written = kept | predicted
    notes = (
        {} if told["interval"] is None else {"interval": "{kind}, level {level:g}".format(**told["interval"])}
    )
    write_table(target, written, _units(fitted, spec, file, kept, predicted), notes)
    return {
        "out": str(target),
        "model": name,
        "n_rows": len(made),
        "n_refused": int((~whole).sum()),
        "unknown": unknown,
        "columns": list(written),
        **told,
    }


def _units(
    model: FittedModel, spec: Spec, file: str | Path, kept: Columns, predicted: Columns
) -> dict[str, str]:
    """Return the units of what is written: those that the table says of its own, and those of the targets."""
    said = {
        column: unit
        for column, unit in tables.read_units(file, format_like(spec, file)).items()
        if column in kept
    }
    name = str(model.meta["name"])
    of_target = [column for column in predicted if not column.startswith(f"{name}:outside")]
    return said | model.task.units(of_target, name, model.target_units)


def _refuse_both(kept: Columns, predicted: Mapping[str, Any]) -> None:
    """Refuse to keep a column under the name of a prediction: one would be lost."""
    if both := sorted(set(kept) & set(predicted)):
        raise InputError(
            f"--keep {both[0]}: the prediction is called '{both[0]}' too; rename the column in the table, or leave "
            "it out."
        )


@dataclass(frozen=True)
class _Asked:
    """What is asked of a model: how its columns are called, which of them, at which cut and level."""

    name: str
    format: str
    cut: float | None
    level: float | None

    @property
    def with_errors(self) -> bool:
        """Whether what is asked for has errors: a label or a rank has none."""
        return self.format in ("both", "probability")


def _predicted(
    asked: _Asked, model: FittedModel, X: NDArray[np.float64], whole: NDArray[np.bool_]
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the columns that are predicted, and what is told of their errors."""
    if model.clusters:
        return _clustered(asked, model, X, whole)
    said = model.said(X[whole])
    if model.classes is not None:
        said = {Output.PROBABILITY: model.predict_proba(X[whole])}
    errors = PredictedErrors(model, X[whole], said, asked.level)
    made = _values if model.classes is None else _classes
    columns = made(asked, model, each(errors.honest, lambda values: _spread(values, whole)))
    if asked.with_errors:
        columns = _with_errors(columns, asked.name, model, errors, whole)
    elif asked.level is not None:
        raise InputError(
            f"a {'rank' if asked.format == 'kaggle' else 'class'} has no error; leave out --level."
        )
    return columns, errors.document(written=asked.with_errors)


def _values(asked: _Asked, model: FittedModel, said: Predictions) -> dict[str, NDArray[Any]]:
    if asked.format not in ("both", "probability") or asked.cut is not None:
        raise InputError(
            "a regression predicts values, neither classes nor probabilities; leave out the option."
        )
    return model.task.columns(asked.name, said, model.targets)


def _classes(asked: _Asked, model: FittedModel, said: Predictions) -> dict[str, NDArray[Any]]:
    assert model.classes is not None
    probability = said[Output.PROBABILITY]
    labels = decided(probability, model.classes, asked.cut)
    if asked.format == "kaggle":
        return {"RankOrder": rank(probability[:, -1]), "Class": labels}
    columns: dict[str, NDArray[Any]] = {}
    if asked.format in ("both", "probability"):
        columns = model.task.columns(asked.name, said, model.classes)
    return columns | ({asked.name: labels} if asked.format in ("both", "class") else {})


def _with_errors(
    columns: Mapping[str, NDArray[Any]],
    name: str,
    model: FittedModel,
    errors: PredictedErrors,
    whole: NDArray[np.bool_],
) -> dict[str, NDArray[Any]]:
    """Return columns with ``:low`` and ``:high`` after each prediction, and how far its event lies outside."""
    meanings = model.classes or model.targets
    begins = [f"{name}:{each}" for each in meanings] or [name]
    found, ends = dict(columns), errors.ends
    if ends is not None:
        ends = _spread(ends.reshape(len(ends), -1, 2), whole)
        added = {f"{begin}:{_ENDS[k]}": ends[:, j, k] for j, begin in enumerate(begins) for k in range(2)}
        found = {}
        for column, values in columns.items():
            found[column] = values
            found |= {each: added[each] for end in _ENDS if (each := f"{column}:{end}") in added}
    return found if errors.known is None else found | {_outside(name, found): _spread(errors.far, whole)}


def _outside(name: str, columns: Mapping[str, Any]) -> str:
    """Return the name of the column of distances; another where a class or a target is called so."""
    return f"{name}:outside" if f"{name}:outside" not in columns else f"{name}:outside the training range"


def _spread(values: NDArray[Any], whole: NDArray[np.bool_]) -> NDArray[Any]:
    """Return values of the rows that are ``whole`` as values of all rows, NaN elsewhere."""
    found = np.full((len(whole), *values.shape[1:]), np.nan)
    found[whole] = values
    return found


def _clustered(
    asked: _Asked, model: FittedModel, X: NDArray[np.float64], whole: NDArray[np.bool_]
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    if asked.format == "kaggle" or asked.cut is not None:
        raise InputError("a clustering has no signal to rank or to cut on; leave out the option.")
    if asked.level is not None:
        raise InputError("a clustering has no truth that its labels could be off from; leave out --level.")
    errors = PredictedErrors(model, X[whole], {})
    columns = _clusters(asked.name, model, X, whole, asked.format)
    if asked.with_errors:
        columns = _with_errors(columns, asked.name, model, errors, whole)
    return columns, errors.document(written=asked.with_errors)


def _clusters(
    name: str, model: FittedModel, X: NDArray[np.float64], whole: NDArray[np.bool_], format: str
) -> dict[str, NDArray[Any]]:
    """Return the number of the cluster of each row (-1: none) and, where there are any, its probabilities."""
    columns: dict[str, NDArray[Any]] = {}
    if format in ("both", "probability") and model.can("predict_proba"):
        probability = _spread(model.predict_proba(X[whole]), whole)
        columns = {f"{name}:{k}": values for k, values in enumerate(probability.T)}
    if format in ("both", "class") or not columns:
        labels = np.full(len(X), -1, dtype=np.int64)
        labels[whole] = model.predict(X[whole])
        columns |= {name: labels}
    return columns


def decided(probability: NDArray[np.float64], classes: Sequence[str], cut: float | None) -> NDArray[Any]:
    """Return a label for each row of ``probability`` (n, K); None where it is not known.

    >>> decided(np.array([[0.3, 0.7], [0.6, 0.4]]), ["b", "s"], 0.8).tolist()
    ['b', 'b']
    """
    if cut is not None and len(classes) != 2:
        raise InputError(f"a cut needs two classes, and the model has {len(classes)}; leave out --cut.")
    if cut is not None and not 0 <= cut <= 1:
        raise InputError(f"cut = {cut} is not a probability; expected a number from 0 to 1.")
    known = ~np.isnan(probability).any(axis=1)
    best = (
        np.nan_to_num(probability).argmax(axis=1) if cut is None else (probability[:, -1] > cut).astype(int)
    )
    labels: NDArray[Any] = np.array(classes, dtype=object)[best]
    labels[~known] = None
    return labels


def rank(score: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return 1 for the least and n for the most signal-like row; ties in order, unknown ones first.

    >>> rank(np.array([0.2, 0.9, 0.5])).tolist()
    [1, 3, 2]
    """
    order = np.argsort(np.nan_to_num(score, nan=-np.inf), kind="stable")
    places = np.empty(len(score), dtype=np.int64)
    places[order] = np.arange(1, len(score) + 1)
    return places
