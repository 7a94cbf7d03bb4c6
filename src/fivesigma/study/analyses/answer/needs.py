"""What a study must have for each sort of answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fivesigma.study.plan import Entry
from fivesigma.study.prepared import Prepared
from fivesigma.study.registry.registry import kinds
from fivesigma.study.spec.document import OWN
from fivesigma.study.tasks.registry import task

Need = Callable[[Prepared], str]
"""A prepared study -> why it cannot fill an answer, and what to do; empty where it can."""


def _nothing(prepared: Prepared) -> str:
    return ""


def _two_models(prepared: Prepared) -> str:
    models = [entry for entry in prepared.plan.entries if not entry.skipped]
    return "" if len(models) > 1 else "the study has one model; add another to [[models]]"


def _law(prepared: Prepared) -> str:
    data = prepared.data
    if not task(data.task).supervised:
        return f"a {data.task} has no law; leave the key out, or name another"
    if data.several or (prepared.n_classes or 2) > 2:
        what = "several targets" if data.several else f"{prepared.n_classes} classes"
        return f"{what} have no one law; leave the key out, or name another"
    if any(_is_linear(entry) for entry in prepared.plan.entries):
        return ""
    return "no model of the study is linear; add one, such as kind = " + (
        '"linear"' if prepared.n_classes is None else '"logistic"'
    )


def _is_linear(entry: Entry) -> bool:
    """Whether a model has a coefficient a column; of an estimator given in Python nobody knows yet."""
    return not entry.skipped and (entry.kind == OWN or kinds()[entry.kind].linear)


def _clustering(prepared: Prepared) -> str:
    found = prepared.data.task
    return (
        f"a {found} has no populations; leave the key out, or name another" if task(found).supervised else ""
    )


def _trend(prepared: Prepared) -> str:
    asked = prepared.spec.scan is not None or bool(prepared.spec.curves.validation)
    return "" if asked else "the study has no [scan] and no [curves.validation]; add one"


def _importance(prepared: Prepared) -> str:
    explain = prepared.spec.explain
    asked = (explain.permutation, explain.impurity, explain.drop_column, explain.shap)
    return "" if any(asked) else "nothing of [explain] ranks the columns; add permutation = 20 there"


def _ablation(prepared: Prepared) -> str:
    explain = prepared.spec.explain
    asked = explain.drop_best or explain.forward
    return "" if asked else "nothing of [explain] takes columns away; add drop_best = true there"


def _transition(prepared: Prepared) -> str:
    spec = prepared.spec
    asked = spec.crossing is not None or (spec.scan is not None and "data.target" in spec.scan.places)
    return "" if asked else 'the study has no [crossing] and no [scan] over "data.target"; add one'


NEEDS: Mapping[str, Need] = {
    "best": _nothing,
    "difference": _two_models,
    "coefficients": _law,
    "law": _law,
    "populations": _clustering,
    "trend": _trend,
    "importance": _importance,
    "ablation": _ablation,
    "transition": _transition,
}
"""By the name of the answer, see `fivesigma.record.sections.answer.ANSWERS`."""
