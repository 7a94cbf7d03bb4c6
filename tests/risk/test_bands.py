"""The band of a calibration holds what comes true of new events, for right and for wrong probabilities, and groups."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fivesigma.risk.bands import CalibrationBand
from fivesigma.risk.shares import Share


def held(seed: int, level: float, *, off: float, groups: bool = False) -> float:
    """Return the share of grid points at which the band holds the chance of what was stated."""
    rng = np.random.default_rng(seed)
    n = 1500
    stated = rng.uniform(0.05, 0.95, n)
    if groups:
        stated = np.repeat(stated[: n // 10], 10)
    chance = np.clip(stated + off * np.sin(np.pi * stated), 0, 1)
    of = np.repeat(np.arange(n // 10), 10) if groups else None
    luck = (
        np.repeat(rng.uniform(size=n // 10), 10) if groups else rng.uniform(size=n)
    )  # a group shares its luck
    band = CalibrationBand.of(stated, luck < chance, np.ones(n), of)
    grid = np.linspace(0.15, 0.85, 8)
    truth = grid + off * np.sin(np.pi * grid)
    low, high = band.at(grid, level).T
    return float(((low <= truth) & (truth <= high)).mean())


@pytest.mark.parametrize(("off", "groups"), [(0.0, False), (0.1, False), (0.0, True)])
@pytest.mark.parametrize("level", [0.68, 0.95])
def test_it_holds_the_chance_as_often_as_it_says(off, groups, level) -> None:
    found = np.mean([held(seed, level, off=off, groups=groups) for seed in range(60)])
    most = {0.68: 0.74, 0.95: 0.98}[level]
    assert level - 0.04 < found < (1.0 if groups else most)  # limits of groups are careful (docs/evidence.md)


def test_what_is_off_lies_outside_its_own_band_and_certainty_is_never_certain() -> None:
    stated = np.repeat([0.1, 0.9], 1000)
    half = np.tile([False, True], 1000)
    low, high = CalibrationBand.of(stated, half, np.ones(2000)).at(np.array([0.1, 0.9]), 0.95).T
    assert (low > 0.4).all()
    assert (high < 0.6).all()
    sure = CalibrationBand.of(np.repeat([0.0, 1.0], 50), np.repeat([False, True], 50), np.ones(100))
    (none, some), (least, all_) = sure.at(np.array([0.0, 1.0]), 0.68)
    assert (none, all_) == (0.0, 1.0)
    assert some == pytest.approx(1 - 0.32 ** (1 / 50))
    assert least == pytest.approx(0.32 ** (1 / 50))


def test_weights_of_nothing_do_not_count_and_few_groups_have_no_limits() -> None:
    rng = np.random.default_rng(0)
    p, w = rng.uniform(size=400), (np.arange(400) % 2).astype(float)
    hit = rng.uniform(size=400) < p
    one, other = CalibrationBand.of(p, hit, w), CalibrationBand.of(p[w > 0], hit[w > 0], w[w > 0])
    np.testing.assert_allclose(one.at(p, 0.9), other.at(p, 0.9))
    few = CalibrationBand.of(p, hit, np.ones(400), np.arange(400) % 8)
    assert "8 groups, too few for limits" in few.why_not
    assert np.isnan(few.at(p, 0.9)).all()
    again = CalibrationBand.from_document(json.loads(json.dumps(one.to_document())))
    np.testing.assert_array_equal(again.at(p, 0.9), one.at(p, 0.9))


def test_a_share_made_for_one_level_is_that_of_another() -> None:
    rng = np.random.default_rng(2)
    has, groups = rng.uniform(size=200) < 0.3, np.arange(200) % 20
    one, other = (Share.of(has, np.ones(200), groups, level=level) for level in (0.95, 0.5))
    assert one.at(0.5, 0.95).limits(0.5) == pytest.approx(other.limits(0.5))
    assert Share.of(has, np.ones(200)).at(0.5, 0.95) == Share.of(has, np.ones(200))
