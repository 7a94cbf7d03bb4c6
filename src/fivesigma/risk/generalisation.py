"""Generalisation: the gap is a number; overfit and underfit are verdicts of a test on neighbouring flexibilities."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fivesigma.risk.bias_variance import bias_variance, bias_variance_fresh, bias_variance_path
from fivesigma.risk.evidence import compare_cross_validated
from fivesigma.risk.findings import Generalisation
from fivesigma.risk.resampling import Vector
from fivesigma.risk.significance import among

__all__ = [
    "Generalisation",
    "bias_variance",
    "bias_variance_fresh",
    "bias_variance_path",
    "generalisation",
]


def generalisation(  # noqa: PLR0913 keywords of a public function
    train: Vector | None,
    validation: Vector,
    *,
    greater_is_better: bool,
    n_fit: int,
    n_validation: int,
    less: Vector | None = None,
    more: Vector | None = None,
    units: float = np.inf,
    family: int = 1,
    between: Mapping[str, float] | None = None,
) -> Generalisation:
    """Judge a model by its neighbours on the same folds.

    Parameters
    ----------
    train, validation : (k,) score of each fold's model on the events it was fitted to, and on the held-out
        ones.
    n_fit, n_validation : events that a fold's model is fitted to and scored on.
    less, more : (k,) validation scores of a less and a more flexible setting of the same family; None where
        the family has none.
    units : independent events in all folds.
    family : number of neighbours tested in the whole study, over which σ is corrected (Šidák).
    between : the variance that the classes' numbers bring to the difference to the "less" and the "more" flexible
        setting, which stratified folds do not show.
    """
    gap = None if train is None else float(np.mean(train) - np.mean(validation))
    sigmas = {}
    for word, side, scores in (("overfit", "less", less), ("underfit", "more", more)):
        if scores is not None:
            d = compare_cross_validated(
                scores,
                validation,
                n_fit=n_fit,
                n_validation=n_validation,
                greater_is_better=greater_is_better,
                units=units,
                one_sided=True,
                between=(between or {}).get(side, 0.0),
            )
            sigmas[word] = among(d.sigma_local or 0.0, family)
    if not sigmas:
        return Generalisation(gap)
    word = max(sigmas, key=lambda each: sigmas[each])
    return Generalisation(gap, word if sigmas[word] >= 3 else "neither shown", sigmas[word])
