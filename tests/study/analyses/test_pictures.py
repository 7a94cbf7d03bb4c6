"""Pictures of events: which are chosen, none of a sealed test, and the same bytes however a run came about."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import fivesigma as fs
from fivesigma._core.outputs import Output
from fivesigma.features.images.sersic import SersicFit
from fivesigma.record.sections.pictures import PicturesRecord, image_of
from fivesigma.simulate.tables import draw
from fivesigma.study.analyses.pictures.choice import Told, of_classes, of_numbers
from fivesigma.study.analyses.pictures.drawn import averaged, summed
from fivesigma.study.analyses.pictures.modelled import modelled
from fivesigma.study.plan import Entry
from fivesigma.study.preparation.prepare import prepare
from fivesigma.study.runner.run import canonical, resume, unblind
from fivesigma.study.spec.document import Spec

RNG = np.random.default_rng(5)
N = 120
Y = RNG.normal(20.0, 3.0, N)
IMAGES = RNG.normal(size=(N, 2, 6, 5)) + 0.2 * (Y - 20.0)[:, None, None, None]
STUDY = """
[data]
path = "maps.npz"
target = "y"
features = ["p", "d"]
units = { p = "keV" }
[split]
folds = 2
[features]
image = ["magnetisation"]
[[models]]
kind = "ridge"
[[models]]
kind = "cnn"
params = { channels = [4], epochs = 2, early_stopping = false }
[evaluate]
bootstrap = 100
refits = 2
claim = "fitted"
"""


def pictures(result: fs.Result) -> PicturesRecord:
    found = result.results.section(PicturesRecord)
    assert found is not None
    return found


def told(p: np.ndarray, y: np.ndarray, X: np.ndarray | None = None) -> Told:
    X = np.arange(len(y), dtype=float)[:, None, None] if X is None else X
    return Told(X, np.arange(len(y)), y, {Output.PROBABILITY: np.column_stack([1 - p, p])})


def test_the_surest_of_each_class_the_least_sure_and_the_wrongest_are_chosen() -> None:
    p = np.array([0.01, 0.02, 0.03, 0.45, 0.52, 0.6, 0.7, 0.8, 0.9, 0.9999])
    y = np.array([0, 0, 0, 1, 1, 1, 1, 0, 0, 1])
    found = {each.of: each.at for each in of_classes(told(p, y), 2, RNG, says=True)}
    np.testing.assert_array_equal(found["certain"], [0, 1, 2, 9, 8, 7])
    np.testing.assert_array_equal(found["doubtful"][:3], [4, 3, 5])
    np.testing.assert_array_equal(found["wrong"], [8, 7, 3])
    assert [each.of for each in of_classes(told(p, y), 2, RNG, says=False)] == ["examples", "examples"]


def test_examples_are_of_their_class_and_equal_pictures_are_shown_once() -> None:
    y, same = np.arange(40) % 2, np.ones((40, 1, 3))
    same[::4] = 2.0
    first, second = list(of_classes(told(np.full(40, 0.3), y, same), 2, RNG, says=False))
    assert set(y[first.at]) == {0}
    assert set(y[second.at]) == {1}
    assert (len(first.at), len(second.at)) == (2, 1)
    many = list(of_classes(told(np.full(40, 0.3), np.arange(40) % 10), 10, RNG, says=False))
    assert [len(each.at) for each in many] == [1] * 10


def test_numbers_have_examples_by_target_and_the_least_middle_and_largest_residual() -> None:
    y, said = np.arange(31.0), np.arange(31.0) + np.arange(31.0)[::-1]
    own = Told(np.arange(31.0)[:, None], np.arange(31), y, {Output.VALUE: said})
    found = {each.of: each.at for each in of_numbers(own, says=True)}
    np.testing.assert_array_equal(found["examples"], [0, 6, 12, 18, 24, 30])
    np.testing.assert_array_equal(found["least"], [30, 29, 28, 27, 26, 25])
    np.testing.assert_array_equal(found["middle"], [18, 17, 16, 15, 14, 13])
    np.testing.assert_array_equal(found["largest"], [0, 1, 2, 3, 4, 5])


def test_a_large_image_is_averaged_and_its_parts_are_summed() -> None:
    image = np.arange(130.0 * 65).reshape(130, 65)
    small = averaged(image)
    assert small.shape == (44, 22)
    assert small[0, 0] == image[:3, :3].mean()
    assert small[-1, -1] == image[129:, 63:].mean()
    assert summed(image).sum() == pytest.approx(image.sum())
    np.testing.assert_array_equal(averaged(image[:64, :64]), image[:64, :64])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> fs.Result:
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("maps")
    np.savez(folder / "maps.npz", p=IMAGES[:, :1], d=IMAGES[:, 1:], y=Y)
    (folder / "study.toml").write_text(STUDY)
    return fs.Study.read(folder / "study.toml").run(folder / "run", workers=1, progress=False)


def test_pictures_are_events_of_the_test_as_they_are_with_truth_and_answer(finished: fs.Result) -> None:
    kept = pictures(finished)
    assert (kept.part, kept.shape, kept.channel, kept.n_channels, kept.unit) == (
        "test",
        (6, 5),
        "p",
        2,
        "keV",
    )
    for each in kept.pictures:
        np.testing.assert_array_equal(image_of(each.pixels, (6, 5)), IMAGES[each.row, 0].astype(np.float32))
        assert each.value == (Y[each.row],)
        expected = finished.model(kept.model).predict(IMAGES[each.row : each.row + 1])
        assert each.said == pytest.approx(expected, rel=1e-6)
    assert [strip.of for strip in kept.strips] == ["examples", "least", "middle", "largest"]


def test_the_parts_of_the_network_are_of_all_channels_and_miss_their_sum_by_nothing(
    finished: fs.Result,
) -> None:
    kept = pictures(finished)
    own, network = kept.saliency, finished.model("cnn")
    assert own is not None
    assert (own.model, own.scale, len(own.maps)) == ("cnn", "prediction", 6)
    assert own.residual < 1e-5
    drawn = list(kept.pictures)
    rows = [drawn[each.picture].row for each in own.maps]
    np.testing.assert_allclose([each.score for each in own.maps], network.predict(IMAGES[rows]), rtol=1e-5)
    parts = np.array([image_of(each.pixels, (6, 5)).sum(dtype=float) for each in own.maps])
    base = np.array([each.score for each in own.maps]) - parts
    np.testing.assert_allclose(base, base[0], rtol=1e-4)


def test_a_network_of_images_refuses_a_gap_in_a_sentence(finished: fs.Result) -> None:
    X = IMAGES[:4].copy()
    X[2, 1, 0, 0] = np.nan
    words = r"1 of 4 events \(image\) miss a value \(first in row 2\), and 'cnn' takes no missing ones"
    with pytest.raises(fs.InputError, match=words):
        finished.model("cnn").predict(X)


def test_a_killed_run_draws_the_same_bytes_and_a_page_is_made_without_the_data(
    finished: fs.Result, tmp_path: Path
) -> None:
    half = tmp_path / "half"
    shutil.copytree(finished.path, half)
    for path in [*sorted((half / "tasks").glob("*.npz"))[::2], half / "results.json", half / "report.html"]:
        path.unlink()
    resume(half, workers=1, progress=False)
    one, two = (canonical(json.loads((each / "results.json").read_text())) for each in (half, finished.path))
    assert one == two


def test_neither_a_sealed_test_nor_an_event_without_weight_is_drawn(tmp_path: Path) -> None:
    np.savez(tmp_path / "maps.npz", p=IMAGES, y=Y > 20, w=np.arange(N) % 3)
    text = f'[data]\npath = "{tmp_path}/maps.npz"\nfeatures = ["p"]\ntarget = "y"\nweight = "w"\n[split]\nfolds = 2\n'
    text += '[features]\nimage = ["magnetisation"]\n[[models]]\nkind = "logistic"\n'
    text += '[evaluate]\nbootstrap = 100\nrefits = 2\nclaim = "fitted"\n'
    (tmp_path / "study.toml").write_text(text)
    study = fs.Study.read(tmp_path / "study.toml")
    tested = set(study.prepared().data.rows[study.prepared().split.tests["test"]].tolist())
    blind = study.run(tmp_path / "run", workers=1, progress=False, blind=True)
    shown = {each.row for each in pictures(blind).pictures}
    assert pictures(blind).part == "validation"
    assert not shown & tested
    assert all(row % 3 for row in shown)
    assert "The test set is sealed, and none of its events is shown" in (blind.path / "report.md").read_text()
    opened = pictures(unblind(blind.path))
    assert opened.part == "test"
    assert {each.row for each in opened.pictures} <= tested
    assert opened.saliency is None


SETTINGS = {"size": 20, "blended": 1.0}
GALAXIES = """
[data]
source = "simulate:galaxies"
features = ["image"]
target = "log10(flux_1)"
select = "n_1 > 1"
[source]
n = 40
size = 20
blended = 1.0
[features]
image = ["moments"]
[[models]]
kind = "linear"
"""


def test_a_fit_of_the_image_stands_beside_what_the_simulation_knows_of_it() -> None:
    prepared = prepare(Spec.from_toml(GALAXIES))
    entry = Entry("fit", "linear", image=("moments", {"kind": "sersic", "profiles": 2}))
    found = SimpleNamespace(ranked=["fit"], fitted={"fit": SimpleNamespace(entry=entry)})
    strips = [SimpleNamespace(of=of, pictures=[None] * 2) for of in ("examples", "least", "largest")]
    at = np.array([0, 1, 7, 3, 9, 4])
    made = modelled(prepared, found, strips, at, 0)
    assert (made.model, made.family) == ("fit", "sersic (profiles = 2)")
    assert [each.picture for each in made.maps] == [2, 4]
    truths = draw(
        "galaxies", n=40, seed=prepared.spec.study.seed, settings={**SETTINGS, "truth_images": True}
    )
    for row, each in zip((7, 9), made.maps, strict=True):
        image, whole = prepared.data.X[row, 0], image_of(each.whole, (20, 20))
        truth = truths.columns["truth_image"][prepared.data.rows[row]]
        np.testing.assert_array_equal(image_of(each.truth, (20, 20)), truth)
        measured = SersicFit(profiles=2).measured(np.asarray(image[None], dtype=float))
        assert each.chi2 == pytest.approx(measured[0, -1], rel=1e-6)
        assert np.std(image - whole) == pytest.approx(1.0, rel=0.3)
        assert whole.sum() > image_of(each.first, (20, 20)).sum() > 0
    none = SimpleNamespace(entry=Entry("fit", "linear", image=("moments",)))
    assert modelled(prepared, SimpleNamespace(ranked=["a"], fitted={"a": none}), strips, at, 0) is None
