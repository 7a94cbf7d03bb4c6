"""The coefficients of the linear models: with errors where they have them, else which of them are exactly zero."""

from __future__ import annotations

from fivesigma.record.results import ModelRecord
from fivesigma.record.sections.coefficients import CoefficientsRecord
from fivesigma.report.answer.answer import Answer
from fivesigma.report.answer.law import Law, laws, of_the_best
from fivesigma.report.answer.phrases import in_words, joined, quoted
from fivesigma.report.law import errors_of, term
from fivesigma.report.section import View

_MOST = 6
"""Coefficients, and models, that one sentence tells one by one."""


def _sentence(view: View) -> str:
    free = [each for each in laws(view) if each[1].errors is not None]
    chosen = of_the_best(view)
    if free and (chosen is None or chosen[1].errors is not None):
        return _with_errors(chosen or free[0], view.target_unit if view.signal is None else None)
    return _zeros([each for each in laws(view) if each[1].errors is None])


def _with_errors(found: Law, unit: str | None) -> str:
    """The coefficients one by one, those of the largest change a standard deviation where they are many."""
    model, kept = found
    units, errors = kept.units or (None,) * len(kept.names), errors_of(kept)
    sizes = [abs(each) for each in kept.standardised or kept.slopes if not isinstance(each, tuple)]
    order = list(range(len(kept.names)))
    if len(kept.names) > _MOST:
        order = sorted(order, key=lambda j: -sizes[j])[:_MOST]
    told = [f"{term(kept.slopes[j], errors[j], units[j])} of {quoted(kept.names[j])}" for j in order]
    all_of = f"The coefficients of {quoted(model.name)}"
    some_of = (
        f"Of the {len(units)} coefficients of {quoted(model.name)} the {in_words(_MOST)} largest by size"
    )
    intercept = term(kept.offset, errors[-1], unit)
    head = all_of if len(order) == len(units) else some_of
    return f"{head} are {joined(told)}, at an intercept of {intercept}."


def _zeros(found: list[Law]) -> str:
    """How many coefficients of each penalised law are exactly zero."""
    told = [_zero(*each) for each in found[:_MOST]]
    more = f", and others in {len(found) - _MOST} further models" if len(found) > _MOST else ""
    return f"Exactly zero {'is' if told[0].startswith(('one', 'none')) else 'are'} {joined(told)}{more}."


def _zero(model: ModelRecord, kept: CoefficientsRecord) -> str:
    held = (
        kept.standardised or kept.slopes
    )  # of products about their means, a slope of a column mixes several of these
    n, zero = len(kept.slopes), sum(value == 0 for value in held)
    many = in_words(zero) if zero else "none"
    return f"{many} of the {n} coefficients of {quoted(model.name)}"


ANSWER = Answer("coefficients", lambda view: bool(laws(view)), _sentence)
