"""Arrays in one file come back to the bit, whatever their type, shape and order."""

import io

import numpy as np
import pytest

from fivesigma.record.packed import pack, unpack

ARRAYS = {
    "whole": np.arange(7),
    "none": np.empty((0, 3)),
    "one": np.array(2.5),
    "by columns": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "every second": np.arange(20.0)[::2],
    "texts": np.array(["µ", "longer"]),
    "records": np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f8")]),
    "named µ": np.array([True, False]),
    "other end": np.arange(3, dtype=">i4"),
    "many names": np.zeros(2, dtype=[(f"a long name of a field {i}", "<f8") for i in range(200)]),
    "names beyond Latin": np.zeros(2, dtype=[("σ", "<f8")]),
    "odd bytes": np.arange(5, dtype=np.uint8),
    "after them": np.arange(3.0),
}


@pytest.mark.filterwarnings("ignore:Stored array in format")
@pytest.mark.parametrize("names", [list(ARRAYS), *([name] for name in ARRAYS)], ids=lambda names: names[0])
def test_arrays_come_back_to_the_bit_as_numpy_reads_them(names) -> None:
    given = {name: ARRAYS[name] for name in names}
    found = unpack(pack(given))
    assert list(found) == names
    with np.load(io.BytesIO(pack(given))) as archive:
        for name, array in found.items():
            expected = archive[name]
            assert (array.dtype, array.shape) == (expected.dtype, expected.shape)
            assert array.tobytes() == expected.tobytes() == given[name].tobytes()
            assert array.flags["F_CONTIGUOUS"] == expected.flags["F_CONTIGUOUS"]
            assert array.flags["WRITEABLE"]
            assert array.flags["ALIGNED"]


def test_what_comes_back_is_its_own() -> None:
    content = pack({"a": np.zeros(3)})
    unpack(content)["a"][:] = 1
    assert unpack(content)["a"].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("array", "kind", "why"),
    [(np.array([{}]), np.savez, "Python objects"), (np.zeros(3), np.savez_compressed, "compressed")],
)
def test_objects_and_what_is_compressed_are_refused(array, kind, why) -> None:
    buffer = io.BytesIO()
    kind(buffer, a=array)
    with pytest.raises(ValueError, match=why):
        unpack(buffer.getvalue())


def test_no_flipped_byte_of_an_array_goes_unseen() -> None:
    content = pack({"a": np.arange(4.0), "b": np.arange(3)})
    whole = unpack(content)
    for at in range(len(content)):
        damaged = bytearray(content)
        damaged[at] ^= 255
        try:
            found = unpack(bytes(damaged))
        except ValueError:
            continue
        for name, array in found.items():  # in the names of the list, or dates, nothing is lost
            assert any(array.tobytes() == each.tobytes() for each in whole.values()), name


def test_what_is_no_archive_is_refused() -> None:
    with pytest.raises(ValueError, match="no arrays"):
        unpack(b"nothing of that kind")


def test_no_damage_gives_arrays_that_numpy_does_not_read_too() -> None:
    given = {"a": np.arange(5.0), "b": np.asfortranarray(np.eye(3)), "µ": np.array(["x", "yy"])}
    content = pack(given)
    for i in range(len(content)):
        for flipped in (0x01, 0x80, 0xFF):
            damaged = bytearray(content)
            damaged[i] ^= flipped
            try:
                found = unpack(bytes(damaged))
            except ValueError:
                continue
            whole = list(found) == list(given)
            if whole and all(np.array_equal(found[name], given[name]) for name in given):
                continue
            with np.load(io.BytesIO(damaged)) as archive:
                assert archive.files == list(found)
                for name in found:
                    np.testing.assert_array_equal(found[name], archive[name])
