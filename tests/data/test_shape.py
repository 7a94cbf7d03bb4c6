"""Images, sequences and sets: what an event is follows from its shape, from the file to the Dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fivesigma as fs
from fivesigma._core.errors import InputError
from fivesigma.data import shape
from fivesigma.data.dataset import Dataset

N = 12
RNG = np.random.default_rng(8)
ARRAYS: dict[str, np.ndarray] = {
    "image": RNG.normal(size=(N, 3, 4, 5)),
    "sequence": RNG.normal(size=(N, 2, 7)),
    "set": RNG.normal(size=(N, 6, 4)),
    "table": RNG.normal(size=(N, 3)),
}
MASK = RNG.random((N, 6)) < 0.7
MASK[:, 0] = True
COUNTS = {"image": 3, "sequence": 2, "set": 4, "table": 3}
Y = np.arange(N) % 2


def _made(kind: str, **more: Any) -> Dataset:
    return Dataset.from_arrays(ARRAYS[kind], Y, mask=MASK if kind == "set" else None, **more)


@pytest.mark.parametrize("kind", ARRAYS)
def test_the_shape_says_what_an_event_is(kind: str) -> None:
    data = _made(kind, units=["GeV"] * COUNTS[kind])
    assert data.kind == kind == shape.kind_of(data.X, data.mask)
    assert data.X.shape == ARRAYS[kind].shape
    assert (len(data.names), data.n_channels, data.units[0]) == (COUNTS[kind], COUNTS[kind], "GeV")
    assert data.n_features == np.prod(ARRAYS[kind].shape[1:])
    assert Dataset.from_arrays(ARRAYS[kind], Y, kind=kind, mask=data.mask).sha256 == data.sha256


@pytest.mark.parametrize("kind", ARRAYS)
def test_rows_and_channels_are_taken_together(kind: str) -> None:
    data = _made(kind)
    some = data.take([5, 2])
    np.testing.assert_array_equal(some.X, data.X[[5, 2]])
    assert (some.mask is None) == (kind != "set")
    if some.mask is not None:
        np.testing.assert_array_equal(some.mask, MASK[[5, 2]])
    last = data.with_features(data.names[-1:])
    assert last.X.ndim == data.X.ndim
    assert (last.n_channels, last.names) == (1, data.names[-1:])
    np.testing.assert_array_equal(
        shape.channel(last.X, 0, kind, last.mask), shape.channel(data.X, COUNTS[kind] - 1, kind, data.mask)
    )


@pytest.mark.parametrize("kind", ARRAYS)
def test_statistics_are_of_each_channel_over_what_is_there(kind: str) -> None:
    data = _made(kind)
    for i, column in enumerate(data.statistics()):
        values = shape.channel(data.X, i, kind, data.mask)
        assert column["mean"] == pytest.approx(values.mean())
        assert column["std"] == pytest.approx(values.std())
        assert column["max"] == values.max()
    assert data.n_missing == 0
    holes = np.array(data.X)
    holes.reshape(N, -1)[3, 0] = np.nan
    assert Dataset.from_arrays(holes, Y, mask=data.mask).n_missing == 1


def test_the_hash_sees_kind_and_mask() -> None:
    X = ARRAYS["set"]
    sets = [Dataset.from_arrays(X, Y, mask=mask) for mask in (MASK, np.ones_like(MASK))]
    assert len({sets[0].sha256, sets[1].sha256, Dataset.from_arrays(X, Y).sha256}) == 3
    assert len(set(sets[0].row_hashes.tolist())) == N


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"X": np.zeros((3, 1, 1, 1, 1))}, "X has shape .* expected that of one of: table"),
        (
            {"X": np.zeros((3, 2, 2)), "kind": "image"},
            r"kind = 'image', and X has shape .* expected \(n, channels",
        ),
        ({"X": np.zeros((3, 2, 2)), "kind": "set"}, "and no mask; expected"),
        ({"X": np.zeros((3, 2)), "kind": "graph"}, "'graph' is not a kind of X"),
        ({"X": np.zeros((3, 2, 2)), "mask": np.ones((3, 3), dtype=bool)}, "mask has shape"),
        ({"X": np.zeros((3, 2)), "mask": np.ones((3, 2), dtype=bool)}, "mask has shape"),
        (
            {"X": np.zeros((3, 2, 2)), "mask": np.array([[1, 1], [0, 0], [1, 0]])},
            "leaves 1 of 3 sets .* row 1",
        ),
        ({"X": np.full((3, 1, 2, 2), np.nan)}, r"3 of 3 events \(image\) hold no value at all"),
        ({"X": np.full((3, 1, 2, 2), np.inf)}, "feature 'x0' has 12 infinite values"),
        ({"X": np.zeros((3, 2, 2, 2)), "names": ["a"]}, "1 names and 1 units for 2 columns"),
    ],
)
def test_what_does_not_fit_is_one_sentence(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        Dataset.from_arrays(**arguments)
    assert "\n" not in str(caught.value)


def test_columns_are_added_to_tables_alone() -> None:
    with pytest.raises(InputError, match="of kind 'image'"):
        _made("image").with_columns({"a": np.zeros(N)})


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    jets = np.where(MASK[..., None], ARRAYS["set"], np.inf)
    arrays = {"img": ARRAYS["image"], "track": ARRAYS["sequence"], "jets": jets, "jets_mask": MASK}
    np.savez(tmp_path / "a.npz", **arrays, one=ARRAYS["image"][:, :1], e=np.arange(N) * 1.5, y=Y)
    return tmp_path / "a.npz"


@pytest.mark.parametrize(
    ("name", "kind", "names"),
    [
        ("img", "image", ("img0", "img1", "img2")),
        ("track", "sequence", ("track0", "track1")),
        ("jets", "set", ("jets0", "jets1", "jets2", "jets3")),
        ("one", "image", ("one",)),
    ],
)
def test_one_array_that_is_named_sets_the_kind(
    stacks: Path, name: str, kind: str, names: tuple[str, ...]
) -> None:
    data = fs.read(
        stacks, target="y", features=[name], select="e > 2", units={name: "MeV"} | {names[0]: "GeV"}
    )
    assert (data.kind, data.names, data.n_samples) == (kind, names, 10)
    assert data.units == ("GeV", *["MeV"] * (len(names) - 1))
    assert len(set(data.row_hashes.tolist())) == 10
    if kind == "set":
        np.testing.assert_array_equal(data.mask, MASK[2:])
        assert np.isfinite(data.X).all()


def test_arrays_are_no_feature_and_no_other_part_unless_named_alone(stacks: Path) -> None:
    data = fs.read(stacks, target="y")
    assert (data.kind, data.names) == ("table", ("e",))
    assert any("arrays are no features unless named: img" in message for _, _, message in data.notes)
    for roles, words in (
        ({"features": ["img", "e"]}, "'img' is an array .* name it alone"),
        ({"spectators": ["img"]}, "spectator 'img' is an array"),
        ({"group": "track"}, "group 'track' is an array"),
        ({"select": "img > 3"}, "'img' is an array .* expressions take single values"),
        ({"weight": "jets"}, "weight 'jets' is an array"),
        ({"units": {"img7": "GeV"}}, "'img7' is not a column"),
    ):
        with pytest.raises(InputError, match=words):
            fs.read(stacks, target="y", **roles)


def test_codes_of_a_missing_value_in_an_array(tmp_path: Path) -> None:
    images = np.arange(N * 4).reshape(N, 1, 2, 2)
    images[2, 0, 1, 1] = -999
    np.savez(tmp_path / "a.npz", img=images, y=Y)
    assert fs.read(tmp_path / "a.npz", target="y", features=["img"], missing=-999).n_missing == 1


def test_files_of_one_shape_are_read_together(tmp_path: Path) -> None:
    for i, side in enumerate((4, 4, 5)):
        np.savez(tmp_path / f"{i}.npz", img=np.full((3, 1, side, side), float(i)), y=[0, 1, 1])
    data = fs.read([tmp_path / "0.npz", tmp_path / "1.npz"], target="y", features=["img"])
    assert data.X.shape == (6, 1, 4, 4)
    with pytest.raises(InputError, match=r"'img' has the shape \(1, 5, 5\).*events of one shape"):
        fs.read([tmp_path / "0.npz", tmp_path / "2.npz"], target="y", features=["img"])


def test_a_gap_is_of_a_member_that_is_there() -> None:
    X = np.zeros((3, 2, 2))
    X[0, 1] = np.nan
    X[1, 1, 0] = np.nan
    mask = np.array([[True, False], [True, True], [True, True]])
    assert shape.incomplete(X, mask).tolist() == [False, True, False]
    assert shape.incomplete(shape.marked(X, mask), mask).tolist() == [False, True, False]
    assert shape.members(shape.marked(X, mask), "set").tolist() == mask.tolist()  # type: ignore[union-attr]
    assert shape.members(X, "sequence") is None
