"""``[data]``: keys of its own, and options of the table's reader; anything else is refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fivesigma as fs
from fivesigma._core.errors import FivesigmaError, StudyError
from fivesigma.data import readers
from fivesigma.study.spec.data import options_of, unclaimed
from fivesigma.study.spec.document import Spec
from fivesigma.study.study import Study


class Ladder:
    """A reader of another package, with an option of its own."""

    name, suffixes, options = "Ladder", (".ladder",), ("rungs",)

    def columns(self, path: Path, options: dict[str, Any]) -> dict[str, np.ndarray]:
        """Count as many rungs as are asked for."""
        n = int(options.get("rungs", 20))
        return {"x": np.arange(n) * 0.37 % 1, "y": np.arange(n) % 2}


class _Point:
    @staticmethod
    def load() -> type:
        return Ladder


@pytest.fixture
def ladder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(readers, "entry_points", lambda group: [_Point()])
    readers.all_readers.cache_clear()
    yield
    readers.all_readers.cache_clear()


def test_a_reader_from_elsewhere_and_its_option(ladder: None, tmp_path: Path) -> None:
    (tmp_path / "a.ladder").write_text("")
    (tmp_path / "s.toml").write_text('[data]\npath = "a.ladder"\nrungs = 40\ntarget = "y"\n')
    study = Study.read(tmp_path / "s.toml")
    assert study.prepared().data.n_samples == 40
    again = Spec.from_toml(study.prepared().spec.to_toml())
    assert again.data.options == {"rungs": 40}
    assert fs.read(tmp_path / "a.ladder", rungs=30, target="y").n_samples == 30
    (tmp_path / "s.toml").write_text('[data]\npath = "a.ladder"\nrung = 40\ntarget = "y"\n')
    with pytest.raises(StudyError, match=r"data.rung: unknown key. Did you mean 'rungs'"):
        Study.read(tmp_path / "s.toml")


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"path": "t.csv", "separator": ";"}, None),
        ({"path": ["t.csv", "u.csv"], "encoding": "latin-1"}, None),
        ({"path": "t.out", "format": "CSV", "names": ["a"]}, None),
        ({"path": "t.out", "names": ["a"]}, ("data", "names")),
        ({"path": "t.parquet", "separator": ";"}, ("data", "separator")),
        ({"source": "simulate:ising", "separator": ";"}, ("data", "separator")),
        ({"path": "t.csv", "join": {"path": "u.csv", "on": "ID", "separator": ";"}}, None),
        (
            {"path": "t.csv", "join": {"path": "u.parquet", "on": "ID", "separator": ";"}},
            ("data", "join", "separator"),
        ),
        ({"path": 3, "separator": ";"}, ("data", "separator")),
        ("no table", None),
    ],
)
def test_keys_that_nothing_claims(data: Any, place: tuple[str, ...] | None) -> None:
    assert unclaimed(data) == place


def test_options_where_no_reader_is_known() -> None:
    assert options_of({"path": "t.xyz"}) == options_of({}) == options_of({"path": []}) == ()
    assert "separator" in options_of({"path": "t.csv"})


def test_a_given_test_set_of_another_format_has_its_own_reader(tmp_path: Path) -> None:
    rows = [f"{i * 0.37 % 1};{i % 2}" for i in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["x;y", *rows[:40]]))
    np.savez(tmp_path / "u.npz", x=np.arange(20) * 0.11 % 1, y=np.arange(20) % 2)
    study = '[data]\npath = "t.csv"\nseparator = ";"\ntarget = "y"\n[split]\ntest = { path = "u.npz" }\n'
    (tmp_path / "s.toml").write_text(study)
    assert len(Study.read(tmp_path / "s.toml").prepared().split.tests["test"]) == 20


@pytest.mark.parametrize("key", ["seed = 99999999999999999999", "seed = -9223372036854775809"])
def test_whole_numbers_longer_than_64_bits_are_one_sentence(key: str) -> None:
    with pytest.raises(StudyError, match=r"study.seed: the whole number .* is too long"):
        Spec.from_toml(f'[study]\n{key}\n[data]\npath = "t.csv"\ntarget = "y"')


@pytest.mark.parametrize("text", ["missing = [1, 18446744073709551616]", f"missing = {'9' * 5000}"])
def test_long_numbers_anywhere_are_one_sentence(text: str) -> None:
    with pytest.raises(FivesigmaError, match="TOML's have 64 bits") as caught:
        Spec.from_toml(f'[data]\npath = "t.csv"\ntarget = "y"\n{text}')
    assert len(str(caught.value)) < 200


def test_labels_and_codes_of_64_bits_are_kept() -> None:
    spec = Spec.from_toml(
        '[data]\npath = "t.csv"\ntarget = "y"\nclasses = [18446744073709551614, 18446744073709551615]\n'
        "missing = 18446744073709551615"
    )
    assert spec.data.classes == ("18446744073709551614", "18446744073709551615")
    assert Spec.from_toml(spec.to_toml()) == spec
