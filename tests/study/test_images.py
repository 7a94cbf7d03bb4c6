"""Images in a study: models of tables get features, named in the study file; those of images get them as they are."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import polars
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

import fivesigma as fs
from fivesigma.record.sections.image_features import ImageFeaturesRecord
from fivesigma.study.finished.predict import predict
from fivesigma.study.plan import Entry
from fivesigma.study.preparation.prepare import prepare
from fivesigma.study.runner.run import canonical, resume
from fivesigma.study.spec.document import Spec

QUICK = {"split": {"folds": 2}, "evaluate": {"bootstrap": 100, "refits": 2, "claim": "fitted"}}
RNG = np.random.default_rng(8)
Y = np.arange(160) % 2
SPINS = np.where(RNG.random((160, 1, 6, 6)) < np.where(Y, 0.9, 0.6)[:, None, None, None], 1.0, -1.0)
SPINS *= RNG.choice([-1.0, 1.0], size=(160, 1, 1, 1))
DATA = fs.Dataset.from_arrays(SPINS, Y, names=["s"], units=["muB"])


class Brightness(ClassifierMixin, BaseEstimator):
    """Takes images as they are."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        assert X.ndim == 4
        return self

    def predict_proba(self, X):
        m = np.abs(X.mean(axis=(1, 2, 3)))
        return np.column_stack([1 - m, m])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


STUDY = """
[data]
path = "spins.npz"
target = "y"
features = ["s"]
units = { s = "muB" }
[split]
folds = 2
[features]
image = ["magnetisation", "power"]
[[models]]
name = "order parameter"
kind = "logistic"
features = ["|m|"]
[[models]]
kind = "tree"
[[models]]
name = "pixels"
kind = "logistic"
image = "pixels"
[evaluate]
bootstrap = 100
refits = 2
claim = "fitted"
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, fs.Result]:
    folder = tmp_path_factory.mktemp("spins")
    np.savez(folder / "spins.npz", s=SPINS, y=Y)
    (folder / "study.toml").write_text(STUDY)
    study = fs.Study.read(folder / "study.toml")
    return folder, study.run(folder / "run", workers=1, progress=False)


def test_models_of_tables_get_the_features_that_they_or_the_study_name(
    finished: tuple[Path, fs.Result],
) -> None:
    _, result = finished
    assert (result.results.data.kind, result.results.data.shape) == ("image", (1, 6, 6))
    assert result.model("order parameter").names == ("|m|",)
    assert result.model("tree").names == ("|m|", "energy per bond", "ln P(k=1)", "ln P(k=2)", "ln P(k=3)")
    assert result.model("tree").meta["units"][:2] == ["muB", "(muB)^2"]
    assert len(result.model("pixels").names) == 36
    scores = {each.name: each.scores["test"]["roc_auc"].value for each in result.results.models}
    assert scores["order parameter"] > 0.9 > 0.75 > scores["pixels"]


def test_record_and_page_say_what_each_model_saw(finished: tuple[Path, fs.Result]) -> None:
    folder, result = finished
    kept = result.results.model("tree").section(ImageFeaturesRecord)
    assert kept is not None
    assert (kept.families, kept.n_columns, kept.names[0]) == (("magnetisation", "power"), 5, "|m|")
    page = (folder / "run" / "report.html").read_text(encoding="utf-8")
    text = (folder / "run" / "report.md").read_text(encoding="utf-8")
    for told in (page, text):
        assert "What the models saw" in told
        assert "pixel 0,0, pixel 0,1" in told
    assert result.results.model("dummy").section(ImageFeaturesRecord) is None


def test_a_saved_model_measures_images_as_training_did(
    finished: tuple[Path, fs.Result], tmp_path: Path
) -> None:
    folder, result = finished
    for name in ("order parameter", "tree", "pixels"):
        model = result.model(name)
        said = model.predict_proba(SPINS)
        np.testing.assert_array_equal(said, model.predict_proba(DATA))
        np.testing.assert_array_equal(said, model.predict_proba(model.columns(SPINS)))
        predict(folder / "run", folder / "spins.npz", tmp_path / "said.csv", model=name)
        told = polars.read_csv(tmp_path / "said.csv").select(f"{name}:0", f"{name}:1").to_numpy()
        np.testing.assert_allclose(told, said, rtol=1e-12)
    with pytest.raises(fs.InputError, match=r"shape \(2, 1, 5, 6\); expected \(n, 1, 6, 6\)"):
        result.model("tree").predict(SPINS[:2, :, :5])


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"t": SPINS}, r"new.npz: has no array 's', on which this model was trained; its arrays: t"),
        ({"s": SPINS[:, 0]}, r"'sequence'; the model was trained on 'image', \(n, 1, 6, 6\)"),
        ({"s": np.concatenate([SPINS, SPINS], 1)}, r"2 channels \(s0, s1\); .* trained on 1 channel \(s\)"),
        ({"s": SPINS[:, :, :5]}, r"shape \(160, 1, 5, 6\); expected \(n, 1, 6, 6\), as in training"),
        (
            {"s": np.where(np.arange(160)[:, None, None, None] == 3, np.nan, SPINS)},
            r"no value at all .* row 3",
        ),
        ({"s": np.zeros(4)}, "has no column of arrays"),
    ],
    ids=["another name", "no channel", "two channels", "another size", "no value", "a number each"],
)
def test_a_new_file_that_is_not_as_in_training_is_a_sentence(
    finished: tuple[Path, fs.Result], tmp_path: Path, arrays: dict[str, np.ndarray], words: str
) -> None:
    np.savez(tmp_path / "new.npz", **arrays)
    with pytest.raises(fs.InputError, match=words):
        predict(finished[0] / "run", tmp_path / "new.npz", tmp_path / "said.csv", model="tree")


def test_features_are_measured_once_for_all_fits_and_pixels_are_not_kept_twice() -> None:
    study = fs.Study(
        DATA, models=["tree", "logistic"], features={"image": ["magnetisation", "pixels"]}, **QUICK
    )
    fit_data = study.prepared().fit_data
    assert fit_data.measured.shape == (160, 2)
    entry = Entry("m", "tree", image=("magnetisation", "pixels"), features=("pixel 5,5", "|m|"))
    found = fit_data.table(np.array([9, 3, 9]), entry)
    np.testing.assert_array_equal(found[:, 0], SPINS[[9, 3, 9], 0, 5, 5])
    np.testing.assert_allclose(found[:, 1], np.abs(SPINS[[9, 3, 9]].mean(axis=(1, 2, 3))))


def test_what_takes_images_gets_them_beside_models_of_their_features(tmp_path: Path) -> None:
    models = [("mine", Brightness()), "logistic"]
    study = fs.Study(DATA, models=models, features={"image": ["magnetisation"]}, **QUICK)
    one, two = (study.run(tmp_path / str(k), workers=k, progress=False) for k in (1, 2))
    assert {each.status for each in one.results.models} == {"ok"}
    a, b = ((tmp_path / str(k) / "predictions.parquet").read_bytes() for k in (1, 2))
    assert a == b
    assert two.results.best in ("mine", "logistic")


def test_an_image_without_such_a_number_is_predicted_all_the_same(tmp_path: Path) -> None:
    """A blank image has no size; where events with gaps are dropped it has none, and is kept."""
    X = np.array(SPINS)
    X[:4] = 0.0
    X[4, 0, 0, 0] = np.nan
    data = fs.Dataset.from_arrays(X, Y, names=["s"])
    features = {"image": ["moments"], "missing": "drop"}
    result = fs.Study(data, models=["logistic"], features=features, **QUICK).run(
        tmp_path / "run", progress=False
    )
    assert result.results.model("logistic").status == "ok"
    assert result.results.data.n_samples == 159
    assert np.isfinite(result.model("logistic").predict_proba(np.zeros((1, 1, 6, 6)))).all()


@pytest.mark.parametrize(
    ("models", "features", "words"),
    [
        (["logistic"], {}, r'are of kind \'image\'; set features.image = \["moments", …\]'),
        (
            [("mine", Brightness())],
            {"image": ["moment"]},
            "features.image.*'moment' is not.*Did you mean 'moments'",
        ),
        (["logistic"], {"image": ["moments", "moments"]}, "'moments' twice"),
    ],
)
def test_what_cannot_be_is_a_sentence(models: list[object], features: dict[str, object], words: str) -> None:
    with pytest.raises(fs.InputError, match=words):
        fs.Study(DATA, models=models, features=features, **QUICK).check()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('kind = "tree"\nfeatures = ["size"]', r"models\[0\]: 'size' is not one of its image features"),
        (
            'kind = "dummy"\nimage = ["power"]',
            "'dummy' takes events of kind 'image' as they are; remove image",
        ),
        ('kind = "tree"\nimage = [{ kind = "power", n = 3 }]', "'power' have no setting n"),
        ('kind = "tree"\nimage = []', r"\[\] is no family of image features"),
    ],
)
def test_an_entry_that_cannot_be_is_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    np.savez(tmp_path / "spins.npz", s=SPINS, y=Y)
    head = STUDY.split("[[models]]")[0]
    (tmp_path / "study.toml").write_text(f"{head}[[models]]\n{text}\n")
    with pytest.raises(fs.InputError, match=words):
        fs.Study.read(tmp_path / "study.toml").check()


def test_features_of_images_are_of_no_table() -> None:
    table = fs.Dataset.from_arrays(SPINS.reshape(160, -1), Y)
    with pytest.raises(
        fs.InputError, match="of images and sequences, and an event is of kind 'table'; remove"
    ):
        fs.Study(table, models=["tree"], features={"image": ["power"]}, **QUICK).check()


def test_simulated_images_are_images_where_they_are_named() -> None:
    text = '[data]\nsource = "simulate:galaxies"\nfeatures = ["image"]\ntarget = "log10(flux_1)"\n'
    text += '[source]\nn = 60\nsize = 8\n[features]\nimage = ["moments"]\n[[models]]\nkind = "linear"\n'
    made = prepare(Spec.from_toml(text))
    assert (made.data.kind, made.data.X.shape, made.data.X.dtype) == ("image", (60, 1, 8, 8), np.float32)
    assert made.fit_data.measured.shape == (60, 9)


def test_what_models_of_features_lean_on_is_told_by_feature(tmp_path: Path) -> None:
    study = fs.Study(
        DATA,
        models=["tree", ("mine", Brightness())],
        features={"image": ["magnetisation", "power"]},
        explain={"permutation": 2, "drop_best": 1},
        **QUICK,
    )
    explained = study.run(tmp_path / "run", progress=False).results.explain
    assert set(explained.permutation["tree"].names) == {
        "|m|",
        "energy per bond",
        "ln P(k=1)",
        "ln P(k=2)",
        "ln P(k=3)",
    }
    assert set(explained.permutation) == {"tree"}
    assert len(explained.drop_best["tree"].steps) == 2
    assert "takes events of kind 'image' as they are" in explained.messages["permutation"]["mine"]


@pytest.mark.parametrize(
    ("models", "explain", "words"),
    [
        ([("mine", Brightness())], {"permutation": 2}, "of kind 'image': 'mine' takes them as they are"),
        (["tree"], {"permutation": 2, "effects": True}, "effects and groups are of the columns of a table"),
    ],
)
def test_pixels_of_images_are_not_explained_as_columns(
    models: list[object], explain: dict[str, object], words: str
) -> None:
    with pytest.raises(fs.InputError, match=words):
        fs.Study(DATA, models=models, features={"image": ["power"]}, explain=explain, **QUICK).check()


def test_channels_may_be_several_arrays_of_one_size(tmp_path: Path) -> None:
    pressure, density = RNG.normal(size=(2, 40, 1, 6, 6)).astype(np.float32)
    np.savez(
        tmp_path / "maps.npz",
        p=pressure,
        d=density,
        small=density[:, :, :5],
        x=np.arange(40.0),
        y=np.arange(40) % 2,
    )
    data = fs.read(tmp_path / "maps.npz", target="y", features=["p", "d"], units={"p": "keV", "d": "Msun"})
    assert (data.kind, data.names, data.units, data.X.dtype) == (
        "image",
        ("p", "d"),
        ("keV", "Msun"),
        np.float32,
    )
    np.testing.assert_array_equal(data.X, np.concatenate([pressure, density], axis=1))
    for features, words in (
        (["p", "small"], r"'p' is 1 × 6 × 6 and 'small' is 1 × 5 × 6; expected arrays of one size"),
        (["p", "x"], "'p' is an array .* name it alone, or with arrays of its size"),
    ):
        with pytest.raises(fs.InputError, match=words):
            fs.read(tmp_path / "maps.npz", target="y", features=features)


def test_an_image_of_gaps_alone_is_a_sentence(tmp_path: Path) -> None:
    X = np.array(SPINS)
    X[7] = np.nan
    np.savez(tmp_path / "spins.npz", s=X, y=Y)
    with pytest.raises(
        fs.InputError, match=r"1 of 160 events \(image\) hold no value at all \(first in row 7\)"
    ):
        fs.read(tmp_path / "spins.npz", target="y", features=["s"])


def test_maps_of_clusters_are_two_channels_of_a_study() -> None:
    text = '[data]\nsource = "simulate:halos"\nfeatures = ["pressure", "density"]\ntarget = "log10(M_500)"\n'
    text += '[source]\nn = 40\nmaps = true\n"sky.size" = 16\n[features]\nimage = ["aperture"]\n'
    text += '[[models]]\nkind = "linear"\nfeatures = ["lg flux(r<4) of pressure"]\n'
    made = prepare(Spec.from_toml(text))
    assert (made.data.names, made.data.X.shape) == (("pressure", "density"), (40, 2, 16, 16))
    assert made.data.units == ("1e-6", "Msun/pc2")


def test_a_killed_run_comes_to_the_same_bytes_on_two_workers(
    finished: tuple[Path, fs.Result], tmp_path: Path
) -> None:
    folder, _ = finished
    half = tmp_path / "half"
    shutil.copytree(folder / "run", half)
    for path in [*sorted((half / "tasks").glob("*.npz"))[::2], half / "results.json", half / "report.html"]:
        path.unlink()
    resume(half, workers=2, progress=False)
    told = [canonical(json.loads((each / "results.json").read_text())) for each in (half, folder / "run")]
    assert told[0] == told[1]
    assert (half / "predictions.parquet").read_bytes() == (
        folder / "run" / "predictions.parquet"
    ).read_bytes()


def test_images_are_read_divided_and_measured_in_twice_their_memory(tmp_path: Path) -> None:
    X = RNG.normal(size=(2000, 1, 64, 64)).astype(np.float32)
    np.savez(tmp_path / "images.npz", image=X, y=np.arange(2000) % 2)
    text = f'[data]\npath = "{tmp_path}/images.npz"\nfeatures = ["image"]\ntarget = "y"\n'
    text += '[features]\nimage = ["magnetisation"]\n[[models]]\nkind = "tree"\n'
    prepare(Spec.from_toml(text))  # what is imported and compiled once is no part of it
    tracemalloc.start()
    assert prepare(Spec.from_toml(text)).fit_data.measured.shape == (2000, 2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2.0 * X.nbytes + 16e6


@pytest.mark.parametrize("sizes", [((1, 4, 4), (1, 5, 5)), ((1, 4, 4), (1, 4, 5)), ((2, 6, 6), (1, 6, 6))])
def test_images_of_different_sizes_are_a_sentence(sizes: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(
        fs.InputError, match=r"X has rows of different shapes \(\(\d, .*expected one: cut or pad"
    ):
        fs.Dataset.from_arrays([np.zeros(size) for size in sizes], [0, 1])
