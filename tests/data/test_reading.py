"""``read``: the roles of columns, and one sentence for each thing that can be wrong with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas
import polars
import pyarrow
import pytest

from fivesigma._core.errors import DataError, FivesigmaError, InputError, WrongTypeError
from fivesigma.data.dataset import Dataset
from fivesigma.data.reading import read

N = 40


def columns() -> dict[str, object]:
    rng = np.random.default_rng(1)
    return {
        "id": np.arange(N) + 10**15,
        "pt": rng.gamma(2.0, 20.0, N),
        "eta": rng.normal(size=N),
        "n jet": rng.integers(0, 5, N),
        "m": rng.exponential(size=N) + 0.1,
        "w": rng.random(N) + 0.5,
        "run": np.repeat(np.arange(8), 5),
        "site": ["north", "south"] * (N // 2),
        "label": ["s" if i % 3 else "b" for i in range(N)],
    }


@pytest.fixture
def path(tmp_path) -> Path:
    polars.DataFrame(columns()).write_csv(tmp_path / "t.csv")
    return tmp_path / "t.csv"


def changed(path: Path, **new: object) -> Path:
    polars.DataFrame(columns() | new).write_csv(path)
    return path


def test_all_roles(path):
    data = read(
        path,
        target="label",
        weight="w",
        group="run",
        spectators=["id"],
        extra_columns=["site"],
        units={"pt": "GeV"},
        expressions={"log_pt": "log10(pt)"},
        select="pt > 10",
        categorical=None,
    )
    table, keep = columns(), np.asarray(columns()["pt"]) > 10
    assert data.names == ("pt", "eta", "n jet", "m", "log_pt")
    assert data.units == ("GeV", None, None, None, "dex")
    np.testing.assert_array_equal(data.X[:, 4], np.log10(np.asarray(table["pt"])[keep]))
    np.testing.assert_array_equal(data.w, np.asarray(table["w"])[keep])
    np.testing.assert_array_equal(data.rows, np.flatnonzero(keep))
    np.testing.assert_array_equal(data.spectators["id"], np.asarray(table["id"])[keep])
    assert data.spectators["id"].dtype == np.int64
    assert data.extras["site"].tolist() == list(np.array(table["site"])[keep])
    assert (data.target, data.weight, data.group) == ("label", "w", "run")
    assert len(np.unique(data.groups)) == len(np.unique(np.asarray(table["run"])[keep]))
    gone = int(N - keep.sum())
    assert (
        "select",
        "ok",
        f"{gone} of {N} rows do not fulfil select = 'pt > 10', and were dropped",
    ) in data.audit


@pytest.mark.parametrize("library", ["pandas", "polars", "arrow"])
def test_frames_equal_files(path, library):
    frame = {
        "pandas": pandas.read_csv,
        "polars": polars.read_csv,
        "arrow": lambda p: polars.read_csv(p).to_arrow(),
    }
    roles = {
        "target": "label",
        "weight": "w",
        "spectators": ["id"],
        "features": ["pt", "site"],
        "categorical": True,
    }
    data = Dataset.from_frame(frame[library](path), **roles)
    assert data.sha256 == read(path, **roles).sha256
    assert data.categories == {"site": ("north", "south")}


def test_frames_with_missing_values_and_odd_types():
    frame = pandas.DataFrame(
        {
            "i": pandas.array([1, None, 3, 4], dtype="Int64"),
            "b": pandas.array([True, None, False, True], dtype="boolean"),
            "f": np.array([1.5, np.nan, 2.5, 3.5], dtype=np.float32),
            "c": pandas.Categorical(["u", None, "v", "u"]),
            "t": pandas.to_datetime(["2024-01-01", None, "2024-01-03", "2024-01-04"]),
        }
    )
    data = Dataset.from_frame(frame, features=["i", "b", "f", "c"], categorical=["c"])
    np.testing.assert_array_equal(data.X[0], [1, 1, 1.5, 0])
    assert np.isnan(data.X[1]).all()
    arrow = pyarrow.table({"x": [1, None, 2], "s": ["a", "b", None]})
    assert Dataset.from_frame(arrow).n_missing == 1


def test_a_frame_is_left_as_it_was():
    frame = polars.DataFrame({"x": [1.0, -999.0, 3.0], "y": [0.5, 1.5, 2.5]})
    Dataset.from_frame(frame, target="y", missing=-999)
    assert frame["x"].to_list() == [1.0, -999.0, 3.0]
    assert frame.columns == ["x", "y"]


def test_what_the_target_is_made_of_is_no_feature(path):
    data = read(path, target="log10(mass)", expressions={"mass": "m * 2", "inverse": "1 / eta"})
    assert data.names == ("id", "pt", "eta", "n jet", "w", "run", "inverse")
    assert any("m, mass" in message for check, _, message in data.audit if check == "features")
    assert (data.target_unit, data.target_in_dex) == ("dex", True)
    named = read(path, target="log10(m)", features=["m", "pt"])
    assert ("leak", "warning", "the target is computed from the feature m") in named.audit


def test_a_feature_used_in_select_or_expressions_stays_a_feature(path):
    data = read(path, target="m", select="pt > 5", expressions={"r": "pt / w"}, weight="w")
    assert "pt" in data.names
    assert "w" not in data.names


@pytest.mark.parametrize("features", [None, ["pt", "double"]])
def test_an_expression_of_the_target_is_a_suspect(path, features):
    leaky = read(path, target="m", features=features, expressions={"same": "m", "double": "2 * same"})
    assert any(check == "leak" and "double" in message for check, _, message in leaky.audit)
    harmless = read(path, target="m", expressions={"double": "2 * pt"})
    assert not any(check == "leak" for check, _, _ in harmless.audit)


def test_an_expression_that_nothing_uses_is_refused(path):
    with pytest.raises(InputError, match="'twice' is used nowhere"):
        read(path, target="label", features=["pt"], expressions={"twice": "2 * pt"})
    cut = read(path, target="label", features=["pt"], expressions={"twice": "2 * pt"}, select="twice > 1")
    assert cut.names == ("pt",)


def test_target_expressions_that_are_not_finite(path):
    eta = np.asarray(columns()["eta"]).copy()
    eta[4] = np.nan
    data = read(changed(path, eta=eta), target="log10(eta)")
    negative = int((eta <= 0).sum())
    messages = [message for check, _, message in data.audit if check == "target"]
    assert messages[0].startswith(f"{negative} of {N} rows have no finite value of the target 'log10(eta)'")
    assert messages[1].startswith(f"1 of {N - negative} rows have no target")
    assert np.isfinite(data.y).all()


def test_missing_codes(path):
    pt = np.asarray(columns()["pt"]).copy()
    pt[:3], w = -999.0, np.asarray(columns()["w"])
    data = read(changed(path, pt=pt), target="label", missing=-999, weight="w", features=["pt", "n jet"])
    assert np.isnan(data.X[:3, 0]).all()
    assert data.n_missing == 3
    np.testing.assert_array_equal(data.w, w)
    both = read(path, target="label", missing=[-999, "north"], features=["pt", "site"], categorical=["site"])
    assert both.n_missing == 3 + N // 2
    ids = read(path, target="label", missing=[10**15], spectators=["id"])
    assert ids.spectators["id"][0] == 10**15


def test_infinite_values_as_a_missing_code_or_cut(path):
    eta = np.asarray(columns()["eta"]).copy()
    eta[:2] = np.inf, -np.inf
    changed(path, eta=eta)
    with pytest.raises(InputError, match=r"feature 'eta' has 2 infinite values \(first in row 0\)"):
        read(path, target="label")
    assert read(path, target="label", missing=[np.inf, -np.inf]).n_missing == 2
    assert read(path, target="label", select="isfinite(eta)").n_samples == N - 2


def test_text_columns(path):
    data = read(path, target="m")
    assert ("features", "warning", "text columns are no features unless named: site, label") in data.audit
    coded = read(path, target="m", categorical=["site"])
    assert coded.names[-1] == "site"
    assert coded.X[:2, -1].tolist() == [0.0, 1.0]
    assert coded.categories == {"site": ("north", "south")}
    with pytest.raises(InputError, match=r"'site' of .* holds text .*categorical"):
        read(path, target="m", features=["pt", "site"])


def test_join(path, tmp_path):
    right = {"run": [7, 0, 1, 2, 3, 4, 5], "pressure": [70.0, 0, 10, 20, 30, 40, 50], "tag": list("habcdef")}
    polars.DataFrame(right).write_parquet(tmp_path / "runs.parquet")
    data = read(
        path, target="label", join={"path": tmp_path / "runs.parquet", "on": "run"}, spectators=["tag"]
    )
    assert "run" not in data.names
    assert "pressure" in data.names
    runs = np.asarray(columns()["run"])
    np.testing.assert_array_equal(data.X[:, data.names.index("pressure")], 10.0 * runs[runs != 6])
    assert data.rows.tolist() == np.flatnonzero(runs != 6).tolist()
    assert any(check == "join" and message.startswith("5 of 40") for check, _, message in data.audit)


@pytest.mark.parametrize(
    ("right", "on", "words"),
    [
        ({"run": [1, 1], "p": [1, 2]}, "run", "has the value 1 more than once"),
        ({"run": [100], "p": [1]}, "run", "no row of the data has a partner"),
        ({"run": ["a"], "p": [1]}, "run", "text in one table"),
        ({"run": [1], "pt": [1]}, "run", "'pt' is in both"),
        ({"rum": [1], "p": [1]}, "run", "not a column of .*Did you mean 'rum'"),
        ({"run": [1], "p": [1]}, "rnu", "not a column of the data"),
    ],
)
def test_joins_that_are_refused(path, tmp_path, right, on, words):
    polars.DataFrame(right).write_csv(tmp_path / "right.csv")
    with pytest.raises(InputError, match=words):
        read(path, target="label", join={"path": tmp_path / "right.csv", "on": on})


REFUSED = {
    "unknown target": ({}, {"target": "lable"}, "target 'lable' is not a column of .*Did you mean 'label'"),
    "unknown feature": ({}, {"target": "m", "features": ["ptt"]}, "feature 'ptt' .*Did you mean 'pt'"),
    "unknown spectator": ({}, {"target": "m", "spectators": ["zz"]}, "spectator 'zz'"),
    "unknown group": ({}, {"target": "m", "group": "runn"}, "group 'runn'"),
    "unknown weight": ({}, {"target": "m", "weight": "ww"}, "weight 'ww'"),
    "unknown unit": ({}, {"target": "m", "units": {"ptt": "GeV"}}, "units: 'ptt'"),
    "unknown in select": ({}, {"target": "m", "select": "ptt > 3"}, "select: .*'ptt' is not a column"),
    "select is no condition": ({}, {"target": "m", "select": "pt + 1"}, "not a condition"),
    "select leaves nothing": ({}, {"target": "m", "select": "pt < -5"}, "no row is left"),
    "hostile expression": (
        {},
        {"expressions": {"x": "__import__('os')"}},
        "expressions.x: .*not a known function",
    ),
    "expression over a column": ({}, {"expressions": {"pt": "eta"}}, "'pt' is a column already"),
    "target is a feature": ({}, {"target": "m", "features": ["m", "pt"]}, "'m' is the target and a feature"),
    "spectator is a feature": ({}, {"features": ["pt"], "spectators": ["pt"]}, "a spectator and a feature"),
    "feature named twice": ({}, {"features": ["pt", "pt"]}, "twice"),
    "no feature": ({}, {"features": []}, "empty list"),
    "constant target": ({"m": [1.0] * N}, {"target": "m"}, "constant"),
    "constant label": ({"label": ["b"] * N}, {"target": "label"}, "constant"),
    "lonely class": ({"label": ["b"] * (N - 1) + ["s"]}, {"target": "label"}, "class 's' .* has 1 member"),
    "no target at all": ({"m": [None] * N}, {"target": "m"}, "missing in all"),
    "all missing": ({"eta": [None] * N}, {"target": "m"}, "feature 'eta' .*is missing in all 40 rows"),
    "all coded": ({"eta": [-999.0] * N}, {"target": "m", "missing": -999}, "feature 'eta' is missing in all"),
    "named, all missing": ({"eta": [None] * N}, {"target": "m", "features": ["eta"]}, "missing in all"),
    "text among numbers": (
        {"eta": [*(str(i / 7) for i in range(N - 1)), "oops"]},
        {"target": "m"},
        "'eta' .* holds numbers but for 1 value \\(first 'oops' in row 39\\)",
    ),
    "negative sum of weights": (
        {"w": [-100.0] + [1.0] * (N - 1)},
        {"target": "m", "weight": "w"},
        "the weights sum to -61.0; expected a positive sum",
    ),
    "negative sum of a class": (
        {"w": [(-1.0) ** (i % 3 > 0) * 4.0 ** (i % 3 == 0) for i in range(N)]},
        {"target": "label", "weight": "w"},
        "the weights of class '[a-z]+' sum to -",
    ),
    "zero weights": ({"w": [0.0] * N}, {"target": "m", "weight": "w"}, "sum to zero"),
    "missing weight": (
        {"w": [None] + [1.0] * (N - 1)},
        {"target": "m", "weight": "w"},
        "1 of 40 weights are missing",
    ),
    "class without weight": (
        {"w": [float(i % 3 > 0) for i in range(N)]},
        {"target": "label", "weight": "w"},
        "weights of class 'b' sum to zero",
    ),
    "misspelt role": ({}, {"tagret": "m"}, "'tagret' is neither a role .*Did you mean 'target'"),
    "text weight": ({"w": ["a"] * N}, {"target": "m", "weight": "w"}, "are not numbers"),
    "missing group": (
        {"run": [None] + [1] * (N - 1)},
        {"target": "m", "group": "run"},
        "group 'run' is missing in 1",
    ),
    "classes without a target": ({}, {"classes": ["a"]}, "no target"),
    "task without a target": ({}, {"task": "regression"}, "needs a target"),
    "clustering with numbers as truth": (
        {"m": [i / 7 for i in range(N)]},
        {"task": "clustering", "target": "m"},
        "many numbers",
    ),
    "classes of a regression": (
        {},
        {"target": "m", "task": "regression", "classes": ["1"]},
        "for a classification",
    ),
    "join without a key": ({}, {"target": "m", "join": {"path": "x.csv"}}, "lacks 'on'"),
    "too many classes": ({}, {"target": "label", "classes": ["s", "bb"]}, "class 'bb' .*Did you mean 'b'"),
    "list for a text": ({}, {"target": "m", "weight": ["pt"]}, "weight must be text"),
    "twice the same target": ({}, {"target": ["m", "m"]}, "names a column twice"),
    "text for a list": ({}, {"target": "m", "features": "pt"}, "must be a list"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_in_one_sentence(path, case):
    new, roles, words = REFUSED[case]
    with pytest.raises((InputError, WrongTypeError), match=words) as caught:
        read(changed(path, **new), **roles)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 240 + len(str(path))


def test_missing_file_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read(tmp_path / "absent.csv", target="y")
    assert issubclass(DataError, OSError)
    assert issubclass(DataError, FivesigmaError)


def test_columns_without_a_name_are_no_features(tmp_path):
    (tmp_path / "r.csv").write_text('"","x","y"\n"1",2,3.5\n"2",4,5.5\n"3",7,6.5\n')
    data = read(tmp_path / "r.csv", target="y")
    assert data.names == ("x",)
    assert any("has no name" in message for _, _, message in data.audit)


def test_susy(shared_data):
    data = read(shared_data / "susy" / "susy_small.csv", target="SUSY")
    assert (data.n_samples, data.n_features, data.classes, data.n_missing) == (10_000, 18, ("0", "1"), 0)


def test_penguins(shared_data):
    path = shared_data / "penguins" / "penguins.csv"
    data = read(path, target="species")
    assert data.n_samples == 344
    assert data.n_missing == 8
    assert np.bincount(data.y).tolist() == [152, 68, 124]
    two = read(
        path,
        target="species",
        classes=["Adelie", "Chinstrap"],
        features=["bill_length_mm", "sex"],
        categorical=True,
    )
    assert two.n_samples == 220
    mass = read(path, target="body_mass_g")
    assert mass.n_samples == 342
    assert mass.task == "regression"


def test_higgs_in_two_files(shared_data):
    data = read(
        str(shared_data / "higgsml" / "*.csv"),
        target="Label",
        weight="Weight",
        missing=-999,
        spectators=["EventId", "KaggleSet", "KaggleWeight"],
    )
    assert (data.n_samples, data.n_features, data.classes) == (9998, 30, ("b", "s"))
    assert 3000 < data.n_effective < 4000
    assert not (data.X == -999).any()
    assert data.spectators["KaggleSet"].dtype == object


def test_clusters_of_galaxies(shared_data):
    data = read(
        shared_data / "mcxc" / "mcxc.csv.gz", target="log10(M500)", features=["z", "L500"], group="Sub.Cat"
    )
    assert data.n_samples == 1743
    assert data.target_in_dex


def test_the_identity_of_a_row_is_of_the_input_alone(path, tmp_path):
    identity = read(path, target="label").identity
    assert np.unique(identity).size == N
    choices = [
        {"features": ["pt", "m"], "spectators": ["id"], "group": "run"},
        {"features": ["eta", "site"], "categorical": True, "missing": -1},
        {"expressions": {"x": "pt * m"}},
    ]
    for choice in choices:
        assert np.array_equal(read(path, target="label", **choice).identity, identity)
    table = polars.DataFrame(columns())
    turned = Dataset.from_frame(table.select(reversed(table.columns)), target="label")
    assert np.array_equal(turned.identity, identity)
    some = read(path, target="label", select="pt > 10")
    assert np.array_equal(some.identity, identity[some.rows])
    assert np.array_equal(some.take([3, 1]).identity, some.identity[[3, 1]])
    assert np.array_equal(some.with_features(["m"]).identity, some.identity)
    other_label = changed(path, label=["s" if i % 2 else "b" for i in range(N)])
    assert np.array_equal(read(other_label, target="label").identity, identity)
    assert not np.array_equal(read(path, target="log10(m)").identity, identity)


def test_the_identity_leaves_out_what_target_and_weight_are_made_of(path):
    roles = {"target": "log10(m2)", "weight": "2 * w", "expressions": {"m2": "m ** 2"}}
    identity = read(path, **roles).identity
    changed(path, m=np.arange(1.0, N + 1), w=np.ones(N))
    assert np.array_equal(read(path, **roles).identity, identity)


def test_arrays_keep_their_identity_when_features_are_chosen():
    data = Dataset.from_arrays(np.random.default_rng(0).normal(size=(9, 3)))
    assert np.array_equal(data.with_features(["x1"]).row_hashes, data.row_hashes)
    assert np.array_equal(data.with_columns({"z": np.arange(9.0)}).row_hashes, data.row_hashes)


def test_the_identity_of_a_group_is_of_its_label(path):
    whole = read(path, target="label", group="run")
    some = read(path, target="label", group="run", select="run != 3")
    assert np.unique(whole.group_identity).size == 8
    assert np.array_equal(some.group_identity, whole.group_identity[some.rows])
    written = Dataset.from_arrays(np.zeros((N, 1)), groups=[str(run) for run in columns()["run"]])
    assert np.array_equal(written.group_identity, whole.group_identity)
