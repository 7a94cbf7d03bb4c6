"""What expected significances are made of: the sums of weights, and what is taken to be known of the background."""

from __future__ import annotations

from fivesigma.record.sections.significance import SignificanceRecord
from fivesigma.record.sections.weight_sums import PartSums, WeightSumsRecord
from fivesigma.report.metrics.lines import Table
from fivesigma.report.rounding import count, plain_number
from fivesigma.report.section import View
from fivesigma.risk.metrics import metrics


def assumptions(table: Table) -> list[str]:
    """Return what each significance of a table takes to be known of the background, by its name."""
    asked = [(line.label, metrics()[line.metric].assumes) for line in table.lines if line.metric in metrics()]
    return [f"{label}: {assumes}" for label, assumes in asked if assumes]


def sentence(table: Table, view: View) -> str:
    """Return what the significances of a table mean; "" where it has none."""
    found = assumptions(table)
    if not found:
        return ""
    if view.having(SignificanceRecord):
        return (
            "Significances of this table are those of the declared yields, taken to the whole sample, at the cut of "
            "each; what they are with the errors of the background stands under “Expected significance”. "
            f"{'; '.join(found)}."
        )
    return (
        "An expected significance needs yields: declare them with [weights.yields]. What stands here is made of the "
        f"weights as they are given, taken to the whole sample. {'; '.join(found)}."
    )


def sums(view: View) -> list[tuple[str, str, str, str, str]]:
    """Return for each part its events, Σw of signal and of background, and the factor to the whole sample."""
    kept = view.results.section(WeightSumsRecord)
    if kept is None or view.signal is None:
        return []
    return [
        (
            part,
            count(sum(each.n)) + _effective(each),
            plain_number(each.sums[-1]),
            plain_number(each.sums[0]),
            _to_whole(each),
        )
        for part, each in kept.parts.items()
    ]


def _to_whole(each: PartSums) -> str:
    """Return what takes the sums of signal and of background to those of the whole sample: with yields one each."""
    if each.yields is None:
        return plain_number(each.scale)
    by = [total / own if own > 0 else float("nan") for total, own in zip(each.yields, each.sums, strict=True)]
    return f"{plain_number(by[-1])} and {plain_number(by[0])}"


def _effective(each: PartSums) -> str:
    """Return N_eff of signal and of background, in brackets, where the record has them."""
    if each.n_effective is None:
        return ""
    return f" (N_eff {count(each.n_effective[-1])} and {count(each.n_effective[0])})"
