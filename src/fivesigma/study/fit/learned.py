"""The steps of features that models learn: what makes them, handed to a floor that knows of no model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fivesigma.features.reduction import Learner


def _autoencoder(n: int, classification: bool | None, seed: int) -> Any:
    from fivesigma.models.neural.features import Autoencoder

    return Autoencoder(n, random_state=seed)


def _network(n: int, classification: bool | None, seed: int) -> Any:
    from fivesigma.models.neural.features import NetworkFeatures

    return NetworkFeatures(n, classification, random_state=seed)


def _forest(n: int, classification: bool | None, seed: int) -> Any:
    """Return the trees by which columns are ranked: always of the same seed, as a ranking reports none."""
    from fivesigma.models.trees.forest import ExtraTreesClassifier, ExtraTreesRegressor

    made = ExtraTreesClassifier if classification else ExtraTreesRegressor
    return made(100, min_samples_leaf=5, random_state=0)


LEARNERS: Mapping[str, Learner] = {"autoencoder": _autoencoder, "network": _network, "forest": _forest}
"""By kind of step, or by what recursive elimination goes by."""
