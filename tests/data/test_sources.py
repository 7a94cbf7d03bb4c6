"""Which files are meant, and what is known of each: folders of partitions, files by class, groups out of paths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from fivesigma._core.errors import DataError, FivesigmaError, InputError
from fivesigma.data.reading import read
from fivesigma.data.sources import CLASS, GROUP, Sources, paths, pattern_of
from fivesigma.data.tables import read_columns

N = 40


def _events(seed: int) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame({"pt": rng.gamma(2.0, 20.0, N), "eta": rng.normal(size=N)})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for i in range(3):
        pl.DataFrame({"a": [i], "s": [f"w{i}"]}).write_csv(tmp_path / f"t{i}.csv")
    return tmp_path


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    for name, seeds in (("tt", (0, 1)), ("hh", (2,))):
        (tmp_path / name).mkdir()
        for seed in seeds:
            _events(seed).write_parquet(tmp_path / name / f"CLUSTER_{seed:03}.parquet")
    return tmp_path


def test_paths_of_every_kind(folder: Path) -> None:
    one, two, three = (folder / f"t{i}.csv" for i in range(3))
    assert paths(one) == [one]
    assert paths(str(folder / "t*.csv")) == [one, two, three]
    assert paths([two, str(folder / "t[0]*.csv")]) == [two, one]
    (folder / "_SUCCESS").write_text("")
    (folder / ".hidden.csv").write_text("a\n1\n")
    assert paths(folder) == [one, two, three]


def test_a_file_is_not_read_twice(folder: Path) -> None:
    one = folder / "t1.csv"
    for twice in ([one, one], [folder / "t*.csv", one], [one, folder / "." / "t1.csv"]):
        with pytest.raises(InputError, match=r"t1\.csv: is named twice, and its rows would count twice"):
            paths([str(each) for each in twice])


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("empty", "this folder holds no table"),
        ("t9.csv", "no such file; check the path. Did you mean 't"),
        ("no/t.csv", "does not exist either"),
        ("*.parquet", "no such file"),
    ],
)
def test_paths_that_lead_nowhere(folder: Path, path: str, words: str) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(DataError, match=words):
        paths(folder / path)
    with pytest.raises(InputError, match="empty list"):
        paths([])


def test_a_folder_of_several_formats_is_refused(folder: Path) -> None:
    _events(0).write_parquet(folder / "t.parquet")
    with pytest.raises(
        DataError, match=r"several formats, Parquet .* and CSV|several formats, CSV .* and Parquet"
    ):
        paths(folder)


@pytest.mark.parametrize("include_key", [True, False])
def test_folders_of_partitions_are_columns(tmp_path: Path, include_key: bool) -> None:
    _events(0).with_columns(year=pl.lit(2011), era=pl.lit("0A")).vstack(
        _events(1).with_columns(year=pl.lit(2012), era=pl.lit("b c"))
    ).write_parquet(pl.PartitionBy(tmp_path / "all", key=["year", "era"], include_key=include_key))
    found = read_columns(tmp_path / "all")
    assert found["year"].tolist() == [2011] * N + [2012] * N
    assert found["era"].tolist() == ["0A"] * N + ["b c"] * N
    data = read(tmp_path / "all", target="era", group="year")
    assert (data.names, data.classes, set(data.groups)) == (("pt", "eta"), ("0A", "b c"), {0, 1})
    moved = tmp_path / "all" / "year=2011" / "x.parquet"
    _events(2).write_parquet(moved)
    with pytest.raises(InputError, match="'era' is not named by the folders"):
        paths(tmp_path / "all")


def test_missing_partitions_are_missing(tmp_path: Path) -> None:
    for part in ("k=__HIVE_DEFAULT_PARTITION__", "k=1.5"):
        (tmp_path / part).mkdir()
        _events(0).write_csv(tmp_path / part / "t.csv")
    assert read_columns(tmp_path)["k"].tolist() == ["1.5"] * N + [None] * N


@pytest.mark.parametrize("how", ["files", "globs", "folders", "lists"])
def test_files_by_class(classes: Path, how: str) -> None:
    tt, hh = (sorted((classes / name).iterdir()) for name in ("tt", "hh"))
    said = {
        "files": {"tt": tt, "HH": hh[0]},
        "globs": {"tt": str(classes / "tt" / "*.parquet"), "HH": str(classes / "hh" / "*")},
        "folders": {"tt": classes / "tt", "HH": str(classes / "hh")},
        "lists": {"tt": [str(tt[0]), str(classes / "tt" / "*_001*")], "HH": [classes / "hh"]},
    }[how]
    data = read(said, group={"path": r"CLUSTER_(\d+)"})
    assert (data.target, data.classes, data.names, data.group) == (
        CLASS,
        ("tt", "HH"),
        ("pt", "eta"),
        "group",
    )
    assert data.y is not None
    assert data.groups is not None
    assert data.y.tolist() == [0] * 2 * N + [1] * N
    assert data.groups.tolist() == [0] * N + [1] * N + [2] * N


def test_the_class_of_a_file_and_its_path_are_no_identity(classes: Path) -> None:
    said = {"tt": classes / "tt", "HH": classes / "hh"}
    grouped, plain = (
        read(said, group={"path": r"CLUSTER_(\d+)"}),
        read({"x": classes / "hh", "y": classes / "tt"}),
    )
    assert sorted(grouped.row_hashes.tolist()) == sorted(plain.row_hashes.tolist())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"target": "pt"}, "the files say the class of each row"),
        ({"group": {"path": "RUN_(\\d+)"}}, "fits nothing in this path"),
        ({"group": {"path": "("}}, "is no regular expression"),
        ({"group": {"path": "CLUSTER"}}, "has 0 parts in brackets"),
        ({"group": {"glob": "x"}}, "is no group"),
        ({"classes": ["tt", "ww"]}, "class 'ww' is not in target"),
    ],
)
def test_what_is_said_of_files_and_does_not_fit(classes: Path, words: dict, said: str) -> None:
    with pytest.raises(FivesigmaError, match=said):
        read({"tt": classes / "tt", "HH": classes / "hh"}, **words)


def test_a_file_has_one_class(classes: Path) -> None:
    with pytest.raises(InputError, match="is named for the class 'tt' and for 'HH'"):
        Sources.by_class({"tt": classes / "tt", "HH": str(classes / "tt" / "*_001*")})
    assert Sources.by_class({"tt": classes / "tt"}).grouped("(CL)").marks[GROUP] == ("CL", "CL")
    assert pattern_of("a(b)").groups == 1
