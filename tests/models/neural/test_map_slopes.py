"""Slopes of a convolutional network by its pixels: the derivative of what it answers, whatever its settings."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.explain.integrated import integrated_gradients

torch = pytest.importorskip("torch")

from fivesigma.models.neural import CNNClassifier, CNNRegressor, MLPRegressor  # noqa: E402
from fivesigma.models.neural.map_slopes import MapSlopes  # noqa: E402

RNG = np.random.default_rng(3)
IMAGES = RNG.normal(2.0, 3.0, size=(60, 2, 6, 6)).astype(np.float32)
WAVES = RNG.normal(size=(60, 1, 9))
LIGHT = IMAGES.mean(axis=(1, 2, 3)) * 10
FAST = {"epochs": 2, "channels": (4, 4), "hidden": 4, "early_stopping": False}
TURNS = {"symmetries": ("rotate90", "flip", "spin-flip"), "pooled": True, "padding": "periodic"}


@pytest.mark.parametrize(
    ("model", "X", "y", "of"),
    [
        (CNNRegressor(n_members=2, **FAST), IMAGES, LIGHT, -1),
        (CNNRegressor("mixture", **FAST, strided=True), IMAGES, LIGHT, -1),
        (CNNRegressor(**FAST), WAVES, WAVES.sum(axis=(1, 2)), -1),
        (CNNClassifier(**FAST, **TURNS), IMAGES, LIGHT > 20, -1),
        (CNNClassifier(**FAST), IMAGES, np.digitize(LIGHT, [17, 23]), 1),
    ],
    ids=["members", "mixture", "sequences", "pooled over symmetries", "one of three classes"],
)
def test_slopes_are_the_derivative_of_the_answer_and_parts_add_up_to_it(model, X, y, of):
    score = MapSlopes(model.fit(X, y), of)
    Z = score.inputs(X[:3])
    value, slope = score(Z)
    way = RNG.normal(size=Z.shape[1])
    ahead, behind = (score(Z + sign * 1e-5 * way)[0] for sign in (1, -1))
    np.testing.assert_allclose(slope @ way, (ahead - behind) / 2e-5, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(value, _answer(model, X[:3], of), rtol=1e-4, atol=1e-4)
    found = integrated_gradients(score, Z, np.zeros(Z.shape[1]))
    assert found.residual.max() < 1e-5 * np.abs(value - found.base).max()


def _answer(model, X, of):
    if isinstance(model, CNNRegressor):
        return model.predict(X)
    p = model.predict_proba(X)[:, of]
    return np.log(p / (1 - p))


def test_an_event_has_one_slope_in_any_company_and_threads_are_left_as_they_were():
    score = MapSlopes(CNNRegressor(**FAST).fit(IMAGES, LIGHT))
    before, Z = torch.get_num_threads(), score.inputs(IMAGES)
    np.testing.assert_allclose(score(Z)[1][7], score(Z[7:8])[1][0], rtol=1e-12)
    assert torch.get_num_threads() == before


def test_what_has_no_slopes_by_pixels_is_refused():
    with pytest.raises(InputError, match="MLPRegressor is no convolutional network"):
        MapSlopes(MLPRegressor())
    with pytest.raises(InputError, match="of one target, and there are several"):
        MapSlopes(CNNRegressor(**FAST).fit(IMAGES, np.column_stack([LIGHT, LIGHT])))
    with pytest.raises(InputError, match=r"expected \(n, 2, 6, 6\)"):
        MapSlopes(CNNRegressor(**FAST).fit(IMAGES, LIGHT)).inputs(IMAGES[:, :, :5])
