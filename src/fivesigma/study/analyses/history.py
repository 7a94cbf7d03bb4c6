"""How networks were trained: losses of the kept ensemble, and over all fits which epochs were kept and what failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma.models.ensembles import Trained
from fivesigma.record.sections.history import Diverged, HistoryRecord, MemberHistory
from fivesigma.record.sections.section import named
from fivesigma.study.analyses.analysis import Analysis, Fitted, Found, Run
from fivesigma.study.fit.inside import networks_of
from fivesigma.study.plan import Entry, Fit
from fivesigma.study.registry.registry import kinds

Array = NDArray[Any]

MOST_EPOCHS = 200
"""Epochs that the record keeps of a training."""


def shown(n_epochs: int) -> Array:
    """Return the epochs, from 1, that are shown of ``n_epochs``: all, else half evenly and half evenly in log.

    >>> shown(3), len(shown(5000)) <= MOST_EPOCHS
    (array([1, 2, 3]), True)
    """
    if n_epochs <= MOST_EPOCHS:
        return np.arange(1, n_epochs + 1)
    half = MOST_EPOCHS // 2
    both = np.concatenate([np.linspace(1, n_epochs, half), np.geomspace(1, n_epochs, half)])
    return np.unique(np.round(both).astype(np.int64))


def recorded(networks: Sequence[Trained], targets: Sequence[str] = ()) -> HistoryRecord:
    """Return the record of an ensemble, those of several ``targets`` one after the other."""
    train, held = (_joined([each.history_[part] for each in networks]) for part in ("train", "validation"))
    failed = np.concatenate([each.failed_ for each in networks])
    chosen = np.concatenate([each.epoch_ for each in networks])
    done = (np.cumsum(~np.isnan(train), axis=1).argmax(axis=1) + 1) + _lost(train, failed)
    at = shown(int(done.max()))
    settings = _differing(networks, targets)
    return HistoryRecord(
        loss=str(getattr(networks[0], "loss_", "") or "loss"),
        most=train.shape[1],
        epochs=tuple(at.tolist()),
        members=tuple(
            MemberHistory(
                n_epochs=int(done[m]),
                epoch=None if failed[m] else int(chosen[m]),
                failed=bool(failed[m]),
                train=_losses(train[m, at - 1]),
                validation=None if np.isnan(held).all() else _losses(held[m, at - 1]),
                kept=None if failed[m] else _kept(train[m], held[m], int(chosen[m])),
                params={name: values[m] for name, values in settings.items()},
            )
            for m in range(len(train))
        ),
    )


def _joined(curves: Sequence[Array]) -> Array:
    """Return curves (M, epochs) below each other, the shorter ones with NaN behind them."""
    most = max(each.shape[1] for each in curves)
    wide = [np.pad(each, ((0, 0), (0, most - each.shape[1])), constant_values=np.nan) for each in curves]
    return np.where(np.isfinite(both := np.concatenate(wide)), both, np.nan)


def _lost(train: Array, failed: Array) -> Array:
    """Return 1 for a member whose last epoch has no finite loss, and so no place on its curve."""
    room = (~np.isnan(train)).any(axis=1)
    return np.where(failed & room, 1, 0)


def _losses(curve: Array) -> tuple[float | None, ...]:
    return tuple(float(f"{each:.6g}") if np.isfinite(each) else None for each in curve)


def _kept(train: Array, held: Array, epoch: int) -> float | None:
    """Return the loss at an epoch: of the rows held out, where there are any."""
    return _losses((train if np.isnan(held).all() else held)[epoch - 1 : epoch])[0]


def _differing(networks: Sequence[Any], targets: Sequence[str]) -> dict[str, list[Any]]:
    """Return by name what members differ in: the settings that are lists of one entry a member, and the target."""
    found: dict[str, list[Any]] = {}
    first = networks[0]
    if len(networks) > 1:
        found["target"] = [t for t, each in zip(targets, networks, strict=True) for _ in each.failed_]
    for name in ("hidden", "learning_rate", "weight_decay"):
        if each_own := _by_member(name, getattr(first, name, None), len(first.failed_)):
            found[name] = each_own * len(networks)
    return found


def _by_member(name: str, value: Any, n: int) -> list[Any]:
    """Return a setting of each of ``n`` members; [] of one that all share."""
    if not isinstance(value, list | tuple | np.ndarray) or len(value) != n:
        return []
    if name == "hidden" and not any(isinstance(each, list | tuple) for each in value):
        return []
    return [list(each) if isinstance(each, tuple) else each for each in value]


class History:
    """The training of the kept networks, and in short that of folds and refits."""

    name = "history"

    def wanted(self, entry: Entry, fit: Fit, shared: Mapping[str, Any]) -> Any | None:
        """Read off the kept model of any kind, and the folds and refits of kinds that are trained in epochs."""
        if fit.is_final:
            return {}
        known = kinds().get(entry.kind)
        trained = known is not None and "epochs" in known.parameters
        return {} if trained and not fit.params and fit.columns is None and not fit.seed else None

    def of_fit(self, fitted: Fitted, settings: Any) -> Mapping[str, Any]:
        """Return the document of the section; of a fit that is not kept the epochs and what failed; {} of others."""
        networks = networks_of(fitted.estimator)
        if not networks:
            return {}
        if fitted.fit.is_final:
            targets = fitted.data.meta.get("targets") or ()
            return dict(recorded(networks, targets).to_document())
        failed = np.concatenate([each.failed_ for each in networks])
        chosen = np.concatenate([each.epoch_ for each in networks])
        return {
            "epochs": chosen[~failed].astype(int).tolist(),
            "failed": (np.flatnonzero(failed) + 1).tolist(),
        }

    def record(self, found: Found, entry: Entry, run: Run) -> Mapping[str, Any]:
        """Return the section ``history``; {} of a model that is no network."""
        final = next((read for fit, read in found if fit.is_final), None)
        if not final:
            return {}
        others = [(fit, read) for fit, read in found if not fit.is_final]
        epochs = [epoch for _, read in others for epoch in read["epochs"]]
        spread = [int(np.quantile(epochs, q, method="lower")) for q in (0.0, 0.5, 1.0)] if epochs else None
        diverged = [
            Diverged(fit=str(fit.sample), members=tuple(read["failed"]))
            for fit, read in others
            if read["failed"]
        ]
        more = {"others": spread, "diverged": diverged or None, "n_fits": len(others)}
        kept = HistoryRecord.from_document({**final, **{k: v for k, v in more.items() if v is not None}})
        return named(kept)


ANALYSIS = Analysis("history", diagnostics=(History(),))
