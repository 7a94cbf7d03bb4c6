"""Files with lists read by `fivesigma.read`: the dimuons of HZZ, and rows that stay who they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from fivesigma._core.errors import InputError
from fivesigma.data.dataset import Dataset
from fivesigma.data.reading import read

uproot = pytest.importorskip("uproot")

HZZ = Path(__file__).resolve().parents[4] / "shared" / "data" / "hzz" / "uproot-HZZ.root"
MUON = {"prefix": "Muon_", "momentum": ["Px", "Py", "Pz", "E"], "fields": ["Charge"], "sort": "pt"}
MASS = "mass(muon[0] + muon[1])"
OPPOSITE = "muon[0].Charge * muon[1].Charge < 0"

needs_hzz = pytest.mark.skipif(
    not HZZ.is_file(), reason=f"{HZZ} is not there: the dimuons of HZZ were not read"
)


def dimuons(path: Path | str, cuts: dict[str, str], **more: Any) -> Dataset:
    said: dict[str, Any] = {
        "objects": {"muon": MUON},
        "observables": [MASS],
        "task": "clustering",
        "cuts": cuts,
    }
    return read(path, **(said | more))


def mass(data: Dataset) -> np.ndarray:
    return np.asarray(data.X)[:, data.names.index(MASS)]


@needs_hzz
@pytest.mark.parametrize(
    ("cut", "n", "median", "peak"),
    [("count(muon) >= 2", 1413, 90.85, 1189), ("count(muon) == 2", 1371, 90.82, 1165)],
)
def test_the_dimuons_of_hzz_are_those_that_are_known(cut: str, n: int, median: float, peak: int) -> None:
    found = mass(dimuons(HZZ, {"muons": cut}))
    assert (len(found), round(float(np.median(found)), 2)) == (n, median)
    assert int(((found > 80) & (found < 100)).sum()) == peak


@needs_hzz
def test_the_cut_flow_of_hzz_goes_on_to_opposite_charges() -> None:
    flow = dimuons(HZZ, {"two": "count(muon) >= 2", "opposite": OPPOSITE}).cut_flow
    assert [(line["name"], line["n"]) for line in flow] == [
        ("events read", 2421),
        ("two", 1413),
        ("opposite", 1397),
    ]


def written(path: Path, n: int = 80, seed: int = 0) -> Path:
    """Write events with muons and a scalar as a tree."""
    awkward = pytest.importorskip("awkward")
    rng = np.random.default_rng(seed)
    counts = rng.poisson(2.0, n)
    lists = {
        f"Muon_{word}": awkward.unflatten(rng.normal(0, 20, counts.sum()), counts)
        for word in ("Px", "Py", "Pz")
    }
    lists["Muon_E"] = np.sqrt(sum(each**2 for each in lists.values()) + 0.01)
    lists["Muon_Charge"] = awkward.unflatten(rng.choice([-1, 1], counts.sum()), counts)
    with uproot.recreate(path) as file:
        file.mktree(
            "events",
            {name: each.type if hasattr(each, "type") else each for name, each in lists.items()}
            | {"run": np.int64},
        )
        file["events"].extend(lists | {"run": np.arange(n)})
    return path


def test_no_rule_cut_or_observable_moves_the_identity_of_a_row(tmp_path: Path) -> None:
    path = written(tmp_path / "t.root")
    plain = read(path, features=["run"], task="clustering")
    cut = dimuons(path, {"two": "count(muon) >= 2"}, features=["run"])
    other = dimuons(path, {"two": "count(muon) >= 2"}, observables=["muon[0].pt"], select="muon[0].pt > 1")
    for each in (cut, other):
        np.testing.assert_array_equal(each.row_hashes, plain.row_hashes[each.rows])


def test_events_of_the_same_scalars_are_others_and_a_copy_of_the_file_has_the_same(tmp_path: Path) -> None:
    path, more = tmp_path / "a.parquet", {"objects": {"jet": {"fields": ["pt"]}}, "task": "clustering"}
    polars.DataFrame({"n": [1, 1, 1, 2], "pt": [[1.0], [2.0], [3.0], [1.0, 2.0]]}).write_parquet(path)
    (tmp_path / "b.parquet").write_bytes(path.read_bytes())
    each = [read(tmp_path / f"{name}.parquet", observables=["max(jet.pt)"], **more) for name in "ab"]
    assert len(set(each[0].row_hashes.tolist())) == 4
    np.testing.assert_array_equal(each[0].row_hashes, each[1].row_hashes)
    part = read(path, features=["n"], rows=[1, 3], **more)
    np.testing.assert_array_equal(part.row_hashes, each[0].row_hashes[1:3])
    both = read([path, tmp_path / "b.parquet"], features=["n"], **more)
    np.testing.assert_array_equal(both.row_hashes, np.tile(each[0].row_hashes, 2))


def test_a_fraction_of_events_with_lists_is_drawn_event_by_event(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    polars.DataFrame({"n": [1] * 400, "pt": [[float(i)] for i in range(400)]}).write_parquet(path)
    drawn = read(
        path, fraction=0.5, objects={"jet": {"fields": ["pt"]}}, observables=["jet[0].pt"], task="clustering"
    )
    assert 150 < drawn.n_samples < 250


def test_several_files_are_read_under_each_other(tmp_path: Path) -> None:
    paths = [written(tmp_path / f"{seed}.root", seed=seed) for seed in (1, 2)]
    each = [mass(dimuons(path, {"two": "count(muon) >= 2"})) for path in paths]
    np.testing.assert_array_equal(mass(dimuons(paths, {"two": "count(muon) >= 2"})), np.concatenate(each))  # type: ignore[arg-type]


def test_part_of_the_rows_has_the_lists_of_these_rows(tmp_path: Path) -> None:
    path = written(tmp_path / "t.root")
    whole, part = (dimuons(path, {"any": "count(muon) >= 0"}, **more) for more in ({}, {"rows": [10, 50]}))
    np.testing.assert_array_equal(mass(part), mass(whole)[10:50])


def test_a_list_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the table has no list 'muon_Px'\. Did you mean 'Muon_Px'\?"):
        dimuons(written(tmp_path / "t.root"), {}, objects={"muon": MUON | {"prefix": "muon_"}})


def _lists(n: int = 60) -> tuple[dict[str, list[np.ndarray]], dict[str, np.ndarray]]:
    rng = np.random.default_rng(3)
    counts = rng.poisson(2.0, n)
    lists = {f"Muon_{word}": [rng.normal(0, 20, k) for k in counts] for word in ("Px", "Py", "Pz")}
    energy = [np.sqrt(sum(each**2 for each in event) + 0.01) for event in zip(*lists.values(), strict=True)]
    charge = [rng.choice([-1, 1], k).astype(np.int32) for k in counts]
    return lists | {"Muon_E": energy, "Muon_Charge": charge}, {"met": rng.exponential(30, n)}


def _parquet(path: Path) -> None:
    lists, scalars = _lists()
    polars.DataFrame(
        {**{name: [x.tolist() for x in each] for name, each in lists.items()}, **scalars}
    ).write_parquet(path)


def _ntuple(path: Path) -> None:
    awkward, (lists, scalars) = pytest.importorskip("awkward"), _lists()
    with uproot.recreate(path) as file:
        file.mkrntuple("events", {name: awkward.Array(each) for name, each in lists.items()} | scalars)


def _fits(path: Path) -> None:
    fits, (lists, scalars) = pytest.importorskip("astropy.io.fits"), _lists()
    columns = [
        fits.Column(
            name=name, format="PJ()" if name == "Muon_Charge" else "PD()", array=np.array(each, dtype=object)
        )
        for name, each in lists.items()
    ]
    columns += [fits.Column(name=name, format="D", array=each) for name, each in scalars.items()]
    fits.BinTableHDU.from_columns(columns).writeto(path)


def _hdf5(path: Path) -> None:
    h5py, (lists, scalars) = pytest.importorskip("h5py"), _lists()
    with h5py.File(path, "w") as file:
        for name, each in lists.items():
            held = file.create_dataset(name, (len(each),), dtype=h5py.vlen_dtype(each[0].dtype))
            for i, values in enumerate(each):
                held[i] = values
        for name, each in scalars.items():
            file[name] = each


@pytest.mark.parametrize(
    ("name", "write"), [("t.parquet", _parquet), ("t.root", _ntuple), ("t.fits", _fits), ("t.h5", _hdf5)]
)
def test_lists_are_the_same_objects_in_every_format(name: str, write: Any, tmp_path: Path) -> None:
    write(tmp_path / name)
    lists, _ = _lists()
    data = dimuons(tmp_path / name, {"two": "count(muon) >= 2", "opposite": OPPOSITE})
    expected = []
    for px, py, pz, energy, charge in zip(*lists.values(), strict=True):
        first, second = np.argsort(-np.hypot(px, py))[:2] if len(px) > 1 else (-1, -1)
        if len(px) > 1 and charge[first] * charge[second] < 0:
            p = [each[first] + each[second] for each in (energy, px, py, pz)]
            expected.append(np.sqrt(p[0] ** 2 - p[1] ** 2 - p[2] ** 2 - p[3] ** 2))
    np.testing.assert_allclose(mass(data), expected, rtol=1e-9)
    assert data.names == ("met", MASS)
    assert data.cut_flow[1]["n"] == sum(len(each) > 1 for each in lists["Muon_Px"])
