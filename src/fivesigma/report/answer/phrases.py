"""Phrases that several answers share: names, numbers in words, a score and where it stands, a difference."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fivesigma.record.results import Comparison, ModelRecord, Score
from fivesigma.report.rounding import (
    count,
    interval,
    interval_decimals,
    interval_text,
    signed,
    value_with_error,
)
from fivesigma.report.section import View, metric_name
from fivesigma.report.text import clean
from fivesigma.risk.metrics import metrics

_WORDS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
_IN_UNIT = ("rmse", "mae")
"""Metrics that say in the unit of the target how far predictions are off, the first by preference."""


def quoted(name: str) -> str:
    """Return a name as a sentence writes it."""
    return f"“{clean(name)}”"


def in_words(number: int) -> str:
    """Return a small number as a word.

    >>> in_words(3), in_words(40)
    ('three', '40')
    """
    return _WORDS[number] if number < len(_WORDS) else count(number)


def begun(text: str) -> str:
    """Return ``text`` with a capital first letter; what begins with a name is in quotes, and left as it is."""
    return text[:1].upper() + text[1:]


def joined(parts: Sequence[str]) -> str:
    """Return parts as in a sentence; those that hold commas outside names are parted by semicolons.

    >>> joined(["a", "b", "c"]), joined(["a, b", "c"])
    ('a, b and c', 'a, b; and c')
    """
    if len(parts) == 1:
        return parts[0]
    held = any(", " in re.sub("“[^”]*”", "", each) for each in parts)
    between, last = ("; ", "; and ") if held else (", ", " and ")
    return f"{between.join(parts[:-1])}{last}{parts[-1]}"


def on_events(view: View) -> str:
    """Return on which events scores are compared."""
    if view.tests:
        n = view.results.split.n_test
        return f"on {count(n)} sealed test event{'s' * (n != 1)}"
    if view.crossfitted:
        return "on all events, each scored by a fit that has not seen it"
    return "on all events" if of_labels(view) else "on the validation folds"


def of_labels(view: View) -> bool:
    """Whether the labels of a clustering are scored, which no fold holds out."""
    return view.results.task == "clustering" and view.results.metric != "log_likelihood"


def unopened(view: View) -> str:
    """Return why nothing is said of a test; empty where one was opened."""
    if view.tests:
        return ""
    return "; the test set is still sealed" if view.results.split.n_test else "; there is no test set"


def unit_of(view: View, metric: str) -> str:
    """Return the unit of a metric with a blank before it; empty where it has none, or none is known."""
    known = metrics().get(metric)
    return f" {clean(view.target_unit)}" if known is not None and known.has_unit and view.target_unit else ""


def with_unit(view: View, score: Score | None, metric: str | None = None) -> str:
    """Return a score with its error, in its unit."""
    unit, text = unit_of(view, metric or view.results.metric), value_with_error(score)
    if score is not None and "±" not in text:  # at the end of its range a score may have limits and no error
        text = interval_text(score.value, score.low, score.high)
    return f"({text}){unit}" if unit and "±" in text else f"{text}{unit}"


def significance(view: View, value: float | None) -> str:
    """Return a significance for the inside of brackets."""
    return view.significance(value).replace(" (not blind)", ", not blind")


def measured(metric: str, shown: str) -> str:
    """Return a score with its metric: names as they are, words with their article.

    >>> measured("roc_auc", "0.86"), measured("accuracy", "0.9")
    ('ROC AUC 0.86', 'an accuracy of 0.9')
    """
    label = metric_name(metric)
    if metric not in _IN_UNIT and not label[:1].islower():
        return f"{label} {shown}"
    return f"{'an' if label[:1] in 'aeiouRM' else 'a'} {label} of {shown}"


def scatter(view: View, model: ModelRecord) -> str:
    """Return by how much the predictions of a regression are off, as "an RMSE of (0.0160 ± 0.0004) dex"; or empty."""
    if view.results.task != "regression" or view.results.metric in _IN_UNIT:
        return ""
    for metric in _IN_UNIT:
        if (score := view.score(model, metric=metric)) is not None:
            return measured(metric, with_unit(view, score, metric))
    return ""


def greater_is_better(view: View) -> bool:
    """Whether more of the primary metric is better."""
    known = metrics().get(view.results.metric)
    return known is None or known.greater_is_better


def difference(comparison: Comparison) -> str:
    """Return a difference with its interval, positive in favour of the model that carries it."""
    decimals = interval_decimals(comparison.low, comparison.high)
    return f"in its favour by {signed(comparison.difference, decimals)}{limits(comparison, ', ')}"


def limits(comparison: Comparison, begin: str, end: str = "") -> str:
    """Return the interval of a difference between ``begin`` and ``end``; empty where it has none."""
    if comparison.low is None and comparison.high is None:
        return ""
    decimals = interval_decimals(comparison.low, comparison.high)
    return f"{begin}95 % interval {interval(comparison.low, comparison.high, decimals)}{end}"
