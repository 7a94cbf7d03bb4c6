"""Diagnostics equal ArviZ on stored chain sets, and know what they are given."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.sampling import diagnostics as d
from tests.sampling import chain_sets

HERE = Path(__file__).parent
REFERENCE = json.loads((HERE / "arviz.json").read_text())["sets"]
OURS = {
    "rhat": d.rhat,
    "ess_bulk": d.ess_bulk,
    "ess_tail": d.ess_tail,
    "ess_mean": d.ess_mean,
    "ess_median": partial(d.ess_quantile, probability=0.5),
    "mcse_mean": d.mcse_mean,
    "mcse_sd": d.mcse_sd,
    "mcse_median": partial(d.mcse_quantile, probability=0.5),
}


def test_there_are_fifty_references():
    assert len(REFERENCE) == chain_sets.n_sets == 50


@pytest.mark.parametrize("number", range(50))
def test_equal_to_arviz(number):
    draws = chain_sets.chain_set(number)
    for name, value in REFERENCE[number].items():
        np.testing.assert_allclose(OURS[name](draws), value, rtol=1e-10, atol=0, err_msg=name)


def test_autocorrelation_of_an_autoregression():
    rng = np.random.default_rng(0)
    x = np.zeros((2, 20_000))
    for t in range(1, x.shape[1]):
        x[:, t] = 0.7 * x[:, t - 1] + rng.standard_normal(2)
    np.testing.assert_allclose(d.autocorrelation(x)[:, :5], 0.7 ** np.arange(5) * np.ones((2, 1)), atol=0.05)
    direct = [np.dot(c[:-3] - c.mean(), c[3:] - c.mean()) / c.size for c in x]
    np.testing.assert_allclose(d.autocovariance(x)[:, 3], direct, rtol=1e-9)


def test_what_does_not_move():
    still = np.full((4, 100), 2.5)
    found = d.diagnose(still)
    assert np.isnan(found.rhat)
    assert (found.ess_bulk, found.mcse, d.mcse_sd(still)) == (400.0, 0.0, 0.0)
    assert found.complaint("x") is None
    assert d.autocorrelation(still)[:, 1:].max() == 0.0


SYMMETRIC = {
    "in turn": np.tile([-1.0, 1.0], (4, 250)),
    "by chance": np.random.default_rng(0).choice([-1.0, 1.0], size=(4, 500)),
    "about another middle": np.random.default_rng(1).choice([4.0, 7.0], size=(2, 500)),
    "two of ten": np.tile(np.repeat([-1.0, 1.0], 5), (3, 40)),
}


@pytest.mark.parametrize("name", SYMMETRIC)
def test_draws_as_far_from_their_median_on_both_sides_have_an_r_hat(name):
    """Of the first ArviZ says 0.998, sqrt((n - 1) / n) of halves of n: two values that alternate mix as well as any."""
    found = d.rhat(SYMMETRIC[name])
    assert found < d.RHAT_LIMIT
    assert d.diagnose(SYMMETRIC[name]).rhat == found
    if name == "in turn":
        assert found == pytest.approx((249 / 250) ** 0.5, abs=1e-12)


def test_chains_that_stay_on_two_sides_have_not_converged():
    assert d.rhat(np.repeat([[-1.0], [1.0], [-1.0], [1.0]], 100, axis=1)) == np.inf


def test_complaints_name_the_quantity_and_the_limit():
    rng = np.random.default_rng(1)
    good = d.diagnose(rng.standard_normal((4, 1000)))
    shifted = d.diagnose(rng.standard_normal((4, 1000)) + np.arange(4)[:, None])
    short = d.diagnose(rng.standard_normal((4, 50)))
    sentences = d.complaints({"good": good, "shifted": shifted, "short": short})
    assert len(sentences) == 2
    assert "shifted: R-hat is" in sentences[0]
    assert "expected at least 400" in sentences[1]


@pytest.mark.parametrize("draws", [np.zeros((2, 3)), np.zeros((2, 2, 9)), [[0.0, 1.0, np.nan, 2.0]]])
def test_refusals(draws):
    with pytest.raises(InputError, match="draws"):
        d.rhat(draws)
