"""The spread of the members of an ensemble, held against the error of their mean on events that it has not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fivesigma._core.random import generator
from fivesigma._core.threads import single_threaded
from fivesigma._core.weights import kish
from fivesigma.models.ensembles import Members
from fivesigma.record.sections.section import named
from fivesigma.record.sections.spread import MemberSpreadRecord
from fivesigma.risk import spread as risk
from fivesigma.study.analyses.analysis import Analysis, Experiment, Fitted, Found, Run
from fivesigma.study.evidence.calibrated import said_of
from fivesigma.study.evidence.evidence import Evidence
from fivesigma.study.fit.inside import model_of, pipeline_of
from fivesigma.study.fit.prediction import Output
from fivesigma.study.plan import Entry, Fit
from fivesigma.study.registry.registry import kinds
from fivesigma.study.tasks.task import TRAIN, VALIDATION

Array = NDArray[Any]
NAME = "spread"
FEWEST = 20
"""Effective events below which nothing is said."""
LAW = "law "


class Spreads:
    """How far the members of an ensemble are apart, on the rows that a fit is asked about and has not seen."""

    name = NAME

    def wanted(self, entry: Entry, fit: Fit, shared: Mapping[str, Any]) -> Any | None:
        """Read off the kept model of any kind, and the folds of kinds that are trained in epochs."""
        if fit.is_final:
            return {}
        known = kinds().get(entry.kind)
        trained = known is not None and "epochs" in known.parameters
        own = fit.sample.kind == "fold" and not (fit.sample.repeat or fit.params) and fit.columns is None
        return {} if trained and own else None

    def of_fit(self, fitted: Fitted, settings: Any) -> Mapping[str, Any]:
        """Return of each part the spread of the members (n,), and of a law its standard deviation; {} of others."""
        if fitted.data.n_targets > 1 or not isinstance(model_of(fitted.estimator), Members):
            return {}
        found: dict[str, Any] = {}
        for part, rows in fitted.asked.items():
            if part != TRAIN:
                found |= self._of_part(part, fitted.estimator, fitted.table(rows))
        return found

    def _of_part(self, part: str, estimator: Any, table: Array) -> dict[str, Any]:
        from fivesigma.models.laws import has_density

        pipeline = pipeline_of(estimator)
        table, model = (table if len(pipeline) < 2 else pipeline[:-1].transform(table)), model_of(estimator)
        with single_threaded():
            members = np.asarray(model.predict_members(table), dtype=np.float64)
            law = {LAW + part: np.asarray(model.predict_dist(table).std)} if has_density(model) else {}
        if len(members) < 2:
            return law
        return law | {part: _spread(members), "n_members": len(members)}

    def record(self, found: Found, entry: Entry, run: Run) -> Mapping[str, Any]:
        """Return nothing: what is read off is held against the truth first."""
        return {}


def _spread(members: Array) -> Array:
    """Return the standard deviation (n,) between members (M, n); of probabilities (M, n, K) √(½ Σ_k variance)."""
    variance = members.var(axis=0, ddof=1)
    return np.asarray(np.sqrt(variance if variance.ndim == 1 else 0.5 * variance.sum(axis=1)))


class Spread(Experiment):
    """Errors in bins of the spread, and pulls: on the first opened test, else fold by fold."""

    def of_model(self, found: Evidence, name: str) -> Mapping[str, Any]:
        """Return the section, named; {} of a model without members, and where events are few."""
        part = found.tests[0] if found.tests else VALIDATION
        spread = self._read(name, part, part)
        law = self._read(name, part, LAW + part)
        if (spread is None and law is None) or found.prepared.data.several:
            return {}
        truth, said = said_of(found, part, name)
        if not said or kish(np.ones(len(truth.y)) if truth.w is None else truth.w) < FEWEST:
            return {}
        rng = generator(found.prepared.spec.study.seed, NAME, name)
        judged = risk.Events(truth.w, truth.groups, rng)
        spreads = [None if each is None else each[truth.counts] for each in (spread, law)]
        n = self._n_members(name)
        if Output.PROBABILITY in said:
            return named(_of_probabilities(part, n, (truth.y, said[Output.PROBABILITY]), spreads[0], judged))
        return named(_of_values(part, n, truth.y - said[Output.VALUE], spreads, judged))

    def _read(self, name: str, part: str, key: str) -> Array | None:
        """Return what was read off: of a test by the final fit, of training rows by the folds that held them out."""
        fits = self.run.lineup[name]
        if part != VALIDATION:
            return (self.run.found(fits[0], NAME) or {}).get(key)
        data = self.run.prepared.fit_data
        whole = np.full(len(data.train), np.nan)
        for fit in fits:
            if NAME in fit.wanted and fit.sample.kind == "fold":
                read = (self.run.found(fit, NAME) or {}).get(key)
                if read is None:
                    return None
                whole[data.held(fit.sample)] = read
        return None if np.isnan(whole).all() else whole

    def _n_members(self, name: str) -> int:
        every = [self.run.found(fit, NAME) or {} for fit in self.run.lineup[name] if NAME in fit.wanted]
        return int(max((each.get("n_members", 1) for each in every), default=1))


def _of_values(
    part: str, n: int, residual: Array, spreads: list[Array | None], judged: risk.Events
) -> MemberSpreadRecord | None:
    members, law = spreads
    bins = () if members is None else risk.bins(members, residual**2, members**2, judged)
    expected = {"members": risk.width_of_members(n) if n > 1 else 1.0, "law": 1.0}
    found = [
        (word, risk.pulls(residual, sigma, expected[word], judged))
        for word, sigma in (("members", members), ("law", law))
        if sigma is not None
    ]
    pulls = [_pulls(word, each) for word, each in found if each is not None]
    return _recorded(part, n, "value", bins, pulls) if bins or pulls else None


def _of_probabilities(
    part: str, n: int, of: tuple[Array, Array], spread: Array | None, judged: risk.Events
) -> MemberSpreadRecord | None:
    if spread is None:
        return None
    y, p = of
    squared = 0.5 * ((np.eye(p.shape[1])[y] - p) ** 2).sum(axis=1)
    stated = 0.5 * (p * (1.0 - p)).sum(axis=1)
    return _recorded(part, n, "probability", risk.bins(spread, squared, stated, judged, stated), [])


def _pulls(sigma: str, found: risk.Pulls) -> dict[str, Any]:
    return {"sigma": sigma, "edges": risk.EDGES, **asdict(found)}


def _recorded(
    part: str, n: int, what: str, bins: tuple[risk.SpreadBin, ...], pulls: list[dict[str, Any]]
) -> MemberSpreadRecord:
    document = {"part": part, "n_members": n, "what": what, "bins": [asdict(each) for each in bins]}
    return MemberSpreadRecord.from_document(document | ({"pulls": pulls} if pulls else {}))


ANALYSIS = Analysis(NAME, diagnostics=(Spreads(),), experiment=Spread)
