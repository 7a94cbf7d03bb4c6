"""Weights become expected yields: by what a study says, and by what its files say was generated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import fivesigma as fs
from fivesigma._core.errors import InputError, StudyError
from fivesigma.study.preparation.events import read
from fivesigma.study.spec.document import Spec

PHYSICAL = 'sigma = "10 pb"\nluminosity = "2 /pb"\n'


def nano(path: Path, n: int, sum_w: float | None, *, seed: int = 0, runs: str = "genEventSumw") -> Path:
    """Write a skim of ``n`` events of weight ±2, and what was generated of it."""
    uproot = pytest.importorskip("uproot")
    rng = np.random.default_rng(seed)
    with uproot.recreate(path) as file:
        w = np.where(rng.random(n) < 0.1, -2.0, 2.0)
        file.mktree("Events", {"x": rng.normal(size=n), "genWeight": w})
        if sum_w is not None:
            file.mktree("Runs", {"run": np.array([1, 1]), runs: np.array([0.75, 0.25]) * sum_w})
    return path


def of_classes(folder: Path, more: str = "", data: str = "", weight: str = 'weight = "genWeight"\n') -> Spec:
    files = f'[data.files]\ntt = ["{folder}/tt1.root", "{folder}/tt2.root"]\nhh = "{folder}/hh.root"\n'
    yields = "".join(f"[weights.yields.{name}]\n{PHYSICAL}{more}" for name in ("tt", "hh"))
    return Spec.from_toml(f'[data]\ntree = "Events"\n{weight}{data}{files}{yields}')


def written(folder: Path, **says: float | None) -> Path:
    sums = {"tt1": 900.0, "tt2": 300.0, "hh": 400.0} | says
    for seed, (name, sum_w) in enumerate(sums.items()):
        nano(folder / f"{name}.root", 40, sum_w, seed=seed, runs="genEventSumw_" if seed else "genEventSumw")
    return folder


def per_class(data) -> list[float]:
    """Return the one factor that took the weights ±2 of each class to yields."""
    factor = np.abs(data.w) / 2
    assert all(np.ptp(factor[data.y == k]) < 1e-12 for k in (0, 1))
    return [float(factor[data.y == k][0]) for k in (0, 1)]


def test_the_sum_of_weights_is_that_of_the_metadata_over_all_files_of_the_sample(tmp_path):
    data = read(of_classes(written(tmp_path)))
    assert per_class(data) == pytest.approx([20 / 1200, 20 / 400])


def test_a_file_of_which_the_cuts_leave_nothing_counts(tmp_path):
    folder = written(tmp_path)
    uproot = pytest.importorskip("uproot")
    with uproot.recreate(folder / "tt2.root") as file:
        file.mktree("Events", {"x": np.full(40, 99.0), "genWeight": np.ones(40)})
        file.mktree("Runs", {"run": np.array([1]), "genEventSumw": np.array([300.0])})
    data = read(of_classes(folder, data='select = "x < 50"\n'))
    assert per_class(data) == pytest.approx([20 / 1200, 20 / 400])


def test_what_is_typed_goes_before_what_the_files_say(tmp_path):
    assert per_class(read(of_classes(written(tmp_path), more="sum_w = 80.0\n"))) == [0.25, 0.25]


def test_a_file_that_says_none_is_named(tmp_path):
    spec = of_classes(written(tmp_path, tt2=None))
    with pytest.raises(StudyError, match=r"yields\.tt: sum_w is missing, and .*tt2\.root says none"):
        read(spec)


def test_sums_of_generator_weights_need_them(tmp_path):
    with pytest.raises(StudyError, match=r"the study names none; name them with data\.weight \(genWeight"):
        read(of_classes(written(tmp_path), weight=""))


def test_the_rows_that_are_read_count_sample_by_sample(tmp_path):
    data = read(of_classes(written(tmp_path), data="rows = [0, 90]\n"))
    assert per_class(data) == pytest.approx([20 / 1200, 20 / 400 * 40 / 10])


def test_a_fraction_is_that_of_every_sample(tmp_path):
    data = read(of_classes(written(tmp_path), data="fraction = 0.5\n"))
    assert per_class(data) == pytest.approx([2 * 20 / 1200, 2 * 20 / 400])


def table(folder: Path) -> Path:
    """Write 80 events of b, then 20 of s, of two processes each."""
    y = np.repeat(["b", "s"], [80, 20])
    columns = {"x": np.random.default_rng(0).normal(size=100), "y": y, "code": (y == "s").astype(int)}
    pl.DataFrame(columns).write_parquet(folder / "t.parquet")
    return folder / "t.parquet"


def of_table(folder: Path, target: str, more: str, names=("b", "s"), sum_w: str = "sum_w = 40.0") -> Spec:
    yields = "".join(f"[weights.yields.{name}]\n{PHYSICAL}{sum_w}\n" for name in names)
    return Spec.from_toml(f'[data]\npath = "{table(folder)}"\ntarget = "{target}"\n{more}\n{yields}')


def test_rows_of_a_table_that_is_ordered_by_class_count_class_by_class(tmp_path):
    data = read(of_table(tmp_path, "y", 'features = ["x"]\nrows = [0, 90]'))
    assert [set(data.w[data.y == k].tolist()) for k in (0, 1)] == [{0.5}, {1.0}]


def test_rows_of_classes_that_an_expression_makes_are_refused(tmp_path):
    spec = of_table(tmp_path, "code + 0", 'features = ["x"]\nrows = [0, 90]', names=("0", "1"))
    with pytest.raises(
        StudyError, match=r"data\.rows: no column says of which sample a row is, but 'code \+ 0'"
    ):
        read(spec)


@pytest.mark.parametrize(("target", "names"), [("y", ("b", "s")), ("code + 0", ("0", "1"))])
def test_a_table_that_says_no_sum_is_refused_in_a_sentence(tmp_path, target, names):
    spec = of_table(tmp_path, target, 'features = ["x"]', names=names, sum_w="")
    with pytest.raises(InputError, match=r"yields\.(b|0): sum_w is missing"):
        read(spec)


def test_events_that_python_gives_say_no_sum():
    data = fs.Dataset.from_arrays(np.arange(40.0).reshape(20, 2), np.arange(20) % 2)
    yields = {name: {"sigma": "1 pb", "luminosity": "1 /pb"} for name in ("0", "1")}
    with pytest.raises(
        StudyError, match=r"weights\.yields\.0: sum_w is missing: the sum of weights of the sample"
    ):
        fs.Study(data, weights={"yields": yields}).prepared()


def test_a_real_file_says_what_was_generated(shared_data):
    path = shared_data / "nano/nano_dy.root"
    spec = Spec.from_toml(
        f'[data]\npath = "{path}"\ntree = "Events"\ntarget = "MET_pt"\nweight = "genWeight"\nfeatures = ["nJet"]\n'
        f'[weights]\ncolumn = "run"\n[weights.yields.1]\nsigma = "6077 pb"\nluminosity = "140 /fb"\n'
    )
    uproot = pytest.importorskip("uproot")
    raw = uproot.open(path)["Events"]["genWeight"].array(library="np")
    np.testing.assert_allclose(read(spec).w, raw * (6077 * 140e3 / 15166686735.858717), rtol=1e-6)
