"""Convolutional networks: what they learn, the laws they keep, and what they refuse."""

from __future__ import annotations

import json

import numpy as np
import pytest

import fivesigma as fs
from fivesigma._core.errors import InputError
from fivesigma.models.neural import CNNClassifier, CNNRegressor
from fivesigma.models.neural.convolution import Convolutional, ConvolutionalNetwork
from fivesigma.models.neural.pixels import Pixels, by_channel, channel_scale

torch = pytest.importorskip("torch", reason="torch is absent: pip install 'fivesigma[neural]'")

RNG = np.random.default_rng(7)
N = 240
NOISE = RNG.normal(size=(N, 2, 8, 8))
LABEL = np.arange(N) % 2
IMAGES = NOISE + np.where(LABEL[:, None, None, None] == 1, np.roll(NOISE, 1, axis=3), 0.0)
WAVES = IMAGES.reshape(N, 2, 64)
SIZE = IMAGES[:, 0].std(axis=(1, 2))
SMALL = {"channels": (4, 8), "epochs": 12, "learning_rate": 0.01, "hidden": 8}
FIT, HELD = slice(0, 180), slice(180, None)


@pytest.mark.parametrize("events", [IMAGES, WAVES], ids=["images", "sequences"])
@pytest.mark.parametrize(
    "settings", [{}, {"padding": "periodic"}, {"strided": True, "n_members": 2}], ids=str
)
def test_what_neighbours_have_in_common_is_learnt(events, settings) -> None:
    model = CNNClassifier(**SMALL | {"epochs": 25} | settings).fit(events[FIT], LABEL[FIT])
    assert model.score(events[HELD], LABEL[HELD]) > 0.8
    assert len(model.epoch_) == settings.get("n_members", 1)


def test_several_targets_and_laws_are_learnt_together() -> None:
    Y = np.column_stack([IMAGES[:, 0].mean(axis=(1, 2)), 1e6 * IMAGES[:, 1].mean(axis=(1, 2))])
    model = CNNRegressor("gaussian", **SMALL | {"epochs": 40, "n_members": 2}).fit(IMAGES[FIT], Y[FIT])
    found = model.predict(IMAGES[HELD])
    for j in (0, 1):
        assert np.corrcoef(found[:, j], Y[HELD, j])[0, 1] > 0.8
    assert model.predict_dist(IMAGES[HELD]).std.shape == (60, 2)


@pytest.mark.parametrize("periodic", [True, False])
def test_a_shift_of_a_periodic_field_changes_no_answer(periodic) -> None:
    shape = Convolutional(2, 8, 8, 3, channels=(4,), periodic=periodic)
    network = ConvolutionalNetwork(shape, shape.drawn(3).astype(np.float32))
    plain, shifted = (
        network.outputs(np.float32(X)) for X in (IMAGES[:5], np.roll(IMAGES[:5], (2, 3), (2, 3)))
    )
    assert (np.abs(plain - shifted).max() < 1e-6) == periodic


def test_the_formula_is_that_of_the_docs() -> None:
    shape = Convolutional(1, 1, 6, 1, channels=(1, 1), hidden=0, pool=3)
    theta = np.arange(1.0, shape.n_parameters + 1) / 10
    parts, x = shape.parts(theta), np.array([0.5, -1.0, 2.0, 0.3, 0.1, -0.7])

    def silu(a):
        return a / (1 + np.exp(-a))

    def convolved(a, W, b):
        return np.correlate(np.pad(a, 1), parts[W].ravel(), "valid") + parts[b]

    x1 = silu(convolved(x, "W0", "b0")).reshape(2, 3).mean(axis=1)
    x2 = silu(convolved(x1, "W1", "b1"))
    x3 = x2 + convolved(silu(convolved(x2, "W1.0", "b1.0")), "V1.0", "c1.0")
    expected = x3.mean() * parts["out"][0, 0] + parts["bias"][0]
    found = ConvolutionalNetwork(shape, theta.astype(np.float32)).outputs(np.float32(x)[None, None])
    np.testing.assert_allclose(found, [[expected]], rtol=1e-6)


def test_an_event_has_one_answer_in_any_company() -> None:
    model = CNNClassifier(**SMALL, n_members=2).fit(IMAGES[FIT], LABEL[FIT])
    whole, order = model.predict_proba(IMAGES), RNG.permutation(N)
    np.testing.assert_allclose(model.predict_proba(IMAGES[order]), whole[order], rtol=0, atol=1e-12)
    alone = [model.predict_proba(IMAGES[i : i + 1])[0] for i in range(5)]
    np.testing.assert_allclose(alone, whole[:5], rtol=0, atol=1e-12)


def test_weight_k_is_k_copies_to_the_last_bit() -> None:
    w = RNG.integers(0, 4, N)
    rows = np.repeat(np.arange(N), w)
    weighted = CNNClassifier(**SMALL).fit(IMAGES, LABEL, w.astype(float))
    copied = CNNClassifier(**SMALL).fit(IMAGES[rows], LABEL[rows])
    np.testing.assert_array_equal(weighted.predict_proba(IMAGES), copied.predict_proba(IMAGES))


@pytest.mark.parametrize(("a", "b"), [(2.0**-40, 0.0), (1e30, 0.0), (-3.0, 0.0), (1e-9, 5e-8)])
def test_the_unit_of_a_channel_has_no_say(a, b) -> None:
    told = IMAGES.copy()
    told[:, 1] = a * told[:, 1] + b
    plain, found = (CNNRegressor(**SMALL).fit(X[FIT], SIZE[FIT]).predict(X[HELD]) for X in (IMAGES, told))
    if a > 0:
        np.testing.assert_allclose(found, plain, rtol=0, atol=1e-9)
    else:
        assert np.isfinite(found).all()


def test_a_channel_has_one_mean_and_one_deviation() -> None:
    w = RNG.uniform(0.5, 2.0, N)
    scale = channel_scale(Pixels.of(IMAGES), w)
    table, of_pixel = by_channel(IMAGES), np.repeat(w, 64)
    mean = np.average(table, axis=0, weights=of_pixel)
    np.testing.assert_allclose(scale.centre, mean, rtol=0, atol=1e-13)
    np.testing.assert_allclose(scale.deviation**2, np.average((table - mean) ** 2, axis=0, weights=of_pixel))


def test_members_are_trained_alike_alone_and_together() -> None:
    both = CNNRegressor(**SMALL, n_members=2).fit(IMAGES, SIZE)
    alone = CNNRegressor(**SMALL).fit(IMAGES, SIZE)
    np.testing.assert_array_equal(both.predict_members(IMAGES)[0], alone.predict_members(IMAGES)[0])
    assert np.abs(np.diff(both.predict_members(IMAGES), axis=0)).max() > 1e-4


def test_float32_and_float64_of_equal_values_give_equal_bits() -> None:
    single = IMAGES.astype(np.float32)
    plain = CNNRegressor(**SMALL).fit(single.astype(float), SIZE).predict(single.astype(float))
    np.testing.assert_array_equal(CNNRegressor(**SMALL).fit(single, SIZE).predict(single), plain)


def test_threads_and_generators_of_others_are_untouched() -> None:
    threads, state, other = torch.get_num_threads(), torch.get_rng_state(), np.random.get_state()[1]  # noqa: NPY002
    model = CNNRegressor(**SMALL).fit(IMAGES, SIZE)
    model.predict(IMAGES)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(np.random.get_state()[1], other)  # noqa: NPY002


def test_a_training_goes_on_from_its_checkpoint(tmp_path) -> None:
    kept = CNNRegressor(**SMALL, checkpoint=str(tmp_path / "courses"))
    whole = CNNRegressor(**SMALL).fit(IMAGES, SIZE).predict(IMAGES)
    for _ in range(2):
        np.testing.assert_array_equal(kept.fit(IMAGES, SIZE).predict(IMAGES), whole)
    with pytest.raises(InputError, match="is of other rows or other settings"):
        kept.fit(-IMAGES, SIZE)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"channels": (4, 4, 4, 4, 4)},
            r"events of 8 x 8 pixels are smaller than the pooling of 5 stages by 2 \(16\)",
        ),
        ({"channels": ()}, r"channels is \(\); expected those of each stage"),
        ({"channels": (0,)}, "a stage of channels is 0; expected a whole number from 1"),
        ({"kernel": 4}, "kernel is 4; expected an odd number"),
        ({"padding": "mirror"}, "'mirror' is not a padding"),
        ({"n_blocks": -1}, "n_blocks is -1; expected a whole number from 0"),
        ({"batch_size": 10**6}, "batch_size is 1000000, but"),
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_is_one_sentence(settings, said) -> None:
    with pytest.raises(InputError, match=said):
        CNNRegressor(**SMALL | settings).fit(IMAGES, SIZE)


def test_events_of_another_size_are_refused() -> None:
    model = CNNRegressor(**SMALL).fit(IMAGES, SIZE)
    with pytest.raises(
        InputError, match=r"X has shape \(3, 2, 8, 9\); expected \(n, 2, 8, 8\), as in training"
    ):
        model.predict(np.zeros((3, 2, 8, 9)))


def test_a_study_of_images_is_equal_bytes_on_one_and_two_workers(tmp_path) -> None:
    data = fs.Dataset.from_arrays(IMAGES.astype(np.float32), LABEL)
    section = {"name": "net", "kind": "cnn", "params": {"channels": [4], "epochs": 3, "batch_size": 64}}
    found = []
    for workers in (1, 2):
        quick = {"split": {"folds": 2}, "evaluate": {"bootstrap": 100, "refits": 2}}
        result = fs.Study(data, models=[section], **quick).run(
            tmp_path / str(workers), workers=workers, progress=False
        )
        results = json.loads((tmp_path / str(workers) / "results.json").read_text())
        results.pop("timing")
        found.append(json.dumps(results))
        assert result.best.predict(IMAGES[:4]).shape[0] == 4
    assert found[0] == found[1]
    model = next(each for each in results["models"] if each["name"] == "net")
    assert model["status"] == "ok"
    assert model["history"]["members"]


def test_images_of_another_kind_or_too_small_are_one_sentence(tmp_path) -> None:
    section = {"kind": "cnn", "params": {"kernel": 4}}
    with pytest.raises(fs.InputError, match="cnn: kernel is 4; expected an odd number"):
        fs.Study(fs.Dataset.from_arrays(IMAGES, LABEL), models=[section]).check()
    with pytest.raises(
        fs.InputError, match=r"'cnn' takes events of kind image or sequence, and these .* 'table'"
    ):
        fs.Study(fs.Dataset.from_arrays(IMAGES.reshape(N, -1), LABEL), models=["cnn"]).check()
