"""Looking at a table: what its columns hold, their likely parts, and the starter study that follows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.data.inspection import inspect, look
from fivesigma.study.spec.document import Spec
from fivesigma.study.spec.shipped import FOLDER
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
