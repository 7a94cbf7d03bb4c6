"""CSV: layouts, encodings, spellings of numbers, and tables of any width."""

from __future__ import annotations

import gzip
import lzma
import sys
from pathlib import Path

import numpy as np
import polars
import pytest

from fivesigma._core.errors import DataError, InputError
from fivesigma.data.readers.csv import READER, find_layout
from fivesigma.data.tables import opened, read_columns
from tests.steps import steps


def _write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _columns(path: Path, **options: object) -> dict[str, list[object]]:
    return {name: column.tolist() for name, column in read_columns(path, **options).items()}


TABLE = "name,flux,y\nM31,1.5,0\nM33,2.5,1\n"
READ = {"name": ["M31", "M33"], "flux": [1.5, 2.5], "y": [0, 1]}


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-mark", "utf-16-be-mark", "utf-32"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_encodings_and_ends_of_lines(tmp_path: Path, encoding: str, end: str, suffix: str) -> None:
    text = TABLE.replace("\n", end)
    if encoding.endswith("-mark"):
        raw = ("\ufeff" + text).encode(encoding.removesuffix("-mark"))
    else:
        raw = text.encode(encoding)
    path = _write(tmp_path / f"t{suffix}", gzip.compress(raw) if suffix.endswith("gz") else raw)
    assert _columns(path) == READ


def test_an_encoding_that_is_said(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.csv", "größe,é\n1,2\n".encode("latin-1"))
    assert _columns(path, encoding="latin-1") == {"größe": [1], "é": [2]}
    with pytest.raises(DataError, match="line 1 holds bytes that are not UTF-8"):
        read_columns(path)
    with pytest.raises(InputError, match="encoding = 'latin-one' is not known"):
        read_columns(path, encoding="latin-one")


@pytest.mark.parametrize("above", ["# name,flux,y\n", "# a catalogue\n#name,flux,y\n"])
def test_names_in_the_last_comment_over_a_text_column(tmp_path: Path, above: str) -> None:
    assert _columns(_write(tmp_path / "t.csv", above + TABLE.partition("\n")[2])) == READ


def test_a_comment_over_a_line_of_names_is_a_comment(tmp_path: Path) -> None:
    assert _columns(_write(tmp_path / "t.csv", "# made of three, parts, today\n" + TABLE)) == READ


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_a_line_of_names_longer_than_the_head(tmp_path: Path, separator: str) -> None:
    names = [f"{'a long name of a column ' * 3}{i}" for i in range(9_000)]
    rows = "\n".join(separator.join(str(i * j) for i in range(9_000)) for j in range(2))
    path = _write(tmp_path / "t.csv", separator.join(names) + "\n" + rows + "\n")
    assert path.stat().st_size > 1 << 19
    columns = read_columns(path)
    assert list(columns) == names
    assert columns[names[-1]].tolist() == [0, 8_999]


def test_ten_times_the_columns_are_ten_times_the_work(tmp_path: Path) -> None:
    counted = []
    for width in (200, 2_000):
        path = tmp_path / f"{width}.csv"
        polars.DataFrame({f"c{i}": [1.5, 2.5] for i in range(width)}).write_csv(path)
        read_columns(path)
        counted.append(steps(lambda path=path: read_columns(path)))
    assert counted[1] < 13 * counted[0]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a;b\n1,5;2\n2,25;3\n", [1.5, 2.25]),
        ("a;b\n1;2\n-2,5e3;3\n", [1.0, -2500.0]),
        ('a,b\n"1,5",2\n"2",3\n', [1.5, 2.0]),
        ("a b\n1,5 2\n2,5 3\n", [1.5, 2.5]),
        ("a;b\n1,234;2\nNA;3\n0,5;1\n", [1.234, None, 0.5]),
        ("a,b\n1.5D+03,2\n2.0D-01,3\n", [1500.0, 0.2]),
        ("a,b\n1.5d3,2\n7,3\n", [1500.0, 7.0]),
    ],
)
def test_other_spellings_of_numbers(tmp_path: Path, text: str, values: list[float | None]) -> None:
    path = _write(tmp_path / ("t.dat" if text.startswith("a b") else "t.csv"), text)
    assert [None if value != value else value for value in _columns(path)["a"]] == values
    assert isinstance(read_columns(path, text=["a"])["a"][0], str)


def test_a_comma_that_may_be_one_of_thousands_must_be_said(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.csv", "a;b\n1,234;2\n12,500;3\n")
    with pytest.raises(DataError, match=r"numbers with a comma .such as '1,234'.*say decimal = ','"):
        read_columns(path)
    assert _columns(path, decimal=",")["a"] == [1.234, 12.5]
    assert _columns(path, text=["a"])["a"] == ["1,234", "12,500"]
    with pytest.raises(DataError, match="which may be one of decimals or of thousands"):
        read_columns(_write(tmp_path / "u.csv", "a;b\n1,5;2\n"), decimal=".")


@pytest.mark.parametrize("words", ["1D5 2D7", "a,b c,d", "1,234,567 8", "x 1,5", "3D 2D"])
def test_text_that_is_no_number_stays_text(tmp_path: Path, words: str) -> None:
    one, other = words.split()
    assert _columns(_write(tmp_path / "t.csv", f"a;b\n{one};1\n{other};2\n"))["a"] == [one, other]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a,b\n1,2\n1,2,3\n4,5\n", "line 3 has 3 fields"),
        ("# made by hand\na b\n1 2\n\n1 2 3\n", "line 5 has 3 fields"),
        ('a,b\n"x,y",2\n1,2,3,4\n', "line 3 has 4 fields"),
        ('a,b\n1,2\n"x",2,3\n', "a line has more fields"),
        ("a,b\n" + "1,2\n" * 5000 + "1,2,3\n", "line 5002 has 3 fields"),
    ],
)
def test_a_line_of_too_many_fields_is_named(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(DataError, match=f"{line}.* than there are names .2;"):
        read_columns(_write(tmp_path / ("t.csv" if "," in text else "t.dat"), text))


def test_decimal_commas_between_commas_are_too_many_fields(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"line 2 has 4 fields, more fields than there are names .2; decimal commas"
    ):
        read_columns(_write(tmp_path / "t.csv", "a,b\n1,5,2,5\n"))


@pytest.mark.parametrize(
    ("words", "kind", "values"),
    [
        (["1", "9223372036854775809"], np.uint64, [1, 2**63 + 1]),
        (["1"] * 3000 + ["9223372036854775809"], np.uint64, [1] * 3000 + [2**63 + 1]),
        (["-1", "9223372036854775809"], object, [-1, 2**63 + 1]),
        (["1", "9" * 45], np.float64, [1.0, 1e45]),
        ([" 1000000000000000001", "2 "], np.int64, [10**18 + 1, 2]),
        (["+5", "6"], np.int64, [5, 6]),
        (["1000000000000000001", "1.5"], np.float64, [1e18, 1.5]),
    ],
)
def test_whole_numbers_of_any_size(
    tmp_path: Path, words: list[str], kind: type, values: list[object]
) -> None:
    column = read_columns(_write(tmp_path / "t.csv", "a,b\n" + "".join(f"{w},1\n" for w in words)))["a"]
    assert column.dtype == kind
    assert column.tolist() == values


def test_columns_that_are_said_to_be_text(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.csv", "run,x\n01,1\n02,2\n")
    assert _columns(path) == {"run": [1, 2], "x": [1, 2]}
    assert _columns(path, text=["run"])["run"] == _columns(path, text="run")["run"] == ["01", "02"]
    assert _columns(path, as_text=["run", "absent"])["run"] == ["01", "02"]
    with pytest.raises(InputError, match=r"text = 'rum' is not a column of this file. Did you mean 'run'"):
        read_columns(path, text=["rum"])


@pytest.mark.parametrize("separator", [5, "::", ""])
def test_a_separator_that_is_none(tmp_path: Path, separator: object) -> None:
    path = _write(tmp_path / "t.csv", TABLE)
    if separator == "":
        assert _columns(path, separator=separator) == READ
        return
    with pytest.raises(InputError, match=r"separator = .* is not a single character"):
        read_columns(path, separator=separator)


def test_a_file_without_a_line_of_names(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.csv", "1,2\n3,4\n")
    assert _columns(path, names=["a", "b"]) == {"a": [1, 3], "b": [2, 4]}
    with pytest.raises(InputError, match="3 names for 2 columns"):
        read_columns(path, names=["a", "b", "c"])
    with pytest.raises(InputError, match="'a' occurs twice"):
        read_columns(path, names=["a", "a"])
    assert _columns(path) == {"x0": [1, 3], "x1": [2, 4]}
    assert _columns(path, header=True) == {"1": [3], "2": [4]}
    assert _columns(path, header=True, names=["a", "b"]) == {"a": [3], "b": [4]}
    named = _write(tmp_path / "u.csv", "s,b\n1,2\n")
    assert _columns(named, header=False) == {"x0": ["s", "1"], "x1": ["b", "2"]}


COMMENTS = {
    "at the top": "# made today\n# by me\na,b\n1,2\n3,4\n",
    "between the rows": "a,b\n1,2\n# half of it, here\n3,4\n",
    "late": "a,b\n" + "1,2\n" * 40_000 + "# the last\n3,4\n",
    "late, of text": "a,b\n" + "x,2\n" * 40_000 + "# the last\ny,4\n",
    "at the end": "a,b\n1,2\n3,4\n# the end\n",
}


@pytest.mark.parametrize("where", COMMENTS)
@pytest.mark.parametrize("comment", ["#", "%", "//"])
def test_comments_are_no_rows(tmp_path: Path, where: str, comment: str) -> None:
    path = _write(tmp_path / "t.csv", COMMENTS[where].replace("#", comment))
    found = _columns(path, **({} if comment == "#" else {"comment": comment}))
    assert (list(found), found["b"][-1]) == (["a", "b"], 4)
    assert len(found["a"]) == COMMENTS[where].count("\n") - COMMENTS[where].count("#") - 1


def test_names_in_comments_of_another_mark(tmp_path: Path) -> None:
    path = _write(tmp_path / "t.dat", "! a catalogue\n! x y\n1.5 2\n! half\n2.5 3\n")
    assert _columns(path, comment="!") == {"x": [1.5, 2.5], "y": [2, 3]}
    assert _columns(_write(tmp_path / "u.csv", "#a,b\n#1,2\n"), comment="") == {"#a": ["#1"], "b": [2]}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"header": "yes"}, "header = 'yes' says neither; expected true or false"),
        ({"decimal": ";"}, "decimal = ';' is not a mark of decimals"),
        ({"comment": 3}, "comment = 3 does not begin a comment"),
        ({"comment": "# "}, "does not begin a comment"),
    ],
)
def test_options_that_are_none(tmp_path: Path, options: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_columns(_write(tmp_path / "t.csv", TABLE), **options)


@pytest.mark.parametrize("suffix", [".csv", ".txt", ".dat", ".asc", ".out", ""])
@pytest.mark.parametrize("gap", [" ", "   ", "\t", " \t "])
def test_tables_in_blanks(tmp_path: Path, suffix: str, gap: str) -> None:
    before = "" if "\t" in gap else gap  # a tab before the first field would be an empty one
    text = f"a b c\n1 2.5 3\n{before}4 5.5 6\n".replace(" ", gap)
    assert _columns(_write(tmp_path / f"t{suffix}", text)) == {"a": [1, 4], "b": [2.5, 5.5], "c": [3, 6]}


@pytest.mark.parametrize("suffix", [".csv.gz", ".csv.xz", ".csv.zst", ".txt.xz"])
def test_compressed_text(tmp_path: Path, suffix: str) -> None:
    packed = {
        "gz": gzip.compress,
        "xz": lzma.compress,
        "zst": lambda raw: pytest.importorskip("zstandard").compress(raw),
    }[suffix.rpartition(".")[2]]
    path = _write(tmp_path / f"t{suffix}", packed(TABLE.encode()))
    assert _columns(path) == READ
    assert _columns(path.rename(tmp_path / "named.otherwise")) == READ


def test_zstd_without_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _write(tmp_path / "t.csv.zst", b"\x28\xb5\x2f\xfd rest")
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(
        DataError, match=r"needs an extra: pip install 'fivesigma\[zstd\]', or unpack the file"
    ):
        read_columns(path)


@pytest.mark.parametrize("suffix", [".gz", ".xz", ".zst"])
def test_a_bomb_is_refused(tmp_path: Path, suffix: str) -> None:
    rows = b"1,2\n" * (1 << 20)
    if suffix == ".zst":
        packed = pytest.importorskip("zstandard").compress(b"a,b\n" + rows * 80)
    else:
        compress = gzip.compress if suffix == ".gz" else lzma.compress
        packed = compress(b"a,b\n") + compress(rows) * 80  # parts of one file
    path = _write(tmp_path / f"t.csv{suffix}", packed)
    assert path.stat().st_size < 1 << 21
    with pytest.raises(DataError, match=r"declares .* GiB; it is damaged or hostile"):
        read_columns(path)


def test_the_layout_says_what_was_found() -> None:
    layout = find_layout(Path("x.dat"), "# a b\r 1 2\r 3 4\r", {"text": ["a"]})
    assert (layout.separator, layout.written, layout.names) == (" ", "\t", ("a", "b"))
    assert (layout.header, layout.returns, layout.text) == (False, True, frozenset({"a"}))
    assert READER.units(Path("x.dat")) == {}


@pytest.mark.parametrize(
    ("text", "options", "column"),
    [
        ("a;b\n0,5;1.001\n1,5;2.002\n", {}, "b"),
        ("a;b\n0,5;1.5\n1,5;2.002\n", {"decimal": ","}, "b"),
        ("a;b\n1.001;2\n1.002;3\n", {"decimal": ","}, "a"),
        ("a;b\n0,5;1\n1.001;2\n2,25;3\n", {}, "a"),
        ("a;b\n1.234,5;1\n2,25;2\n", {}, "a"),
    ],
)
def test_points_beside_decimal_commas_may_be_those_of_thousands(tmp_path, text, options, column):
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(
        DataError, match=rf"column '{column}' has numbers with a point .* text = \['{column}'\]"
    ):
        read_columns(path, **options)
    with pytest.raises(DataError, match=f"column '{column}'"), opened(path, **options):
        pass
    assert read_columns(path, **options, text=[column])[column].dtype == object


def test_points_that_can_only_be_decimals_stay_numbers(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a;b;c\n0,5;1.5;v1.001\n1,5;2.002;x\n")
    found = read_columns(path)
    assert [found[name].tolist() for name in "ab"] == [[0.5, 1.5], [1.5, 2.002]]
