"""What the best model scores once its choice among several is not rewarded, and how firm that choice is."""

from __future__ import annotations

from fivesigma.record.sections.selected import SelectedRecord
from fivesigma.report.markup import cell
from fivesigma.report.rounding import fixed, interval_decimals, interval_text, signed
from fivesigma.report.section import Content, Section, View, metric_name
from fivesigma.report.text import clean, listed

MOST_NAMED = 5


def _kept(view: View) -> SelectedRecord:
    kept = view.results.section(SelectedRecord)
    assert kept is not None
    return kept


def sentences(view: View) -> list[str]:
    """Return what the section says."""
    kept = _kept(view)
    score, decimals = kept.score, interval_decimals(kept.score.low, kept.score.high)
    best = view.best
    plain = None if best is None else view.score(best, kept.part)
    before = "" if plain is None else f", {fixed(plain.value, decimals)} as it stands"
    return [
        f"{clean(kept.model)} is the best of {len(kept.chosen)} models on the very events that chose it. Corrected for "
        f"that, its {metric_name(kept.metric)} is {interval_text(score.value, score.low, score.high)}{before}: "
        f"the optimism of the choice is {signed(kept.optimism, decimals)}.",
        f"On {kept.resamples} resamples of the events the choice falls on {_shares(kept)}; each choice is scored on "
        "the events that its resample does not hold.",
    ]


def _shares(kept: SelectedRecord) -> str:
    ranked = sorted(kept.chosen.items(), key=lambda each: -each[1])
    named = [f"{clean(name)} in {100 * share:.0f} %" for name, share in ranked if share >= 0.005]
    return listed(named[:MOST_NAMED]) + (" and on others" if len(named) > MOST_NAMED else "")


def _markdown(view: View) -> str:
    return cell(" ".join(sentences(view)))


SECTION = Section(
    "selected",
    "The score of the chosen model",
    lambda view: view.results.section(SelectedRecord) is not None,
    lambda view: Content({"sentences": sentences(view)}),
    _markdown,
)
