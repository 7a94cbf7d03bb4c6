"""A fitted model of a run, applied to another table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from fivesigma.study.finished.result import load
from fivesigma.study.finished.written import refuse_other_suffix, write_table
from fivesigma.study.fit.prediction import each
from fivesigma.study.spec.document import Spec

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

    Returns
    -------
    dict : ``out``, ``model``, ``n_rows``, ``columns``; ``n_refused``, the rows without a prediction as a feature is
        missing and the study drops such rows; ``unknown``, how many values of each text column were not seen in
        training (they count as missing).

    Raises
    ------
    InputError, DataError
        A column is absent or text, a value infinite, or a file cannot be read or written.
    """
    one_of(format, FORMATS, "format")
    target = Path(out)
    refuse_other_suffix(target)
    if target.resolve() == Path(file).resolve():
        raise InputError(f"{target}: is the table to read; give another name to --out.")
    result = load(run)
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
    predicted = _predicted(str(name), fitted, made, whole, format, cut)
    _refuse_both(kept, predicted)
    written = kept | predicted
    write_table(target, written, _units(fitted, spec, file, kept, predicted))
    return {
        "out": str(target),
        "model": name,
        "n_rows": len(made),
        "n_refused": int((~whole).sum()),
        "unknown": unknown,
        "columns": list(written),
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
    return said | model.task.units(predicted, str(model.meta["name"]), model.target_units)


def _refuse_both(kept: Columns, predicted: Mapping[str, Any]) -> None:
    """Refuse to keep a column under the name of a prediction: one would be lost."""
    if both := sorted(set(kept) & set(predicted)):
        raise InputError(
            f"--keep {both[0]}: the prediction is called '{both[0]}' too; rename the column in the table, or leave "
            "it out."
        )


def _predicted(
    name: str,
    model: FittedModel,
    X: NDArray[np.float64],
    whole: NDArray[np.bool_],
    format: str,
    cut: float | None,
) -> dict[str, NDArray[Any]]:
    if model.clusters:
        return _clusters(name, model, X, whole, format, cut)
    if model.classes is None:
        if format not in ("both", "probability") or cut is not None:
            raise InputError(
                "a regression predicts values, neither classes nor probabilities; leave out the option."
            )
        return model.task.columns(
            name, each(model.said(X[whole]), lambda said: _spread(said, whole)), model.targets
        )
    classes = model.classes
    probability = np.full((len(X), len(classes)), np.nan)
    probability[whole] = model.predict_proba(X[whole])
    labels = decided(probability, classes, cut)
    if format == "kaggle":
        return {"RankOrder": rank(probability[:, -1]), "Class": labels}
    columns: dict[str, NDArray[Any]] = {}
    if format in ("both", "probability"):
        columns = {f"{name}:{label}": probability[:, k] for k, label in enumerate(classes)}
    return columns | ({name: labels} if format in ("both", "class") else {})


def _spread(values: NDArray[Any], whole: NDArray[np.bool_]) -> NDArray[Any]:
    """Return values of the rows that are ``whole`` as values of all rows, NaN elsewhere."""
    found = np.full((len(whole), *values.shape[1:]), np.nan)
    found[whole] = values
    return found


def _clusters(
    name: str,
    model: FittedModel,
    X: NDArray[np.float64],
    whole: NDArray[np.bool_],
    format: str,
    cut: float | None,
) -> dict[str, NDArray[Any]]:
    """Return the number of the cluster of each row (-1: none) and, where there are any, its probabilities."""
    if format == "kaggle" or cut is not None:
        raise InputError("a clustering has no signal to rank or to cut on; leave out the option.")
    columns: dict[str, NDArray[Any]] = {}
    if format in ("both", "probability") and model.can("predict_proba"):
        some = model.predict_proba(X[whole])
        probability = np.full((len(X), some.shape[1]), np.nan)
        probability[whole] = some
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
