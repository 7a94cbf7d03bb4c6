"""The discriminant against a mixture: by hand, at its ends, and the weights of the mixture."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.risk.discriminant import FARTHEST, N_BINS, Discriminant, histograms

D = Discriminant(2, (0.9, 0.1, 0.0))


def test_it_is_the_log_of_signal_over_the_mixture():
    p = np.array([[0.2, 0.3, 0.5], [0.7, 0.2, 0.1]])
    # ln(0.5 / (0.9·0.2 + 0.1·0.3)) = ln(0.5 / 0.21), ln(0.1 / (0.63 + 0.02))
    assert D.of(p) == pytest.approx([np.log(0.5 / 0.21), np.log(0.1 / 0.65)])
    first = Discriminant(0, (0.0, 0.25, 0.75))
    assert first.of(p) == pytest.approx([np.log(0.2 / (0.075 + 0.375)), np.log(0.7 / (0.05 + 0.075))])


def test_of_two_classes_it_is_the_logit():
    p = np.linspace(0.01, 0.99, 9)
    assert Discriminant(1, (1.0, 0.0)).of(np.column_stack([1 - p, p])) == pytest.approx(np.log(p / (1 - p)))


def test_certain_events_lie_at_its_ends_and_a_fold_without_prediction_nowhere():
    p = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [np.nan] * 3])
    assert D.of(p)[:3].tolist() == pytest.approx([FARTHEST, -FARTHEST, -FARTHEST])
    assert np.isnan(D.of(p)[3])
    assert Discriminant(2, (1.0, 0.0, 0.0)).of(np.array([[0.0, 1.0, 0.0]])) == pytest.approx([-FARTHEST])


@pytest.mark.parametrize(
    ("signal", "shares"),
    [(2, (0.9, 0.2, 0.0)), (2, (1.1, -0.1, 0.0)), (2, (0.5, 0.0, 0.5)), (3, (0.5, 0.5, 0.0))],
)
def test_what_is_no_mixture_is_refused(signal, shares):
    with pytest.raises(InputError, match="are no mixture; expected"):
        Discriminant(signal, shares)


def test_the_mixture_has_its_shares_whatever_there_is_of_each_class():
    rng = np.random.default_rng(0)
    y, w = rng.integers(0, 3, 500), rng.uniform(0.5, 2.0, 500)
    mixed = D.mixed(y, w)
    assert [mixed[y == k].sum() for k in (0, 1)] == pytest.approx([0.9, 0.1])
    assert mixed[y == 2] == pytest.approx(w[y == 2])
    assert D.mixed(np.array([0, 2])).tolist() == [0.9, 1.0]


def areas(edges, found):
    return [float(np.array(each["density"]) @ np.diff(edges)) for each in found]


def test_a_histogram_holds_every_event_once_and_weight_two_is_two_events():
    rng = np.random.default_rng(1)
    d, y = rng.normal(size=300), rng.integers(0, 3, 300)
    d[:2] = FARTHEST, -FARTHEST
    edges, found = histograms(d, y, None, None, 4)
    assert len(edges) == N_BINS + 1
    assert areas(edges, found) == pytest.approx([1.0, 1.0, 1.0, 0.0])
    copies, twice = histograms(np.tile(d, 2), np.tile(y, 2), None, None, 4)
    same, weighted = histograms(d, y, np.full(300, 2.0), None, 4)
    assert copies == pytest.approx(same)
    assert all(a["density"] == pytest.approx(b["density"]) for a, b in zip(twice, weighted, strict=True))
    n, width = (y == 0).sum(), np.diff(edges)
    counts = np.array(found[0]["density"]) * width * n
    assert np.array(found[0]["error"]) == pytest.approx(np.sqrt(counts) / (n * width))


def test_where_all_are_certain_there_still_are_bins():
    edges, found = histograms(np.array([FARTHEST, -FARTHEST]), np.array([0, 1]), None, None, 2)
    assert areas(edges, found) == pytest.approx([1.0, 1.0])
