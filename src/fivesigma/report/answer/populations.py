"""How many populations there are, what says so, and where they lie."""

from __future__ import annotations

from collections.abc import Sequence

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.mixture import MixtureRecord, Order
from fivesigma.report.answer.answer import Answer
from fivesigma.report.answer.phrases import begun, in_words, joined, quoted, significance, with_unit
from fivesigma.report.criteria import CRITERIA, Rows, known, preferred, series
from fivesigma.report.rounding import compact, count, plain_number
from fivesigma.report.section import View, metric_name
from fivesigma.report.text import clean

Clustering = tuple[ModelRecord, MixtureRecord]
_MOST = 6
"""Populations that a sentence tells one by one."""
_MOST_COLUMNS = 2
_HALF_WIDTHS = 2 * 1.959964
"""Standard errors in a 95 % interval."""


def _sentence(view: View) -> str:
    found = _numbers(view)
    if not found:
        return _told(view)
    number = next(iter(found.values()))[0]
    shown = _shown(view, number)
    head = begun(_number(view, found))
    if shown is None:
        return f"{head}."
    return f"{head}: {_described(view, shown, number)}."


def _numbers(view: View) -> dict[str, tuple[int, bool]]:
    """By criterion the number it prefers, and whether that is the largest tried: of the method that tried most."""
    found = {}
    for key in CRITERIA:
        rows = _widest(series(view), key)
        number = preferred(rows, key)
        if number is not None:
            found[key] = number, number == max(K for K, _ in known(rows, key))
    return found


def _widest(every: Rows, key: str) -> Sequence[Order]:
    return max(every.values(), key=lambda rows: len(known(rows, key)), default=[])


def _number(view: View, found: dict[str, tuple[int, bool]]) -> str:
    """The number of populations, and who says it; where criteria differ, that they do."""
    by: dict[int, list[str]] = {}
    for key, (number, _) in found.items():
        by.setdefault(number, []).append(CRITERIA[key])
    last = {number for number, at_end in found.values() if at_end}
    (first, says), *others = by.items()
    many = f"{in_words(first)} population{'s' * (first != 1)}{_most(first, last)}"
    if not others:
        alike = " alike" if len(says) > 1 else ""
        return f"{many} by {joined(says)}{alike}"
    rest = joined([f"{in_words(number)}{_most(number, last)} by {joined(names)}" for number, names in others])
    return f"{many} by {joined(says)}, but {rest}{_not_told_apart(view, first, found)}"


def _most(number: int, last: set[int]) -> str:
    return " (the most that were tried)" if number in last else ""


def _not_told_apart(view: View, first: int, found: dict[str, tuple[int, bool]]) -> str:
    """Whether held-out events, where they prefer another number than the first, tell the two apart."""
    held = found.get("held_out")
    if held is None or held[0] == first or view.results.metric != "log_likelihood" or view.best is None:
        return ""
    for model, kept in view.having(MixtureRecord):
        comparison = model.versus_best.get(view.results.metric)
        if kept.n_clusters == first and comparison is not None and comparison.sigma_global is not None:
            size = abs(comparison.sigma_global)
            apart = "tell" if size >= 3.0 else "do not tell"
            return f", which held-out events {apart} apart ({significance(view, size)})"
    return ""


def _shown(view: View, number: int) -> Clustering | None:
    """The model that shows so many populations: one with a posterior first, whose means may be believed."""
    having = [each for each in view.having(MixtureRecord) if each[1].n_clusters == number and each[1].density]
    return min(having, key=lambda each: (each[1].warning is not None, not each[1].posterior), default=None)


def _told(view: View) -> str:
    """The clusters of the best clustering, where nothing says how many there are."""
    having = view.having(MixtureRecord)
    model, kept = next((each for each in having if each[0] is view.best), having[0])
    n = kept.n_clusters
    clusters = f"{in_words(n)} cluster{'s' * (n != 1)}"
    given = model.params.get("n_components") == n
    how = f"was told to find {clusters}" if given else f"finds {clusters}"
    truth = _truth(view, model)
    return f"{quoted(model.name)} {how}, and nothing here says how many there are: {_shares(kept)}{truth}."


def _described(view: View, shown: Clustering, number: int) -> str:
    """Shares and places of the populations in one model."""
    model, kept = shown
    places = _places(kept)
    doubt = "; their places are not to be believed, as they overlap" if kept.warning and places else ""
    return f"{_shares(kept)}{places} in {quoted(model.name)}{doubt}{_truth(view, model)}"


def _shares(kept: MixtureRecord) -> str:
    if kept.n_clusters == 1:
        return "all events in one"
    if kept.n_clusters > _MOST:
        return f"from {count(min(kept.counts))} to {count(max(kept.counts))} events each"
    weights = kept.weights
    told = [
        _compact(value, _error(*_ends(weights.low, weights.high, k))) for k, value in enumerate(weights.value)
    ]
    return f"shares {joined(told)}"


def _places(kept: MixtureRecord) -> str:
    """Where the populations lie, with units; empty of many columns or populations."""
    if len(kept.columns) > _MOST_COLUMNS or kept.n_clusters > _MOST:
        return ""
    means, told = kept.means, []
    for k, row in enumerate(means.value):
        low, high = (None if each is None else each[k] for each in (means.low, means.high))
        told.append([_compact(value, _error(*_ends(low, high, j))) for j, value in enumerate(row)])
    names = [f"{clean(c.name)}{f' [{clean(c.unit)}]' if c.unit else ''}" for c in kept.columns]
    if len(names) == 1:
        unit = kept.columns[0].unit
        return f", centred at {clean(kept.columns[0].name)} = {joined([one for (one,) in told])}" + (
            f" {clean(unit)}" if unit else ""
        )
    points = " and ".join(f"({', '.join(row)})" for row in told)
    return f", centred at ({', '.join(names)}) = {points}"


def _ends(
    low: Sequence[float | None] | None, high: Sequence[float | None] | None, at: int
) -> tuple[float | None, float | None]:
    return (None if low is None else low[at]), (None if high is None else high[at])


def _error(low: float | None, high: float | None) -> float | None:
    """The standard error that a 95 % interval stands for."""
    return None if low is None or high is None else (high - low) / _HALF_WIDTHS


def _compact(value: float | None, error: float | None) -> str:
    return compact(value, error) if error else plain_number(value, 3)


def _truth(view: View, model: ModelRecord) -> str:
    """How the labels meet a truth, where there is one."""
    score = view.score(model)
    if view.results.metric == "log_likelihood" or score is None:
        return ""
    return f"; its {metric_name(view.results.metric)} is {with_unit(view, score)}"


ANSWER = Answer("populations", lambda view: bool(view.having(MixtureRecord)), _sentence)
