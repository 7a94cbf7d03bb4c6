"""FITS: tables in binary and in ASCII, their gaps, scales, lists and units; stacks of images."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fivesigma as fs
from fivesigma._core.columns import Gapped
from fivesigma._core.errors import DataError, InputError, MissingExtraError, WrongTypeError
from fivesigma.data.readers import border, fits_fields, opened, reader_for
from fivesigma.data.tables import read_columns, read_units

fits = pytest.importorskip("astropy.io.fits")

N = 5
IDS = np.array([2**63 + 1, 2**53 + 1, 3, 2**64 - 1, 0], dtype=np.uint64)


def _column(name: str, format: str, values: Any, **more: Any) -> Any:
    return fits.Column(name, format=format, array=np.asarray(values), **more)


def _write(path: Path, *hdus: Any) -> Path:
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path)
    return path


def _table(*columns: Any, name: str = "EVENTS") -> Any:
    return fits.BinTableHDU.from_columns(list(columns), name=name)


def test_numbers_are_native_and_keep_their_type_and_every_digit(tmp_path: Path) -> None:
    values = {
        "id": ("K", IDS),
        "run": ("K", np.array([-(2**62) - 1, 2**53 + 1, 0, 1, 2])),
        "pt": ("E", np.array([1.5, np.nan, 3.25, 0, -1], dtype=np.float32)),
        "x": ("D", np.array([0.1, -1e300, 2, np.inf, 3])),
        "n16": ("I", np.array([1, -2, 3, 4, 2**15 - 1], dtype=np.int16)),
        "u16": ("I", np.array([1, 2, 3, 4, 2**16 - 1], dtype=np.uint16)),
        "u32": ("J", np.array([1, 2, 3, 4, 2**32 - 1], dtype=np.uint32)),
        "byte": ("B", np.array([1, 2, 3, 4, 255], dtype=np.uint8)),
        "flag": ("L", np.array([True, False, True, True, False])),
    }
    zeros = {"id": 2**63, "u16": 2**15, "u32": 2**31}
    columns = [_column(name, code, each, bzero=zeros.get(name)) for name, (code, each) in values.items()]
    found = read_columns(_write(tmp_path / "t.fits", _table(*columns)))
    for name, (_, each) in values.items():
        assert found[name].dtype == each.dtype
        assert found[name].dtype.isnative
        np.testing.assert_array_equal(found[name], each)


def test_a_signed_byte_is_an_unsigned_one_with_an_offset() -> None:
    raw = np.array([0, 127, 128, 255], dtype=np.uint8)
    found = fits_fields.numbers(raw, scale=1, zero=-128, null=None)
    assert (found.dtype, found.tolist()) == (np.int8, [-128, -1, 0, 127])


def test_what_is_null_is_missing_and_costs_no_digit(tmp_path: Path) -> None:
    columns = [
        _column("few", "J", [1, -99, 3, -99, 5], null=-99),
        _column("long", "K", [2**53 + 1, -99, 3, 4, 5], null=-99),
        _column("scaled", "I", [10, -99, 30, 40, 50], null=-99),
        _column("cells", "2J", [[1, -99], [3, 4], [5, 6], [7, 8], [9, 10]], null=-99),
        _column("none", "J", [1, 2, 3, 4, 5], null=-99),
    ]
    table = _table(*columns)
    table.header["TSCAL3"], table.header["TZERO3"] = 0.1, 100.0
    path = _write(tmp_path / "t.fits", table)
    found = read_columns(path)
    assert isinstance(found["few"], Gapped)
    np.testing.assert_array_equal(found["few"], [1, np.nan, 3, np.nan, 5])
    assert found["long"].tolist() == [2**53 + 1, None, 3, 4, 5]
    assert found["none"].dtype == np.int32
    np.testing.assert_array_equal(found["cells"][:2], [[1, np.nan], [3, 4]])
    raw = np.array([10, -99], dtype=np.int16)
    np.testing.assert_allclose(fits_fields.numbers(raw, scale=0.1, zero=100.0, null=-99), [101.0, np.nan])


def test_masked_columns_of_astropy_are_missing(tmp_path: Path) -> None:
    from astropy.table import MaskedColumn, Table

    gone = [False, True, False, False, True]
    table = Table(
        {
            "n": MaskedColumn(np.arange(N), mask=gone),
            "x": MaskedColumn(np.arange(N) / 2, mask=gone),
            "id": MaskedColumn(IDS, mask=gone),
            "word": MaskedColumn(np.array(["a", "b", "c", "d ", " e"]), mask=gone),
        }
    )
    table.write(tmp_path / "t.fits")
    found = read_columns(tmp_path / "t.fits")
    for name in ("n", "x"):
        np.testing.assert_array_equal(np.isnan(found[name]), gone)
    assert found["id"].tolist() == [2**63 + 1, None, 3, 2**64 - 1, None]
    assert found["word"][3] == "d"


def test_a_truth_value_that_is_neither_is_missing() -> None:
    flag = fits_fields.Field("flag", 0, "L", np.dtype("u1"))
    found = fits_fields.column(flag, np.frombuffer(b"TF\0T", np.uint8))
    assert found.holds == "truth"
    np.testing.assert_array_equal(found, [1, 0, np.nan, 1])
    pair = fits_fields.column(flag, np.frombuffer(b"TF\0T", np.uint8).reshape(2, 2))
    np.testing.assert_array_equal(pair, [[1, 0], [np.nan, 1]])


def test_texts_are_stripped_at_their_end_and_blank_ones_are_missing(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.fits", _table(_column("s", "6A", ["muon", "", " e", "a b", "tau"])))
    assert read_columns(path)["s"].tolist() == ["muon", None, " e", "a b", "tau"]


def test_vectors_bits_and_lists(tmp_path: Path) -> None:
    lists = np.empty(N, dtype=object)
    lists[:] = [np.array([1.5, 2.5], "f4"), np.array([], "f4"), *(np.array([i], "f4") for i in range(3))]
    words = np.array(["muon", "e", "", "tau neutrino", "x"])
    bits = np.arange(N * 11).reshape(N, 11) % 3 == 0
    columns = [
        _column("vector", "3D", np.arange(3.0 * N).reshape(N, 3)),
        _column("matrix", "6E", np.arange(6.0 * N).reshape(N, 2, 3), dim="(3,2)"),
        _column("bits", "11X", bits),
        _column("jet", "PE()", lists),
        _column("wide", "QE()", lists),
        _column("word", "PA()", words),
        _column("z", "C", np.zeros(N)),
        _column("names", "6A", [["ab", "c", "d"]] * N, dim="(2,3)"),
    ]
    path = _write(tmp_path / "t.fits", _table(*columns))
    with opened(path, reader_for(path), {}) as table:
        assert set(table.left_out) == {"z", "names"}  # type: ignore[attr-defined]
        found, jets = table.columns(table.names), table.lists(["jet", "wide"])
        assert table.lists(["jet"], 1, 3)["jet"].counts.tolist() == [0, 1]
    assert found["vector"].shape == (N, 3)
    np.testing.assert_array_equal(found["matrix"], np.arange(6.0 * N).reshape(N, 2, 3))
    np.testing.assert_array_equal(found["bits"], bits)
    assert found["word"].tolist() == ["muon", "e", None, "tau neutrino", "x"]
    for jet in jets.values():
        assert (jet.values.dtype, jet.counts.tolist()) == (np.float32, [2, 0, 1, 1, 1])
        assert jet.values.tolist() == [1.5, 2.5, 0, 1, 2]


def test_lists_that_do_not_stand_in_order_are_gathered() -> None:
    heap = np.frombuffer(np.arange(6, dtype=">i2").tobytes(), np.uint8)
    field = fits_fields.Field("n", 0, "P", np.dtype(">i4"), (2,), "I")
    found = fits_fields.members_of(field, np.array([[2, 8], [0, 99], [3, 0]]), heap)
    assert (found.values.tolist(), found.counts.tolist()) == ([4, 5, 0, 1, 2], [2, 0, 3])
    with pytest.raises(ValueError, match="beyond the file"):
        fits_fields.members_of(field, np.array([[2, 10]]), heap)


def test_a_table_in_ascii(tmp_path: Path) -> None:
    columns = [
        fits.Column("n", format="I20", array=np.array([2**53 + 1, -7, 3, 4, 5]), null="-7"),
        fits.Column("x", format="D24.16", array=np.array([0.1, 2, 3, -4e-200, 5])),
        fits.Column("s", format="A6", array=np.array(["muon", "e", "", "x y", "b"])),
    ]
    path = _write(tmp_path / "t.fits", fits.TableHDU.from_columns(columns, name="LINES"))
    found = read_columns(path)
    assert found["n"].tolist() == [2**53 + 1, None, 3, 4, 5]
    assert found["x"].tolist() == [0.1, 2, 3, -4e-200, 5]
    assert found["s"].tolist() == ["muon", "e", None, "x y", "b"]
    number = fits_fields.Field("x", 0, "D", np.dtype("S8"), ascii=True, scale=2)
    written = fits_fields.column(number, np.array([b"        ", b"  1.5D+2", b"NaN"]))
    np.testing.assert_array_equal(written, [np.nan, 300, np.nan])


def test_units_are_those_of_the_columns(tmp_path: Path) -> None:
    one = _table(_column("v", "D", np.arange(N), unit="km/s"), _column("m", "D", np.arange(N), unit="Msun"))
    two = _table(_column("v", "D", np.arange(N), unit="m/s"), _column("z", "D", np.arange(N)), name="OTHER")
    path = _write(tmp_path / "t.fits", one, two)
    with opened(path, reader_for(path), {"hdu": "OTHER"}) as table:
        assert table.units == {"v": "m/s"}
    assert read_units(path) == {"m": "Msun"}, "of v the file says two"
    alone = _write(tmp_path / "u.fits", one)
    assert fs.read(alone, features=["v", "m"], task="clustering").units == ("km/s", "Msun")


def test_one_of_several_hdus_is_named_or_numbered(tmp_path: Path) -> None:
    tables = [_table(_column("x", "D", np.arange(k)), name=f"T{k}") for k in (2, 3)]
    same = [_table(_column("x", "D", np.arange(k)), name="SAME") for k in (4, 5)]
    image = fits.ImageHDU(np.zeros((6, 2, 2)), name="SKY")
    path = _write(tmp_path / "t.fits", *tables, *same, image)
    heights = {asked: len(read_columns(path, hdu=asked)["x"]) for asked in ("T2", "t3", 1, "3", 4)}
    assert heights == {"T2": 2, "t3": 3, 1: 2, "3": 4, 4: 5}
    assert read_columns(path, hdu="SKY")["SKY"].shape == (6, 1, 2, 2)
    with pytest.raises(InputError, match=r"holds 'T2' \(2 rows\), .*; say which: hdu = 'T2'"):
        read_columns(path)
    with pytest.raises(InputError, match=r"no hdu 'SKYE'.* Did you mean 'SKY'"):
        read_columns(path, hdu="SKYE")
    with pytest.raises(InputError, match="no hdu '7'"):
        read_columns(path, hdu=7)
    with pytest.raises(WrongTypeError, match="hdu = True is no name"):
        read_columns(path, hdu=True)
    assert list(reader_for(path).parts(path)) == ["T2", "T3", "3", "4", "SKY"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("shape", "read"),
    [((4, 2, 3, 5), (4, 2, 3, 5)), ((4, 3, 5), (4, 1, 3, 5)), ((3, 5), (1, 1, 3, 5)), ((7,), (7,))],
)
@pytest.mark.parametrize("packed", [False, True])
def test_images_are_a_stack(
    tmp_path: Path, shape: tuple[int, ...], read: tuple[int, ...], packed: bool
) -> None:
    pixels = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
    if packed and len(shape) not in (2, 3):
        pytest.skip("astropy packs images of two and three dimensions here")
    hdu = fits.CompImageHDU(pixels) if packed else fits.ImageHDU(pixels)
    path = _write(tmp_path / "t.fits", hdu)
    with opened(path, reader_for(path), {}) as table:
        name = table.names[0]
        whole, part = table.columns([name])[name], table.columns([name], 0, 1)[name]
    assert (whole.shape, part.shape, whole.dtype) == (read, (1, *read[1:]), np.int16)
    np.testing.assert_array_equal(whole.ravel(), pixels.ravel())
    np.testing.assert_array_equal(part, whole[:1])


def test_pixels_are_scaled_blank_ones_missing_and_the_unit_is_that_of_the_image(tmp_path: Path) -> None:
    hdu = fits.ImageHDU(np.array([[[1, 2], [-99, 4]]], dtype=np.int16), name="SKY")
    hdu.header["BLANK"], hdu.header["BUNIT"] = -99, "Jy"
    path = _write(tmp_path / "t.fits", hdu)
    np.testing.assert_array_equal(read_columns(path)["SKY"], [[[[1, 2], [np.nan, 4]]]])
    assert read_units(path) == {"SKY": "Jy"}


def test_a_study_takes_a_stack_of_images(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "t.fits", fits.ImageHDU(np.random.default_rng(1).normal(size=(9, 4, 4)), name="SKY")
    )
    data = fs.read(path, features=["SKY"], task="clustering")
    assert (data.kind, data.X.shape) == ("image", (9, 1, 4, 4))


def test_a_gzipped_file_is_read_and_known_by_what_is_in_it(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.fits", _table(_column("x", "D", np.arange(N))))
    for name in ("t.fits.gz", "t.dat"):
        (tmp_path / name).write_bytes(gzip.compress(path.read_bytes()))
        assert reader_for(tmp_path / name).name == "FITS"
        assert read_columns(tmp_path / name)["x"].tolist() == [0, 1, 2, 3, 4]


def test_a_bomb_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path / "t.fits", _table(_column("x", "D", np.arange(N))))
    (tmp_path / "t.fits.gz").write_bytes(gzip.compress(path.read_bytes() + bytes(2**24)))
    monkeypatch.setattr(border, "_ALWAYS_ALLOWED", 2**20)
    with pytest.raises(DataError, match=r"t\.fits\.gz: this FITS file of \d+ bytes declares"):
        read_columns(tmp_path / "t.fits.gz")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"NAXIS2  =                    5", b"NAXIS2  =           5000000000"),
        (b"NAXIS2  =                    5", b"NAXIS2  =                   -5"),
        (b"NAXIS1  =                    8", b"NAXIS1  =        8000000000000"),
    ],
)
def test_a_file_that_claims_more_than_it_holds_is_refused(tmp_path: Path, old: bytes, new: bytes) -> None:
    path = _write(tmp_path / "t.fits", _table(_column("x", "D", np.arange(N))))
    path.write_bytes(path.read_bytes().replace(old, new))
    with pytest.raises(DataError, match=r"t\.fits: "):
        read_columns(path)


def test_without_astropy_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path / "t.fits", _table(_column("x", "D", np.arange(N))))
    monkeypatch.setitem(sys.modules, "astropy.io.fits", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fivesigma\[fits\]'"):
        read_columns(path)
