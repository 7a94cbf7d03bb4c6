"""What is taken for which: known values, slopes, and what one class alone, absent or predicted, leaves."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma.risk.confusion import F1, Matthews
from fivesigma.risk.influence import Scored, influence, standard_errors
from fivesigma.risk.metrics import metric

BOTH = [pytest.param(each, id=each.name) for each in (F1(), Matthews())]


def labelled(y, said, n_classes=None):
    """Codes, and probabilities whose highest is that of the predicted class."""
    K = n_classes or 1 + max(*y, *said)
    return np.array(y), np.where(np.eye(K)[list(said)] == 1, 0.6, 0.4 / (K - 1))


def test_known_values_of_a_table_of_two_classes():
    y, p = labelled([1] * 8 + [0] * 12, [1] * 6 + [0] * 2 + [1] * 3 + [0] * 9)
    assert F1().value(y, p) == pytest.approx(2 * 6 / (2 * 6 + 3 + 2))
    assert Matthews().value(y, p) == pytest.approx((6 * 9 - 3 * 2) / np.sqrt(9 * 8 * 12 * 11))


def test_f1_is_of_the_signal_with_two_classes_and_the_plain_mean_with_three():
    y, p = labelled([0, 0, 0, 1], [0, 0, 0, 1], 3)
    assert np.isnan(F1().value(y, p))  # the third class is neither there nor predicted
    y, p = labelled([0, 0, 1, 2, 2], [0, 1, 1, 2, 0])
    assert F1().value(y, p) == pytest.approx(np.mean([0.5, 2 / 3, 2 / 3]))
    y, p = labelled([0, 0, 1], [0, 0, 0])
    assert F1().value(y, p) == 0.0


def test_one_class_alone_predicted_is_no_correlation_and_one_class_alone_has_none():
    y, p = labelled([0, 1, 0, 1], [0, 0, 0, 0], 2)
    assert Matthews().value(y, p) == 0.0
    y, p = labelled([1, 1, 1, 1], [0, 1, 0, 1], 2)
    assert np.isnan(Matthews().value(y, p))
    np.testing.assert_array_equal(
        Matthews().resampled(*labelled([0, 1], [0, 0], 2), None, np.ones((1, 2))), [0]
    )


def test_weights_whose_sum_rounds_leave_one_class_alone_what_it_is():
    w = np.full(7, 0.1) * 3
    y, p = labelled([0, 1, 0, 1, 0, 0, 1], [1] * 7, 2)
    assert Matthews().value(y, p, w) == 0.0


@pytest.mark.parametrize("each", BOTH)
@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_slopes_are_the_derivatives_of_the_score_in_the_sums(each, n_classes):
    rng = np.random.default_rng(0)
    y, said = rng.integers(0, n_classes, 80), rng.integers(0, n_classes, 80)
    y, p = labelled(y, np.where(rng.random(80) < 0.5, y, said), n_classes)
    sums = each.terms(y, p, np.ones(80), None).sum(axis=0)
    steps = 1e-4 * np.eye(len(sums))
    # what is predicted and what there is have one sum: a step that keeps it is the mean of slopes along both
    found = (each.combine(sums + steps, 1.0) - each.combine(sums - steps, 1.0)) / 2e-4
    K = n_classes
    expected = each.slopes(sums[None])[0]
    np.testing.assert_allclose(found[:K], expected[:K], rtol=1e-5, atol=1e-9)
    moves = np.subtract.outer(found[K:], found[K:]), np.subtract.outer(expected[K:], expected[K:])
    for side in (slice(0, K), slice(K, 2 * K)):
        np.testing.assert_allclose(moves[0][side, side], moves[1][side, side], rtol=1e-4, atol=1e-8)


def test_the_baseline_that_predicts_one_class_does_not_move():
    y, p = labelled([0, 1, 0, 1, 0, 0], [0] * 6, 2)
    here = Scored(y, p, None)
    np.testing.assert_array_equal(influence(Matthews(), here), np.zeros(6))
    np.testing.assert_array_equal(standard_errors(Matthews(), here, np.ones((2, 6), np.uint8)), [0.0, 0.0])


@pytest.mark.parametrize("each", BOTH)
def test_many_classes_take_no_time(each):
    rng = np.random.default_rng(0)
    y, p = rng.permutation(np.arange(600) % 60), rng.dirichlet(np.ones(60), 600)
    counts = rng.poisson(1.0, (20, 600)).astype(np.uint8)
    errors = standard_errors(each, Scored(y, p, None), counts)
    assert errors.shape == (20,)
    assert np.isfinite(errors[each.resampled(y, p, None, counts) > -2]).all()


def test_they_are_metrics_by_name():
    assert (metric("f1").label, metric("matthews").label) == ("F1", "Matthews correlation")
