"""Weights: how many events they leave, and whether they tell the classes apart."""

from __future__ import annotations

from collections.abc import Sequence

from fivesigma.data.audit.audited import Audited
from fivesigma.data.audit.leaks import SEPARATED, separation
from fivesigma.risk.findings import Audit

FEW_EFFECTIVE = 0.1


def effective(audited: Audited) -> Sequence[Audit]:
    """Say how many events of equal weight the events are worth; fewer than a tenth is a warning."""
    data = audited.data
    if data.w is None:
        return ()
    share = data.n_effective / data.n_samples
    message = f"{data.n_samples} events with weights count as N_eff = {data.n_effective:.1f}"
    if negative := int((data.w < 0).sum()):
        message += f"; {negative} of the weights are negative ({100 * negative / data.n_samples:.3g} %)"
    if share >= FEW_EFFECTIVE:
        return [Audit("weights", "ok", message)]
    advice = "look for a few events of large weight; errors are those of N_eff events"
    return [Audit("weights", "warning", message, advice=advice)]


def labelled(audited: Audited) -> Sequence[Audit]:
    """Name weights that tell the classes apart, which fits see unless each class is trained with the same sum."""
    w = audited.data.w
    if w is None or not audited.classifies:
        return ()
    found = separation(w[audited.looked_at], audited.outputs[0])
    if found is None or found < SEPARATED:
        return ()
    message = f"the weights alone tell the classes apart (balanced accuracy {100 * found:.3g} %)"
    if audited.balanced:
        return [Audit("weights", "ok", f"{message}; every class is trained with the same sum of them")]
    advice = (
        'say data.training_weights = "classes", and never make them a feature: fits would learn from them'
    )
    return [Audit("weights", "warning", message, advice=advice)]
