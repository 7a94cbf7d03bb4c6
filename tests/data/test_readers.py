"""Formats: what is written is what is read, and a damaged file is one sentence."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import polars
import pytest

from fivesigma._core.errors import DataError, InputError
from fivesigma.data import readers
from fivesigma.data.reading import read
from fivesigma.data.tables import read_columns


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.fixture
def table() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    x = rng.normal(size=60) * 10.0 ** rng.integers(-30, 30, size=60)
    x[7] = np.nan
    kind = np.array([None if i == 3 else "bs"[i % 2] for i in range(60)], dtype=object)
    return {"x 1": x, "n": np.arange(60) * 3, "kind": kind}


def save(path: Path, table: dict[str, np.ndarray]) -> Path:
    if path.suffix == ".npz":
        words = ["" if word is None else word for word in table["kind"]]
        np.savez(path, **(table | {"kind": np.array(words)}))
    elif path.suffix == ".parquet":
        polars.DataFrame(table).write_parquet(path)
    elif path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(polars.DataFrame(table).write_csv(null_value="NA").encode()))
    else:
        polars.DataFrame(table).write_csv(path, separator="\t" if path.suffix == ".tsv" else ",")
    return path


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.tsv", "t.parquet"])
def test_values_come_back_bit_for_bit(tmp_path, table, name):
    columns = read_columns(save(tmp_path / name, table))
    assert list(columns) == list(table)
    np.testing.assert_array_equal(columns["x 1"], table["x 1"])
    assert columns["n"].dtype == np.int64
    assert columns["kind"].tolist() == table["kind"].tolist()


def test_a_name_may_hold_line_break_and_quotes(tmp_path):
    path = write(tmp_path / "a.csv", b'"p\nq","say ""x""",z,w\n1,2,3,4\n5,6,7,8\n')
    assert list(read_columns(path)) == ["p\nq", 'say "x"', "z", "w"]


def test_the_hash_does_not_depend_on_the_format(tmp_path, table):
    hashes = {
        read(save(tmp_path / name, table), target="n", task="regression", features=["x 1"]).sha256
        for name in ("a.csv", "a.csv.gz", "a.parquet", "a.npz", "a.tsv")
    }
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "p,q r\n1,2.5\n3,-4\n"),
        ("a.csv", "p;q r\n1;2.5\n3;-4\n"),
        ("a.csv", "p|q r\r\n1|2.5\r\n3|-4\r\n"),
        ("a.csv", '"p","q r"\n"1","2.5"\n"3","-4"\n'),
        ("a.csv", "\ufeffp,q r\n1,2.5\n3,-4"),
        ("a.csv", "# made by hand\np,q r\n1,2.5\n3,-4\n"),
        ("a.csv", '# of 5" and\np,q r\n1,2.5\n3,-4\n'),
        ("a.csv", "p , q r\n 1 , 2.5\n 3 , -4\n"),
        ("a.csv", "p,q r\n1,2.5\n\n3,-4\n\n"),
        ("a.tsv", "p\tq r\n1\t2.5\n3\t-4\n"),
        ("a.txt", "p,q r\n1,2.5\n3,-4\n"),
    ],
)
def test_layouts_are_found_out(tmp_path, name, text):
    columns = read_columns(write(tmp_path / name, text))
    assert {k: v.tolist() for k, v in columns.items()} == {"p": [1, 3], "q r": [2.5, -4.0]}


@pytest.mark.parametrize(
    "text", ["p  q\n 1   2.5 \n3 -4\n", "# p q\n1 2.5\n3\t-4\n", "#c\n# p q\n  1 2.5\n3 -4"]
)
def test_tables_of_blanks(tmp_path, text):
    columns = read_columns(write(tmp_path / "a.dat", text))
    assert {k: v.tolist() for k, v in columns.items()} == {"p": [1, 3], "q": [2.5, -4.0]}


def test_options_of_csv(tmp_path):
    bare = write(tmp_path / "bare.csv", "1,2\n3,4\n")
    assert read_columns(bare, names=["a", "b"])["b"].tolist() == [2, 4]
    latin = write(tmp_path / "latin.csv", "größe,kind\n1,é\n".encode("latin-1"))
    assert read_columns(latin, encoding="latin-1")["kind"].tolist() == ["é"]
    odd = write(tmp_path / "odd.csv", "a:b\n1:2\n")
    assert read_columns(odd, separator=":")["b"].tolist() == [2]
    other = write(tmp_path / "table.out", "a,b\n1,2\n")
    assert read_columns(other, format="csv")["b"].tolist() == [2]


def test_words_for_missing(tmp_path):
    words = "NA,N/A,NaN,nan,NULL,null,None,"
    path = write(
        tmp_path / "a.csv", "a,s,i\n" + "\n".join(f'{w},"{w}",1' for w in words.split(",")) + "\n1,x,1\n"
    )
    columns = read_columns(path)
    assert np.isnan(columns["a"]).tolist() == [True] * 8 + [False]
    assert columns["s"][-1] == "x"
    assert set(columns["s"][:-1]) == {None}
    assert np.isnan(read_columns(write(path, "a,b\n?,1\n2,?\n"), missing=["?"])["a"][0])


def test_types_that_change_far_down_the_file(tmp_path):
    rows = ["1,1,"] * 5000 + ["2.5,x,7"]
    columns = read_columns(write(tmp_path / "a.csv", "a,b,c\n" + "\n".join(rows)))
    assert columns["a"][-1] == 2.5
    assert columns["b"][-1] == "x"
    assert columns["c"][-1] == 7.0


def test_words_for_missing_far_down_the_file(tmp_path):
    rows = ["1,2.5,b"] * 20_000 + ["NA,N/A,NA", "?,nan,?"]
    columns = read_columns(write(tmp_path / "a.csv", "a,b,c\n" + "\n".join(rows)), missing=["?"])
    assert np.isnan(columns["a"][-2:]).all()
    assert np.isnan(columns["b"][-2:]).all()
    assert columns["c"][-3:].tolist() == ["b", None, None]


def test_infinite_values_are_numbers(tmp_path):
    columns = read_columns(write(tmp_path / "a.csv", "a\ninf\n-Infinity\n2\n"))
    assert columns["a"].tolist() == [np.inf, -np.inf, 2.0]


def test_npz_of_a_matrix_with_names(tmp_path):
    X = np.arange(6.0).reshape(3, 2)
    np.savez(tmp_path / "a.npz", X=X, names=np.array(["a", "b"]), y=np.array([0, 1, 0]), scale=3.0)
    columns = read_columns(tmp_path / "a.npz")
    assert list(columns) == ["a", "b", "y"]
    np.savez_compressed(tmp_path / "b.npz", X=np.asfortranarray(X))
    np.testing.assert_array_equal(read_columns(tmp_path / "b.npz")["x1"], X[:, 1])
    np.save(tmp_path / "c.npy", np.array([(1, 2.5), (3, 4.5)], dtype=[("n", "i4"), ("v", ">f8")]))
    assert read_columns(tmp_path / "c.npy")["v"].tolist() == [2.5, 4.5]


def _npy_header(shape: str, descr: str = "<f8") -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (63 - (len(header) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


def _zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_npz_never_unpickles(tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "mark",))

    np.savez(tmp_path / "a.npz", x=np.array([Trap(), 1], dtype=object))
    with pytest.raises(DataError, match="pickle"):
        read_columns(tmp_path / "a.npz")
    assert not (tmp_path / "mark").exists()


def test_npz_that_promises_too_much(tmp_path):
    with pytest.raises(DataError, match="more than the file holds"):
        read_columns(_zip(tmp_path / "a.npz", {"x.npy": _npy_header("(1099511627776,)") + b"\0" * 80}))
    with pytest.raises(DataError, match="more than the file holds"):
        read_columns(_zip(tmp_path / "b.npz", {"x.npy": _npy_header(f"({2**62}, 4)") + b"\0" * 80}))
    path = _zip(tmp_path / "c.npz", {"x.npy": _npy_header("(10,)") + b"\0" * 80})
    raw = path.read_bytes()
    size = len(_npy_header("(10,)")) + 80
    lying = raw.replace(size.to_bytes(4, "little"), (2**32 - 2).to_bytes(4, "little"))
    with pytest.raises(DataError, match=r"declares 4\.0 GiB"):
        read_columns(write(path, lying))


def test_gzip_bomb_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("fivesigma.data.readers.text_bytes._ALLOWED", 2**20)
    path = write(tmp_path / "a.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 2_000_000))
    with pytest.raises(DataError, match="declares"):
        read_columns(path)


CSV_FAULTS = {
    "empty": (b"", "is empty"),
    "blank": (b"\n  \n", "is empty"),
    "only names": (b"a,b\n", "no rows"),
    "same name twice": (b"a,b,a\n1,2,3\n", "'a' occurs twice"),
    "latin-1 name": ("gr\xf6\xdfe,b\n1,2\n".encode("latin-1"), "line 1 holds bytes that are not UTF-8"),
    "latin-1 value": (b"a,b\n1,2\n3,\xe9\n", "line 3 holds bytes that are not UTF-8"),
    "long line": (b"a,b\n1,2\n3,4,5\n", "more fields"),
    "cut short": (b"a,b,c\n1,2,3\n4,5,6\n7,8", "line 4 has 2 of 3 fields"),
    "short line": (b"a,b,c\n1,2,3\n4,5\n7,8,9\n", "line 3 has 2 of 3 fields"),
    "open quote": (b'a,b\n1,"x\n2,y\n', "CSV"),
}


@pytest.mark.parametrize("fault", CSV_FAULTS)
def test_faulty_csv(tmp_path, fault):
    content, words = CSV_FAULTS[fault]
    path = write(tmp_path / "a.csv", content)
    with pytest.raises((DataError, InputError), match=words) as caught:
        read_columns(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300 + len(str(path))


def test_missing_last_field_with_quotes_is_no_short_line(tmp_path):
    path = write(tmp_path / "a.csv", 'a,b,c\n1,"x, y",\n2,"two\nlines",5\n3,z,\n')
    columns = read_columns(path)
    assert columns["b"].tolist() == ["x, y", "two\nlines", "z"]
    assert np.isnan(columns["c"][0])


def test_paths(tmp_path):
    for i in (2, 1):
        write(tmp_path / f"part{i}.csv", f"a,kind\n{i},x\n{i}.5,\n")
    both = read_columns(str(tmp_path / "part*.csv"))
    assert both["a"].tolist() == [1.0, 1.5, 2.0, 2.5]
    assert both["kind"].tolist() == ["x", None, "x", None]
    assert read_columns([tmp_path / "part2.csv", tmp_path / "part1.csv"])["a"].tolist() == [
        2.0,
        2.5,
        1.0,
        1.5,
    ]
    odd = write(tmp_path / "a[1].csv", "a\n9\n")
    assert read_columns(str(odd))["a"].tolist() == [9]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("part3.csv", "no such file; check the path. Did you mean 'part1.csv'"),
        ("nowhere/part1.csv", "does not exist either"),
        ("*.parquet", "no such file"),
        ("", "this folder holds tables of several formats"),
        ("x.root", "x.root: not readable as ROOT"),
        ("x.h5", "x.h5: not readable as HDF5"),
        ("x.zzz", "'.zzz' is not in this version; .+ CSV .+, or say format = 'CSV' of a table of text"),
        ("x.yyy", r"'.yyy' is not in this version; write it as one of [^;]+ CSV .\.csv.\.$"),
        ("x.xlsx", r"Excel files are not in this version; write it as one of [^;]+ CSV .\.csv.\.$"),
    ],
)
def test_paths_that_are_refused(tmp_path, path, words):
    write(tmp_path / "part1.csv", "a\n1\n")
    for name in ("x.root", "x.h5", "x.zzz", "x.xlsx"):
        write(tmp_path / name, b"root")
    write(tmp_path / "x.yyy", bytes(range(256)))
    with pytest.raises(DataError, match=words.replace("*", ".")):
        read_columns(str(tmp_path / path) if path else tmp_path)


def test_files_that_do_not_fit_together(tmp_path):
    a = write(tmp_path / "a.csv", "a,b\n1,2\n")
    with pytest.raises(InputError, match="column 'b' is not in both"):
        read_columns([a, write(tmp_path / "b.csv", "a\n1\n")])
    with pytest.raises(InputError, match="column 'b' is text in"):
        read_columns([a, write(tmp_path / "b.csv", "a,b\n1,x\n")])
    both = read_columns([a, write(tmp_path / "b.csv", "a,b\n1,NA\n")])
    np.testing.assert_array_equal(both["b"], [2.0, np.nan])


def test_unknown_options_and_formats(tmp_path):
    a = write(tmp_path / "a.csv", "a,b\n1,2\n")
    with pytest.raises(InputError, match=r"'seperator' is not an option of CSV.*Did you mean 'separator'"):
        read_columns(a, seperator=";")
    with pytest.raises(InputError, match="'tree' is not an option of CSV"):
        read_columns(a, tree="mini")
    with pytest.raises(InputError, match="format 'csw' is not known"):
        read_columns(a, format="csw")


def test_a_reader_of_another_package(tmp_path, monkeypatch):
    class Halos:
        name, suffixes, options = "halos", (".halos",), ("scale",)

        def columns(self, path, options):
            return {"m": np.arange(3.0) * options.get("scale", 1)}

    class Point:
        @staticmethod
        def load():
            return Halos

    monkeypatch.setattr(readers, "entry_points", lambda group: [Point()])
    readers.all_readers.cache_clear()
    try:
        assert read_columns(write(tmp_path / "a.HALOS", ""), scale=2)["m"].tolist() == [0.0, 2.0, 4.0]
    finally:
        readers.all_readers.cache_clear()


def test_permission_is_explained(tmp_path, monkeypatch):
    path = write(tmp_path / "a.csv", "a\n1\n")

    def refuse(*_: object, **__: object) -> io.BytesIO:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match="ermission"):
        read_columns(path)


NAMES = {"t.npz": "NPZ", "t.parquet": "Parquet", "t.csv": "CSV", "t.csv.gz": "CSV"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("called", ["a.csv", "a.npz", "a.parquet", "a.root", "a"])
def test_a_format_is_known_by_what_is_in_the_file_whatever_it_is_called(tmp_path, table, name, called):
    save(tmp_path / name, table)
    (tmp_path / called).write_bytes((tmp_path / name).read_bytes())
    if NAMES[name] == "CSV" and called != "a.csv":
        return  # text has no first bytes of its own: it goes by its name
    assert readers.reader_for(tmp_path / called).name == NAMES[name]
    assert readers.reader_for(tmp_path / called, "csv").name == "CSV"
    if not name.endswith(".gz"):
        np.testing.assert_array_equal(read_columns(tmp_path / called)["x 1"], table["x 1"])


def test_a_path_without_a_file_has_a_format_by_its_name(tmp_path):
    assert readers.reader_for(tmp_path / "later.parquet").name == "Parquet"
    assert readers.reader_for("later.root").name == "ROOT"
    (tmp_path / "folder.root").mkdir()
    assert readers.reader_for(tmp_path / "folder.root").name == "ROOT"


def test_a_suffix_of_another_package_comes_before_our_bytes(tmp_path, monkeypatch):
    class Model:
        name, suffixes, options = "model", (".model",), ()

        def columns(self, path, options):
            return {}

    class Magic(Model):
        name, suffixes = "magic", (".magic",)

        def claims(self, path, head):
            return head.startswith(b"PAR1magic")

    class Point:
        def __init__(self, kind):
            self.load = lambda: kind

    monkeypatch.setattr(readers, "entry_points", lambda group: [Point(Model), Point(Magic)])
    readers.all_readers.cache_clear()
    try:
        found = {
            name: readers.reader_for(write(tmp_path / name, head)).name
            for name, head in {
                "a.model": b"PAR1", "a.magic": b"PAR1", "b.magic": b"root", "a.x": b"PAR1magic", "a.csv": b"PAR1"
            }.items()
        }  # fmt: skip
    finally:
        readers.all_readers.cache_clear()
    assert found == {
        "a.model": "model", "a.magic": "Parquet", "b.magic": "magic", "a.x": "magic", "a.csv": "Parquet"
    }  # fmt: skip
