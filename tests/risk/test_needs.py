"""What it would take to see a difference at 3σ."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import needed
from fivesigma.risk.needs import FARTHEST, needs
from fivesigma.risk.significance import Difference

BASE = Difference(
    0.01, -0.01, 0.03, 0.3, 1.0, 1.0, stat=0.01, train=0.0, t=1.0, dof=999.0, spread=0.0, dofs=(999.0, 9.0)
)


def said(n_test=1000, family=1, **changes):
    return needs(replace(BASE, **changes), n_test=n_test, n_train=4000, family=family)


def first_number(text):
    return float(re.search(r"[\d,]+", text).group().replace(",", ""))


def test_nothing_is_needed_where_it_is_seen_and_nothing_said_where_it_was_refused():
    assert said(sigma_global=3.5) == said(sigma_global=-3.5) == ""
    assert said(sigma_local=None) == said(difference=None) == ""


def test_no_number_of_events_shows_what_is_not_there():
    assert said(difference=0.0) == "no number of events: the predictions score the same"
    assert said(one_sided=True, difference=-0.01).startswith("no number of events: it lies on the other side")


def test_the_events_are_those_of_what_limits_it():
    assert said().startswith("about 9,000 test events for 3σ; over")
    few = said(stat=0.003, train=0.01, spread=1e-4)
    assert few.startswith("more test events alone cannot show it; about")
    assert "training events for 3σ" in few
    assert "times the training and test events for 3σ" in said(stat=0.02, train=0.02, spread=4e-4)
    assert said(stat=0.0, train=0.01, spread=1e-4).startswith("about")
    assert "training events" in said(stat=0.0, train=0.01, spread=1e-4)


def test_folds_alone_speak_of_no_test():
    folds = said(n_test=None, stat=0.0, train=0.01, dof=4.0, dofs=None, spread=None)
    assert " events for 3σ" in folds
    assert "test" not in folds
    assert "training" not in folds


@pytest.mark.parametrize(
    ("low", "high", "range_"),
    [
        (-0.01, 0.03, "1,000 or more, with no upper bound"),
        (0.0, 0.02, r"2,300 or more, with no upper bound"),
        (0.005, 0.015, r"4,000 to 36,000"),
        (1e-5, 0.02, "2,300 or more, with no upper bound"),
    ],
)
def test_the_range_is_that_of_the_interval_of_the_difference(low, high, range_):
    for sign in (1, -1):
        ends = sorted((sign * low, sign * high))
        text = said(difference=sign * 0.01, low=ends[0], high=ends[1])
        assert text.endswith(f"; over the interval of the difference {range_}")


def test_absurd_numbers_are_not_foretold():
    """Neither billions of events nor 180,000,000 times the training events."""
    for small in (
        said(difference=1e-9),
        said(difference=1e-9, stat=0.02, train=0.02),
        said(difference=1e-9, stat=0.0, n_test=None, train=0.01, dofs=None),
    ):
        assert small.startswith(f"not with this method: more than {FARTHEST:,.0f} times the ")
        assert "billion" not in small
    assert "test" not in said(difference=1e-9, stat=0.0, n_test=None, train=0.01, dofs=None)


def test_more_comparisons_and_two_sides_ask_for_more():
    numbers = [first_number(said(family=family)) for family in (1, 10, 45)]
    assert numbers == sorted(set(numbers))
    assert first_number(said(one_sided=True, family=45)) <= numbers[-1]


def test_degrees_of_freedom_follow_the_events():
    """Those of the test events grow with them; where refits dominate, they fall to those of the refits."""
    few_events = first_number(said(dof=30.0, dofs=(30.0, 9.0)))
    assert few_events < 1000 * 9.9  # t at 30 would ask for 1000 * 3.27² = 10,700
    settled = {"stat": 0.01, "train": 0.002, "spread": 4e-6, "dof": 900.0}
    assert first_number(said(**settled)) > first_number(said(**settled, dofs=(999.0, 1e6)))


def test_a_test_of_the_named_size_shows_the_difference_at_the_errors_it_had():
    """Ten times the events, the errors as the law has them: what is named is where σ comes to 3."""
    d = replace(BASE, train=0.002, spread=2e-5)
    n = first_number(needs(d, n_test=1000, n_train=4000))
    s, tau, more = 1e-4 * 1000 / n, 4e-6, 1.6e-5 * 1000 / n
    dof = (s + tau) ** 2 / (s**2 / (999 * n / 1000) + (tau + more) ** 2 / 9)
    assert 0.01 / (s + tau) ** 0.5 == pytest.approx(np.sqrt(9.0) * (1 + 1.4 / dof), rel=0.05)


@pytest.mark.parametrize("name", ["auc", "brier", "rmse"])
def test_the_true_difference_is_seen_at_three_sigma_in_half_of_the_studies(name):
    """In small: benchmarks/needed.py has 400 studies a scene."""
    n_test = int(np.median(needed.named(name, 12)))
    assert 0.2 <= needed.power(name, n_test, 25) <= 0.8


@pytest.mark.torture
@pytest.mark.parametrize("name", needed.SCENES)
def test_the_events_named_are_those_that_half_of_the_studies_need(name, tenth):
    studies = tenth(400)
    found = needed.power(name, int(np.median(needed.named(name, studies))), studies)
    assert abs(found - 0.5) <= 0.05 + 3 * 0.5 / studies**0.5


def test_a_difference_tells_what_its_error_is_made_of():
    scene = needed.SCENES["brier"]
    found = scene.study(np.random.default_rng(0), 200)
    assert found.dofs == (199.0, 9.0)
    assert found.spread == pytest.approx(np.var(found.train_draws, ddof=1))
    assert found.train**2 <= found.spread
