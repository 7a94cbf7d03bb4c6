"""The steps of features that networks learn: what makes them, handed to a floor that knows of no network."""

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


LEARNERS: Mapping[str, Learner] = {"autoencoder": _autoencoder, "network": _network}
"""By kind of step."""
