"""What a fit says, by name: stored and read again, joined, and what a metric finds in it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from fivesigma._core.outputs import Output
from fivesigma.models.spaces import Choice
from fivesigma.models.tuned import Tuned
from fivesigma.risk.metrics import METRICS, metric
from fivesigma.risk.predictive import LEVELS
from fivesigma.study.fit.prediction import each, joined, packed, quantiles, scored, unpacked

SHAPES = {
    Output.VALUE: (),
    Output.LAW: (13,),
    Output.INTERVAL: (2, 2),
    Output.PROBABILITY: (3,),
    Output.LABEL: (),
    Output.MEMBERSHIP: (2,),
    Output.DENSITY: (),
    Output.SAMPLE: (4, 5),
}


@given(
    outputs=st.sets(st.sampled_from(list(Output)), min_size=1), n=st.integers(0, 5), seed=st.integers(0, 99)
)
@settings(deadline=None, max_examples=40, derandomize=True)
def test_what_is_packed_is_unpacked(outputs, n, seed):
    rng = np.random.default_rng(seed)
    parts = {
        part: {output: rng.random((n, *SHAPES[output])) for output in sorted(outputs)}
        for part in ("train", "a test/of two words")
    }
    found = unpacked(packed(parts))
    assert list(found) == list(parts)
    for part, said in parts.items():
        assert list(found[part]) == list(said)
        for output, values in said.items():
            np.testing.assert_array_equal(found[part][output], values)


@pytest.mark.parametrize("output", list(Output))
def test_two_columns_are_two_columns_but_of_probabilities(output):
    """A law of two quantiles, two targets or two clusters are no two classes: the name says it, not the shape."""
    values = np.array([[0.25, 0.75], [0.5, 0.5]])
    (kept,) = packed({"train": {output: values}}).values()
    assert kept.shape == ((2, 1) if output is Output.PROBABILITY else (2, 2))
    np.testing.assert_array_equal(unpacked({f"train/{output}": kept})["train"][output], values)


def test_a_metric_scores_what_it_names_and_a_value_stands_for_a_law():
    said = {Output.VALUE: np.array([1.0]), Output.DENSITY: np.array([-1.0])}
    found = {name for name in METRICS if scored(said, metric(name)) is not None}
    assert {"rmse", "crps", "nll", "log_likelihood"} <= found
    assert not found & {"roc_auc", "overlap", "accuracy"}
    law = np.zeros((1, 13))
    assert scored(said | {Output.LAW: law}, metric("crps")) is law
    assert scored({Output.LAW: law}, metric("rmse")) is None


def test_parts_are_joined_and_changed_output_by_output():
    one = {Output.VALUE: np.array([1.0, 2.0]), Output.LAW: np.zeros((2, 13))}
    both = joined([one, each(one, lambda values: values + 3.0)])
    assert both[Output.VALUE].tolist() == [1.0, 2.0, 4.0, 5.0]
    assert both[Output.LAW].shape == (4, 13)


def test_a_model_without_a_law_has_no_quantiles_searched_or_not():
    X = np.arange(40.0)[:, None]
    fitted = LinearRegression().fit(X, X[:, 0])
    assert quantiles(fitted, X, LEVELS) is None
    searched = Tuned(LinearRegression(), {"fit_intercept": Choice((True, False))}, trials=2, n_folds=2)
    assert quantiles(searched.fit(X, X[:, 0]), X, LEVELS) is None
