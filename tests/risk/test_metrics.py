"""Laws over the whole family of metrics, hand-worked cases and reference implementations."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from fivesigma._core.errors import InputError
from fivesigma._core.outputs import Output
from fivesigma.risk.cuts import asimov_significance
from fivesigma.risk.metrics import DEFAULT, METRICS, Metric, metric, metrics_for
from fivesigma.risk.quantiles import quantiles

CUT = 0.45
LAW = settings(deadline=None, max_examples=25, derandomize=True)


def sample(seed: int, n: int, task: str, n_classes: int = 2, *, coarse: bool = False):
    """Truth, prediction and weights; ``coarse`` predictions hold many ties."""
    rng = np.random.default_rng(seed)
    w = np.where(rng.random(n) < 0.15, 0.0, rng.integers(1, 12, n) / 4)
    if task == "regression":
        y = rng.normal(3, 2, n)
        prediction = y + rng.normal(0.1, 0.5, n)
        return y, np.round(prediction, 1) if coarse else prediction, w
    if task == "clustering":
        y = rng.permutation(np.arange(n) % n_classes)
        labels = np.where(rng.random(n) < 0.3, rng.integers(-1, n_classes + 1, n), y)
        return y, labels, w
    y = rng.permutation(np.arange(n) % n_classes)
    logits = rng.normal(size=(n, n_classes)) + 1.2 * (y[:, None] == np.arange(n_classes))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    if coarse:
        p = np.round(p * 8) + 0.5
        p /= p.sum(axis=1, keepdims=True)
    return y, p, w


TASKS = {
    Output.PROBABILITY: "classification",
    Output.VALUE: "regression",
    Output.LAW: "regression",
    Output.LABEL: "clustering",
    Output.DENSITY: "clustering",
}


def scenes() -> list:
    """Every metric with every kind of prediction that it scores."""
    cases = []
    for each in METRICS.values():
        task = TASKS[each.scores]
        sizes = [2] if each.binary_only or task == "regression" else [2, 3]
        cases += [pytest.param(each, task, k, id=f"{each.name}-{k}") for k in sizes]
    return cases


def arguments(each: Metric) -> dict:
    return {"cut": CUT, "scale": 7.0} if each.binary_only else {}


@pytest.mark.parametrize(("each", "task", "n_classes"), scenes())
@given(seed=st.integers(0, 10**6), n=st.integers(12, 60), coarse=st.booleans())
@LAW
def test_weight_is_number_of_copies(each, task, n_classes, seed, n, coarse):
    y, prediction, _ = sample(seed, n, task, n_classes, coarse=coarse)
    k = np.random.default_rng(seed).integers(0, 4, n)
    weighted = each.value(y, prediction, k.astype(float), **arguments(each))
    copied = each.value(np.repeat(y, k), np.repeat(prediction, k, axis=0), **arguments(each))
    np.testing.assert_allclose(weighted, copied, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("each", "task", "n_classes"), scenes())
@given(seed=st.integers(0, 10**6), n=st.integers(12, 60), coarse=st.booleans())
@LAW
def test_resampled_is_value_on_repeated_rows(each, task, n_classes, seed, n, coarse):
    y, prediction, w = sample(seed, n, task, n_classes, coarse=coarse)
    counts = np.random.default_rng(seed).poisson(1.0, (4, n)).astype(np.uint8)
    counts[0], counts[1] = 1, (w > 0).astype(np.uint8)
    got = each.resampled(y, prediction, w, counts, **arguments(each))
    for c, resampled in zip(counts, got, strict=True):
        rows = np.repeat(np.arange(n), c)
        value = each.value(y[rows], prediction[rows], w[rows], **arguments(each)) if rows.size else np.nan
        np.testing.assert_allclose(resampled, value, rtol=1e-9, atol=1e-9)
    assert not np.isinf(got).any()


@pytest.mark.parametrize(("each", "task", "n_classes"), scenes())
@given(seed=st.integers(0, 10**6))
@LAW
def test_order_of_events_and_unit_of_weight_change_nothing(each, task, n_classes, seed):
    y, prediction, w = sample(seed, 40, task, n_classes)
    order = np.random.default_rng(seed).permutation(40)
    value = each.value(y, prediction, w, **arguments(each))
    np.testing.assert_allclose(
        each.value(y[order], prediction[order], w[order], **arguments(each)), value, rtol=1e-9, atol=1e-12
    )
    if each.name not in ("asimov", "asimov_10", "ams", "adjusted_rand"):  # yields and pairs count events
        np.testing.assert_allclose(
            each.value(y, prediction, 3 * w, **arguments(each)), value, rtol=1e-9, atol=1e-12
        )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("coarse", [False, True])
def test_equal_to_scikit_learn(weighted, coarse):
    y, p, w = sample(3, 500, "classification", coarse=coarse)
    w = w if weighted else None
    pairs = {
        "roc_auc": reference.roc_auc_score(y, p[:, 1], sample_weight=w),
        "log_loss": reference.log_loss(y, p, sample_weight=w),
        "brier": reference.brier_score_loss(y, p[:, 1], sample_weight=w),
        "accuracy": reference.accuracy_score(y, p.argmax(axis=1), sample_weight=w),
        "balanced_accuracy": reference.balanced_accuracy_score(y, p.argmax(axis=1), sample_weight=w),
        "average_precision": reference.average_precision_score(y, p[:, 1], sample_weight=w),
        "f1": reference.f1_score(y, p.argmax(axis=1), sample_weight=w),
        "matthews": reference.matthews_corrcoef(y, p.argmax(axis=1), sample_weight=w),
    }
    for name, expected in pairs.items():
        assert metric(name).value(y, p, w) == pytest.approx(expected, abs=1e-12, rel=0)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("coarse", [False, True])
def test_three_classes_equal_to_scikit_learn(weighted, coarse):
    y, p, w = sample(4, 300, "classification", 3, coarse=coarse)
    w, said = (w if weighted else None), p.argmax(axis=1)
    pairs = {
        "average_precision": reference.average_precision_score(np.eye(3)[y], p, sample_weight=w),
        "f1": reference.f1_score(y, said, sample_weight=w, average="macro"),
        "matthews": reference.matthews_corrcoef(y, said, sample_weight=w),
    }
    for name, expected in pairs.items():
        assert metric(name).value(y, p, w) == pytest.approx(expected, abs=1e-12, rel=0)
    auc = reference.roc_auc_score(y, p, sample_weight=w, multi_class="ovr", average="macro")
    assert metric("roc_auc").value(y, p, w) == pytest.approx(auc, abs=1e-12, rel=0)
    assert metric("log_loss").value(y, p, w) == pytest.approx(
        reference.log_loss(y, p, sample_weight=w), abs=1e-12, rel=0
    )
    square = ((p - np.eye(3)[y]) ** 2).sum(axis=1)
    assert metric("brier").value(y, p, w) == pytest.approx(np.average(square, weights=w), abs=1e-12)


def test_log_loss_of_a_certain_error_is_clipped_as_in_scikit_learn():
    y, p = np.array([0, 1, 1]), np.array([[0.0, 1.0], [0.0, 1.0], [0.3, 0.7]])
    assert metric("log_loss").value(y, p) == pytest.approx(reference.log_loss(y, p), abs=1e-12, rel=0)


@pytest.mark.parametrize("weighted", [False, True])
def test_regression_equal_to_reference(weighted):
    y, p, w = sample(5, 400, "regression")
    w = w if weighted else None
    assert metric("r2").value(y, p, w) == pytest.approx(reference.r2_score(y, p, sample_weight=w), abs=1e-12)
    mse = reference.mean_squared_error(y, p, sample_weight=w)
    assert metric("rmse").value(y, p, w) == pytest.approx(np.sqrt(mse), abs=1e-12)
    mae = reference.mean_absolute_error(y, p, sample_weight=w)
    assert metric("mae").value(y, p, w) == pytest.approx(mae, abs=1e-12)
    covariance = np.cov(y, p, aweights=w)
    r = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    assert metric("pearson_r").value(y, p, w) == pytest.approx(r, abs=1e-12)


def test_r2_keeps_its_digits_far_from_zero():
    y, p, _ = sample(6, 100, "regression")
    assert metric("r2").value(y + 1e8, p + 1e8) == pytest.approx(metric("r2").value(y, p), rel=1e-6)


def test_median_and_scatter_by_hand():
    r = np.array([-2.0, -1.0, 0.0, 1.0, 10.0])
    y = np.array([5.0, 1.0, 2.0, 8.0, 3.0])
    assert metric("median_bias").value(y, y + r) == pytest.approx(0.0, abs=1e-12)
    w = np.array([1.0, 1.0, 0.0, 1.0, 1.0])  # the median of -2, -1, 1, 10 lies midway
    assert metric("median_bias").value(y, y + r, w) == pytest.approx(0.0, abs=1e-12)
    assert metric("scatter").value(y, y + r) == pytest.approx(
        (10 - -2) / 2
    )  # 16 % of 5 is the 1st, 84 % the 5th
    r = np.random.default_rng(0).normal(0, 0.3, 20_000)
    assert metric("scatter").value(np.zeros(20_000), r) == pytest.approx(0.3, rel=0.02)


def test_quantiles_are_numpy_s_averaged_inverted_distribution():
    x = np.random.default_rng(0).normal(size=40)
    levels = [0.0, 0.1, 0.16, 0.5, 0.84, 1.0]
    expected = np.quantile(x, levels, method="averaged_inverted_cdf")
    np.testing.assert_allclose(quantiles(x, levels), expected, rtol=1e-14)


def test_calibration_error_of_a_known_offset():
    rng = np.random.default_rng(1)
    p = rng.uniform(0.1, 0.8, 200_000)
    y = (rng.random(p.size) < p + 0.1).astype(int)  # too low by 0.1 everywhere
    assert metric("ece").value(y, np.column_stack([1 - p, p])) == pytest.approx(0.1, abs=0.005)
    assert metric("ece").interval is False


def test_calibration_error_by_hand():
    p = np.arange(20) / 20  # ten bins of two events each
    y = np.tile([0, 1], 10)
    expected = np.mean([abs(p[i : i + 2].sum() - 1) / 2 for i in range(0, 20, 2)])
    assert metric("ece").value(y, np.column_stack([1 - p, p])) == pytest.approx(expected, abs=1e-12)


# --- cuts


def test_cut_is_chosen_on_some_rows_and_read_off_on_others():
    p = np.array([0.9, 0.8, 0.7, 0.6, 0.75, 0.1, 0.2, 0.3])
    y = np.array([1, 1, 1, 1, 0, 0, 0, 0])
    prediction = np.column_stack([1 - p, p])
    assert metric("rejection_50").cut(y, prediction) == 0.8
    assert metric("rejection_80").cut(y, prediction) == 0.6
    assert np.isnan(metric("rejection_50").value(y, prediction, cut=0.8))  # no background passes
    assert metric("rejection_80").value(y, prediction, cut=0.6) == 4.0
    assert metric("rejection_80").value(y, prediction, cut=0.3) == 2.0  # a row at the cut passes
    assert metric("rejection_80").value(y, prediction) == 4.0  # without a cut: that of the same rows
    assert metric("roc_auc").cut(y, prediction) is None


def test_yields_follow_scale_and_resampled_sum_of_weights():
    p, y = np.array([0.9, 0.8, 0.2]), np.array([1, 0, 0])
    prediction, w = np.column_stack([1 - p, p]), np.array([10.0, 100.0, 5.0])
    asimov = metric("asimov")
    assert asimov.value(y, prediction, w, cut=0.5) == pytest.approx(0.983992, abs=1e-6)
    assert asimov.value(y, prediction, w, cut=0.5, scale=4.0) == pytest.approx(2 * 0.983992, abs=2e-6)
    got = asimov.resampled(y, prediction, w, np.array([[1, 1, 1], [4, 4, 0], [1, 0, 1]]), cut=0.5)
    np.testing.assert_allclose(got, [0.983992, 2 * 0.983992, np.nan], atol=2e-6)


def test_chosen_cut_leaves_ten_background_events():
    rng = np.random.default_rng(2)
    y = (rng.random(600) < 0.3).astype(int)
    p = 1 / (1 + np.exp(-rng.normal(3 * y - 1.5, 1)))
    prediction = np.column_stack([1 - p, p])
    for name in ("asimov", "asimov_10", "ams"):
        cut = metric(name).cut(y, prediction)
        assert ((p >= cut) & (y == 0)).sum() >= 10
        allowed = [c for c in np.sort(p) if ((p >= c) & (y == 0)).sum() >= 10]
        best = max(allowed, key=lambda c: metric(name).value(y, prediction, cut=c))
        assert cut == best


@pytest.mark.filterwarnings("ignore:jsonschema.RefResolver:DeprecationWarning")
def test_asimov_equals_pyhf():
    pyhf = pytest.importorskip("pyhf")
    rng = np.random.default_rng(7)
    b = 10 ** rng.uniform(0, 3, 12)
    s, sigma = b * 10 ** rng.uniform(-1.3, 0.5, 12), b * rng.uniform(0.03, 0.4, 12)
    for row in zip(s, b, sigma, strict=True):
        model = pyhf.simplemodels.uncorrelated_background([row[0]], [row[1]], [row[2]])
        data = [row[0] + row[1], *model.config.auxdata]
        p = float(pyhf.infer.hypotest(0.0, data, model, test_stat="q0"))
        assert float(asimov_significance(*row)) == pytest.approx(norm.isf(p), abs=1e-6)


@pytest.mark.parametrize(
    ("s", "b", "sigma", "expected"),
    [(50, 100, 10, 3.17297), (5, 1, 0.3, 3.11027), (10, 100, 5, 0.87725), (10, 100, 0, 0.983992)],
)
def test_asimov_golden_values(s, b, sigma, expected):
    assert float(asimov_significance(s, b, sigma)) == pytest.approx(expected, abs=6e-6)


def _asimov_in_fifty_digits(s: float, b: float, sigma: float) -> float:
    from decimal import Decimal, getcontext

    getcontext().prec = 80
    s, b, v = Decimal(s), Decimal(b), Decimal(sigma) ** 2
    n = s + b
    if v == 0:
        square = 2 * (n * (n / b).ln() - s)
    else:
        first = n * (n * (b + v) / (b * b + n * v)).ln()
        square = 2 * (first - b * b / v * (1 + v * s / (b * (b + v))).ln())
    return float(square.sqrt())


@pytest.mark.parametrize("ratio", [1e-12, 1e-9, 1e-6, 9.9e-6, 1e-5, 0.0199, 0.0201, 0.3, 10.0, 1e4])
@pytest.mark.parametrize("relative", [0.0, 1e-6, 1e-3, 0.02, 0.1, 0.5, 3.0])
@pytest.mark.parametrize("b", [1e-3, 1.0, 1e3, 1e9])
def test_asimov_is_stable(ratio, relative, b):
    expected = _asimov_in_fifty_digits(ratio * b, b, relative * b)
    assert float(asimov_significance(ratio * b, b, relative * b)) == pytest.approx(expected, rel=1e-9)


# --- refusals


@pytest.mark.parametrize("each", [m for m in METRICS.values() if m.scores is Output.PROBABILITY], ids=str)
def test_absent_class_is_never_infinite(each):
    y, prediction, _ = sample(0, 30, "classification")
    for absent in (0, 1):
        counts = np.stack([(y != absent).astype(np.uint8), np.zeros(30, dtype=np.uint8)])
        got = each.resampled(y, prediction, None, counts, **arguments(each))
        assert not np.isinf(got).any()
        if each.name in ("roc_auc", "balanced_accuracy", "average_precision", "matthews"):
            assert np.isnan(got).all()


def test_constant_target_has_no_r2():
    assert np.isnan(metric("r2").value(np.full(9, 0.1), np.arange(9.0)))
    assert np.isnan(metric("pearson_r").value(np.arange(9.0), np.full(9, 0.1)))


def test_refusals_say_what_to_do():
    y, p, _ = sample(0, 20, "classification", 3)
    with pytest.raises(InputError, match="two classes"):
        metric("ams").value(y, p)
    with pytest.raises(InputError, match="class codes from 0 to 2"):
        metric("accuracy").value(y, p[:, :2])
    with pytest.raises(InputError, match="not finite"):
        metric("accuracy").value(y, p * np.nan)
    with pytest.raises(InputError, match="counts have shape"):
        metric("accuracy").resampled(y, p, None, np.ones((3, 7)))
    with pytest.raises(InputError, match="Did you mean 'roc_auc'"):
        metric("roc_au")


def test_registry_is_complete():
    names = "accuracy balanced_accuracy roc_auc log_loss brier ece rejection_30 rejection_50 rejection_80"
    names += " average_precision f1 matthews asimov ams r2 rmse mae median_bias scatter pearson_r"
    assert set(names.split()) <= set(METRICS)
    assert all(METRICS[name].name == name for name in METRICS)
    assert DEFAULT["classification"] in {each.name for each in metrics_for([Output.PROBABILITY], 3)}
    assert not any(each.binary_only for each in metrics_for([Output.PROBABILITY], 3))
    assert metric("median_bias").merit([-2.0, 1.0]).tolist() == [-2.0, -1.0]
    assert metric("rmse").merit([2.0]).tolist() == [-2.0]


def test_chunks_do_not_show(monkeypatch):
    y, p, w = sample(9, 50, "classification", coarse=True)
    counts = np.random.default_rng(0).poisson(1, (40, 50)).astype(np.uint8)
    whole = {each.name: each.resampled(y, p, w, counts) for each in metrics_for([Output.PROBABILITY], 2)}
    monkeypatch.setattr("fivesigma.risk.metric.CHUNK", 170)
    for each in metrics_for([Output.PROBABILITY], 2):
        np.testing.assert_allclose(each.resampled(y, p, w, counts), whole[each.name], rtol=1e-12)


def test_every_metric_has_a_label_of_its_own():
    labels = [each.label for each in METRICS.values()]
    assert len(set(labels)) == len(labels)
    assert all(label.strip() == label and "_" not in label for label in labels)
    assert METRICS["asimov_10"].label == "Asimov significance, background known to 10 %"
    assert METRICS["rejection_30"].label == "background rejection at 30 % signal efficiency"
