"""The columns that the best explained model leans on."""

from __future__ import annotations

from fivesigma.record.sections.explained import Importance
from fivesigma.report.answer.answer import Answer
from fivesigma.report.answer.phrases import in_words, joined, quoted
from fivesigma.report.rounding import decimals_of, fixed
from fivesigma.report.section import View, metric_name

_MEASURES = {
    "permutation": "by what permuting it costs in {metric} on held-out folds",
    "drop_column": "by what a refit without it costs in {metric} on held-out folds",
    "integrated_gradients": "by its mean integrated gradient on held-out folds",
    "shap": "by its mean Shapley value on held-out folds",
    "impurity": "by the impurity that it takes away in training",
}
"""How each method measures, the most telling first."""
_MOST = 3


def _found(view: View) -> tuple[str, str, Importance] | None:
    """The best model that has importances, the method, and these."""
    for model in view.ranked:
        kept = view.explained.importances(model.name)
        for method in _MEASURES:
            if method in kept and kept[method].names:
                return model.name, method, kept[method]
    return None


def _sentence(view: View) -> str:
    found = _found(view)
    assert found is not None
    model, method, kept = found
    how = _MEASURES[method].format(metric=metric_name(view.results.metric))
    seen = [j for j in range(len(kept.names)) if kept.mean[j] > 2 * kept.std[j]]
    if not seen:
        return f"{quoted(model)} leans on no column that stands above noise, {how.replace(' it ', ' one ')}."
    first, *rest = (f"{quoted(kept.names[j])} ({_size(kept.mean[j], kept.std[j])})" for j in seen[:_MOST])
    then = f", then on {joined(rest)}" if rest else ""
    above = f"{in_words(len(seen))} of {len(kept.names)} columns stand{'s' * (len(seen) == 1)} above noise"
    return f"{quoted(model)} leans most on {first}, {how}{then}; {above}."


def _size(mean: float, std: float) -> str:
    if not std:
        return f"{mean:.3g}"
    decimals = decimals_of(std)
    return f"{fixed(mean, decimals)} ± {fixed(std, decimals)}"


ANSWER = Answer("importance", lambda view: _found(view) is not None, _sentence)
