"""Looking at a table: what its columns hold, their likely parts, and the starter study that follows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.data.inspection import inspect, inspected, look
from fivesigma.simulate.tables import write
from fivesigma.study.spec.document import Spec
from fivesigma.study.spec.shipped import FOLDER, built_in, copy, find
from fivesigma.study.spec.starter import write_starter
from fivesigma.study.study import Study


def _events(path: Path, n: int = 60) -> Path:
    rng = np.random.default_rng(5)
    lines = ["EventId,pt,eta,n_jet,Weight,Label,KaggleSet"]
    for i in range(n):
        pt = -999.0 if i % 7 == 0 else rng.exponential(30) + 1
        lines.append(
            f"{1000 + i},{pt},{rng.normal()},{rng.integers(0, 4)},0.5,{'sb'[i % 2]},{'tb'[i % 3 == 0]}"
        )
    path.write_text("\n".join(lines))
    return path


def test_columns_of_every_kind() -> None:
    words = look("word", np.array(["a", None, "b", "a"], dtype=object))
    assert (words.kind, words.n_missing, words.n_distinct, dict(words.counts)) == (
        "text",
        1,
        2,
        {"a": 2, "b": 1},
    )
    whole = look("n", np.array([1, 2, 3]))
    assert (whole.kind, whole.minimum, whole.maximum) == ("whole number", 1.0, 3.0)
    assert look("b", np.array([True, False])).kind == "true/false"
    empty = look("e", np.array([np.nan, np.nan]))
    assert (empty.n_missing, empty.n_distinct, empty.minimum) == (2, 0, None)


def test_a_code_for_missing_is_seen_and_left_out_of_the_mean() -> None:
    column = look("m", np.array([-999.0, -999.0, 1.0, 3.0]))
    assert (column.code, column.minimum, column.mean) == (-999.0, 1.0, 2.0)
    assert look("m", np.array([-999.0, -998.0, -997.0, -999.0])).code is None  # a range that holds the number


def test_parts_are_guessed(tmp_path: Path) -> None:
    found = inspect(_events(tmp_path / "events.csv")).guesses
    assert (found.target, found.weight, found.missing) == ("Label", "Weight", (-999.0,))
    assert found.features == ("pt", "eta", "n_jet")
    assert found.spectators == ("EventId", "KaggleSet")
    assert found.classes == ("b", "s")


@pytest.mark.parametrize("target", [None, "eta"])
def test_a_starter_passes_check(tmp_path: Path, target: str | None) -> None:
    table = _events(tmp_path / "events.csv")
    place = write_starter(table, tmp_path / "deep.toml", target)
    assert Spec.read(place).paths() == [str(table)]
    assert Spec.read(place).data.target == (target or "Label")
    assert Study.read(place).check()
    with pytest.raises(InputError, match="is not overwritten"):
        write_starter(table, place)


def test_a_starter_of_the_penguins_passes_check(tmp_path: Path) -> None:
    place = write_starter(FOLDER / "penguins" / "penguins.csv", tmp_path / "p.toml")
    spec = Spec.read(place)
    assert (spec.data.target, spec.data.classes) == ("species", ("Adelie", "Chinstrap", "Gentoo"))
    assert Study.read(place).check()


@pytest.mark.parametrize("table", ["htru2/HTRU_2.csv", "susy/susy_small.csv", "higgsml/train_sml_*g.csv"])
def test_starters_of_real_tables_pass_check(shared_data: Path, tmp_path: Path, table: str) -> None:
    place = write_starter(shared_data / table, tmp_path / "s.toml")
    assert Study.read(place).check()


def test_hostile_names_stay_in_their_place(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    rows = "\n".join(f'{i % 13}.5,{i % 7}.25,"x\ny{i % 2}"' for i in range(40))
    table.write_text(f'"a""b",c,"class"\n{rows}\n')
    spec = Spec.read(write_starter(table, tmp_path / "t.toml"))
    assert spec.data.target == "class"
    assert set(spec.data.classes or ()) == {"x\ny0", "x\ny1"}


def test_a_table_without_a_target_says_so(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("id\n" + "\n".join(str(i) for i in range(30)))
    with pytest.raises(InputError, match="no column looks like one to predict; name it with --target"):
        write_starter(table, tmp_path / "t.toml")
    with pytest.raises(InputError, match="'ids' is not a column of the table"):
        inspect(table, "ids")


def test_a_starter_of_one_table_of_several_says_which_and_passes_check(tmp_path: Path) -> None:
    fits = pytest.importorskip("astropy.io.fits")
    rng = np.random.default_rng(3)
    x = rng.normal(size=80)
    columns = [
        fits.Column(name, format="D", array=each)
        for name, each in {"x": x, "y": x + rng.normal(size=80)}.items()
    ]
    tables = [fits.BinTableHDU.from_columns(columns, name=name) for name in ("ONE", "TWO")]
    fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(tmp_path / "t.fits")
    place = write_starter(tmp_path / "t.fits", tmp_path / "s.toml", "y", {"hdu": "TWO"})
    assert 'hdu = "TWO"' in place.read_text()
    assert Study.read(place).prepared().data.n_samples == 80


# --- studies to begin with -----------------------------------------------------------------


@pytest.mark.parametrize("name", [study.name for study in built_in() if not study.needs_data])
def test_a_copy_of_a_built_in_study_is_the_same_study(name: str, tmp_path: Path) -> None:
    place, *_ = copy(name, tmp_path / "mine")
    assert (tmp_path / "mine" / "README.md").is_file()
    mine, theirs = Spec.read(place), Spec.read(find(name))
    for path in mine.paths():
        assert Path(path).parent == tmp_path / "mine"
        assert Path(path).read_bytes() == next(Path(each) for each in theirs.paths()).read_bytes()
    assert mine.models == theirs.models
    with pytest.raises(InputError, match="is not overwritten"):
        copy(name, tmp_path / "mine")


def test_a_study_that_does_not_ship_is_not_copied(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Did you mean 'penguins-mass'"):
        copy("penguin-mass", tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


# --- catalogues of haloes ------------------------------------------------------------------


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue of AHF with its table of observables beside it."""
    folder = tmp_path_factory.mktemp("box")
    write("halos", folder / "box.AHF_halos", n=300)
    return folder


def test_a_catalogue_is_asked_for_its_mass(box: Path, tmp_path: Path) -> None:
    place = write_starter(box / "box.AHF_halos", tmp_path / "box.toml")
    spec, text = Spec.read(place), place.read_text()
    assert spec.data.target == "log10(Mvir)"
    assert {"npart", "Rvir", "ID"} <= set(spec.data.spectators)
    assert "since each alone tells the target: npart, Rvir" in text
    features = Study.read(place).prepared().data.names
    assert {"Ekin", "M_gas", "M_star", "SurfP", "Epot_gas", "nbins"} <= set(features)
    assert not {"ID", "hostHalo", "Mvir"} & set(features)


def test_distinct_whole_numbers_are_identifiers_by_name_or_as_counters_only() -> None:
    rng = np.random.default_rng(2)
    mass = np.round(10 ** rng.uniform(13, 15, 200))
    table = {
        "M_gas": mass, "sorted_mass": np.sort(mass), "halo_id": rng.permutation(10**6)[:200],
        "line": np.arange(200), "down": np.arange(200)[::-1], "shuffled": rng.permutation(10**6)[:200],
        "y": rng.normal(size=200),
    }  # fmt: skip
    found = inspected("t.csv", table, "y").guesses
    assert found.features == ("M_gas", "sorted_mass", "shuffled")
    assert found.spectators == ("halo_id", "line", "down")
    united = inspected("t.csv", table, "y", {"line": "GeV"}).guesses
    assert "line" in united.features, "what has a unit is measured"


def test_a_target_may_be_an_expression(box: Path, tmp_path: Path) -> None:
    place = write_starter(box / "box.AHF_halos", tmp_path / "s.toml", "Ekin / Mvir")
    assert Spec.read(place).data.target == "Ekin / Mvir"
    assert not {"Ekin", "Mvir"} & set(Study.read(place).prepared().data.names)
    for target, words in (
        ("log10(Mvri)", "Did you mean 'Mvir'"),
        ("1 + 1", "holds no column"),
        ("", "refused"),
    ):
        with pytest.raises(InputError, match=words):
            write_starter(box / "box.AHF_halos", tmp_path / "t.toml", target)


def test_a_second_table_is_joined_and_the_other_masses_are_no_features(box: Path, tmp_path: Path) -> None:
    place = write_starter([box / "box.AHF_halos", box / "box.observables.parquet"], tmp_path / "s.toml")
    spec = Spec.read(place)
    assert spec.data.target == "log10(M_500)"
    assert spec.data.join is not None
    assert spec.data.join.on == "ID"
    features = set(Study.read(place).prepared().data.names)
    assert {"T_X", "M_gas_500", "M_HE_500", "Ekin"} <= features
    assert not {"Mvir", "R_500", "truth_hydrostatic_bias"} & features


def test_files_of_the_same_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    tables = [_events(tmp_path / f"{name}.csv") for name in "ab"]
    place = write_starter(tables, tmp_path / "s.toml", "eta")
    assert Study.read(place).prepared().data.n_samples == 120


@pytest.mark.parametrize("truth", [None, "Label"])
def test_a_clustering_needs_no_target(tmp_path: Path, truth: str | None) -> None:
    table = _events(tmp_path / "events.csv")
    place = write_starter(table, tmp_path / "c.toml", truth, task="clustering", models=["k-means"])
    spec = Spec.read(place)
    assert (spec.data.task, spec.data.target) == ("clustering", truth)
    assert [model.kind for model in spec.models] == ["dummy", "k-means"]
    assert Study.read(place).check()


def test_models_and_tasks_that_are_none_are_refused(tmp_path: Path) -> None:
    table = _events(tmp_path / "events.csv")
    for models, words in (
        (["foresst"], "Did you mean 'forest'"),
        (["ridge"], "is not a model for a classification"),
        ([""], "'' is not a model"),
    ):
        with pytest.raises(InputError, match=words):
            write_starter(table, tmp_path / "s.toml", models=models)
    with pytest.raises(InputError, match="is not a task"):
        write_starter(table, tmp_path / "s.toml", task="klassification")
    assert not (tmp_path / "s.toml").exists()


def test_the_study_of_a_catalogue_runs(box: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fivesigma.report.render", lambda *given: None)
    place = write_starter(box / "box.AHF_halos", tmp_path / "box.toml", models=["linear", "tree"])
    text = (
        place.read_text().replace("refits = 10", "refits = 3").replace("bootstrap = 2000", "bootstrap = 100")
    )
    place.write_text(text)
    result = Study.read(place).run(tmp_path / "run", workers=1, progress=False)
    assert {model.status for model in result.results.models} == {"ok"}


def test_a_starter_says_why_the_likelier_target_is_none_and_calls_no_guess_what_was_said(
    tmp_path: Path,
) -> None:
    table = tmp_path / "t.csv"
    table.write_text(
        "a,b,y\n" + "".join(f"{i % 7}.5,{i * i % 11}.1,{'inf' if i == 3 else i}.5\n" for i in range(40))
    )
    table.write_text(table.read_text().replace("inf.5", "inf"))
    guessed = write_starter(table, tmp_path / "guessed.toml").read_text()
    assert "# another column looked likelier, but: target 'y' has 1 infinite value" in guessed
    assert '" # a guess' in guessed
    assert "a guess" not in write_starter(table, tmp_path / "said.toml", "a").read_text()


@pytest.mark.parametrize(("rows", "words"), [("\n", "has 0 rows"), ("1,2,3\n", "has 1 row;")])
def test_a_table_of_no_or_one_row_says_so(rows: str, words: str, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(f"a,b,y\n{rows}")
    with pytest.raises(InputError, match=words):
        write_starter(table, tmp_path / "t.toml")


def test_a_study_is_not_written_where_it_would_be_read_as_a_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a study file ends in \.toml; say --out .*s\.toml"):
        write_starter(_events(tmp_path / "events.csv"), tmp_path / "s.csv")
