"""CSV and its relatives (semicolon, tab, bar, blanks; also gzipped), by polars."""

from __future__ import annotations

import csv
import functools
import gzip
import io
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from numpy.typing import NDArray

from fivesigma._core.errors import DataError, InputError
from fivesigma.data.readers.border import border, refuse_promise
from fivesigma.data.readers.frame_table import FrameTable

if TYPE_CHECKING:
    import polars

MISSING = ("NA", "N/A", "NaN", "nan", "NULL", "null", "None", "")
_SEPARATORS = ",;\t|"
_HEAD = 1 << 18  # bytes looked at to find out the layout
_LONGEST_HEAD = 1 << 26
_CHUNK = 1 << 24
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SPELLINGS = (
    (
        r"^[+-]?\d*([,.]\d+)?([eE][+-]?\d+)?$",
        r"^[+-]?\d*,\d+",
        "numbers with a decimal comma (such as {!r}), which is not read in this version: write decimal points",
    ),
    (
        r"^[+-]?(\d+\.?\d*|\.\d+)([dDeE][+-]?\d+)?$",
        r"\.\d*[dD][+-]?\d+$",
        "numbers with Fortran's D exponents (such as {!r}), which are not read in this version: write E for D",
    ),
)
"""Spellings of numbers that are not read: what each word looks like, what one of them must, and what to say."""
_NEXT = "open it in an editor and mend that place, or write it again"


@dataclass(frozen=True)
class Layout:
    """How the text is laid out; a blank as ``separator`` is any run of blanks."""

    separator: str
    names: tuple[str, ...]
    skipped: int
    header: bool
    missing: bool = False  # whether words that mean a missing value stand in the first lines
    text: frozenset[str] = frozenset()  # columns that are text whatever they look like
    returns: bool = False  # whether lines end in a carriage return alone, as on the first Macintosh

    @property
    def written(self) -> str:
        """The separator between the fields as polars reads them."""
        return "\t" if self.separator == " " else self.separator


@dataclass(frozen=True)
class CsvReader:
    """Text tables with one line of names; empty lines are no rows.

    Options: ``separator`` (else found out), ``names`` (for a file without a line of names), ``encoding``
    (UTF-8, or what the first bytes say), ``missing`` (words that mean a missing value, beside NA, N/A, NaN, NULL,
    None and nothing), ``text`` (names of columns that are text even if each word is a number, such as ``01``).
    Whole numbers keep every digit.
    """

    name: str = "CSV"
    suffixes: tuple[str, ...] = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz", ".dat", ".dat.gz")
    options: tuple[str, ...] = ("separator", "names", "encoding", "missing", "text")

    def columns(self, path: Path, options: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """Read the table in ``path``."""
        from fivesigma.data import frames

        with border(path, self.name, _NEXT):
            series = self._frame(path, options).get_columns()
            return frames.consumed(series)

    @contextmanager
    def open(self, path: Path, options: Mapping[str, Any]) -> Iterator[FrameTable]:
        """Open ``path``: its text is parsed at once, its columns are made when they are asked for."""
        with border(path, self.name, _NEXT):
            frame = self._frame(path, options)
        yield FrameTable(path, self.name, _NEXT, frame, frame.height)

    def _frame(self, path: Path, options: Mapping[str, Any]) -> polars.DataFrame:
        missing = (*MISSING, *options.get("missing", ()))
        head = _head(path)
        encoding = _encoding(head, options)
        text = _decoded(path, head, encoding)
        layout = replace(find_layout(path, text, options), missing=_has_word(text, missing))
        source = _source(path, layout, encoding)
        frame = _frame(path, source, layout, missing)
        _refuse_short_lines(path, frame, layout, source)
        return _tidy(path, frame, layout, missing, source)

    def units(self, path: Path) -> Mapping[str, str]:
        """Return nothing: the format says no units."""
        return {}


def find_layout(path: Path, head: str, options: Mapping[str, Any]) -> Layout:
    """Find out separator and names from the first lines of the text.

    >>> find_layout(Path("x.csv"), "a;b\\n1;2\\n", {}).separator
    ';'
    """
    lines = list(_records(head))
    comments = 0
    while comments < len(lines) and (lines[comments].startswith("#") or not lines[comments].strip()):
        comments += 1
    body = lines[comments : comments + 50]
    if not body:
        raise DataError(f"{path}: the file is empty; give one with a line of names and a row for each event.")
    separator = _said(options) or _separator(path, body)
    names, header = _names(path, lines[comments - 1] if comments else "", body, separator, options)
    said = options.get("text") or ()
    text = frozenset([said] if isinstance(said, str) else said)
    return Layout(separator, names, comments, header, text=text, returns="\n" not in head and "\r" in head)


def _said(options: Mapping[str, Any]) -> str:
    """Return the separator that was asked for, if any."""
    separator = options.get("separator") or ""
    if not isinstance(separator, str) or len(separator) > 1:
        raise InputError(f"separator = {separator!r} is not a single character; expected one such as ';'.")
    return separator


def _names(
    path: Path, above: str, body: Sequence[str], separator: str, options: Mapping[str, Any]
) -> tuple[tuple[str, ...], bool]:
    """Return the names of the columns, and whether they stand in the first line of ``body``."""
    first = _split(body[0], separator)
    if names := options.get("names"):
        return _checked(path, list(names), len(first)), False
    # the habit of astronomers: the names stand in the last comment, and the first line holds some number
    said = _split(above.lstrip("# "), separator) if above.startswith("#") else []
    numbers = [_is_number(word) for word in first]
    if len(said) == len(first) and any(numbers) and not any(map(_is_number, said)):
        return _checked(path, said), False
    if not all(numbers):
        return _checked(path, first), True
    raise DataError(
        f"{path}: the first line holds numbers, not names ({', '.join(first[:3])} ...); "
        "add a line of names at the top, or say names = [...]."
    )


def _records(head: str) -> Iterator[str]:
    """Yield the lines of the text; one that ends inside quotes goes on in the next.

    >>> list(_records('a,"b\\nc"\\n1,2\\n'))
    ['a,"b\\nc"', '1,2']
    """
    held, inside = "", False
    for line in io.StringIO(head, newline=""):
        held += line
        inside ^= line.count('"') % 2 == 1 and not held.startswith("#")
        if not inside:
            yield held.rstrip("\r\n")
            held = ""
    yield from held.splitlines()  # a lone quote, as in 5'11", opens nothing


def _separator(path: Path, lines: Sequence[str]) -> str:
    """Return the separator that cuts all of the first lines into the same, greatest number of fields."""
    blanks = " " if path.name.lower().removesuffix(".gz").endswith((".txt", ".dat")) else ""
    best, most = ",", 1
    for separator in _SEPARATORS + blanks:
        # the last line may be cut off by the size of the head
        counts = {
            len(_split(line, separator)) for line in lines[: max(1, min(20, len(lines) - 1))] if line.strip()
        }
        if len(counts) == 1 and (count := counts.pop()) > most:
            best, most = separator, count
    if most == 1:
        best = max(_SEPARATORS, key=lambda separator: len(_split(lines[0], separator)))
    return best


def _split(line: str, separator: str) -> list[str]:
    if separator == " ":
        return line.split()
    if '"' not in line:
        return [word.strip() for word in line.split(separator)]  # of any length, as no field of csv is
    return [word.strip() for word in next(csv.reader(io.StringIO(line, newline=""), delimiter=separator), [])]


def _checked(path: Path, names: list[str], width: int | None = None) -> tuple[str, ...]:
    """Refuse names that repeat; a column without a name gets one that says so."""
    if width is not None and len(names) != width:
        raise InputError(f"{path}: {len(names)} names for {width} columns; give one each.")
    named = [name or f"unnamed {i}" for i, name in enumerate(names)]
    if len(set(named)) < len(named):
        twice = next(name for i, name in enumerate(named) if name in named[:i])
        raise InputError(f"{path}: the column name {twice!r} occurs twice; rename one of the columns.")
    return tuple(named)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _has_word(text: str, words: Sequence[str]) -> bool:
    return (
        re.search(r"\b(?:" + "|".join(re.escape(word) for word in words if word) + r")\b", text) is not None
    )


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def _head(path: Path) -> bytes:
    """Return the first lines: those of the first 256 KiB, and at least the two that a wide table begins with."""
    with _open(path) as stream:
        head = stream.read(_HEAD)
        while len(head) % _HEAD == 0 and len(head) < _LONGEST_HEAD and not _has_two_lines(head):
            more = stream.read(_HEAD)
            head += more
            if not more:
                break
    if not head.strip():
        raise DataError(f"{path}: the file is empty; give one with a line of names and a row for each event.")
    end = max(head.rfind(b"\n"), head.rfind(b"\r") if b"\n" not in head else -1)
    return head if len(head) < _HEAD or end < 0 else head[: end + 1]


def _has_two_lines(head: bytes) -> bool:
    lines = re.split(rb"[\r\n]+", head)
    return sum(not line.startswith(b"#") for line in lines[:-1]) >= 2


def _encoding(head: bytes, options: Mapping[str, Any]) -> str:
    """Return the encoding that was asked for, else the one that the mark at the beginning says, else UTF-8."""
    if given := options.get("encoding"):
        return str(given)
    return next((name for mark, name in _MARKS if head.startswith(mark)), "utf-8")


def _decoded(path: Path, raw: bytes, encoding: str) -> str:
    whole = (
        raw[: len(raw) // 4 * 4] if encoding in dict(_MARKS).values() else raw
    )  # the head may end in a letter
    try:
        return whole.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
    except LookupError as error:
        raise InputError(
            f"encoding = {encoding!r} is not known; expected one such as 'utf-8' or 'latin-1'."
        ) from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _not_utf8(path, line) from error


def _not_utf8(path: Path, line: int) -> DataError:
    return DataError(
        f"{path}: line {line} holds bytes that are not UTF-8; save it as UTF-8 (in Python, read takes "
        "encoding = 'latin-1')."
    )


def _source(path: Path, layout: Layout, encoding: str) -> Path | bytes:
    """Return the path if polars can read it as it lies, else its bytes as polars can read them."""
    plain = encoding.lower() in ("utf-8", "utf8")
    if plain and layout.separator != " " and path.suffix.lower() != ".gz" and not layout.returns:
        return path
    raw = _all_bytes(path)
    if not plain:
        raw = _decoded(path, raw, encoding).removeprefix("\ufeff").encode()
    if layout.returns:
        raw = raw.replace(b"\r", b"\n")
    if layout.separator == " ":
        raw = re.sub(rb"[ \t]+", b"\t", re.sub(rb"(?m)^[ \t]+|[ \t\r]+$", b"", raw))
    return raw


def _all_bytes(path: Path) -> bytes:
    """Read all, and stop where a small gzip file swells beyond reason."""
    parts, size = [], 0
    with _open(path) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            refuse_promise(path, "CSV", size)
            parts.append(chunk)
    return b"".join(parts)


def _frame(path: Path, source: Path | bytes, layout: Layout, missing: Sequence[str]) -> polars.DataFrame:
    """Read with types from the first rows; where a later row contradicts them, from all rows.

    Words for a missing value that the first lines lack are looked for in a second attempt only: looking for
    them makes a large file a tenth slower.
    """
    attempts: list[tuple[list[str] | None, int | None]] = [
        (None, 1000),
        (list(missing), 1000),
        (list(missing), None),
    ]
    as_text = [i for i, name in enumerate(layout.names) if name in layout.text]
    attempts = attempts[1 if layout.missing or as_text else 0 :]
    while True:
        words, rows = attempts.pop(0) if len(attempts) > 1 else attempts[0]
        read = _attempt(path, source, layout, _Types(words, rows, as_text))
        if not isinstance(read, int | None):
            return read
        if rows is None and read is not None:
            # whole numbers that no type holds are read as text, and made numbers of after
            as_text = [*as_text, read]


@dataclass(frozen=True)
class _Types:
    """How the types of the columns are found out."""

    words: list[str] | None
    rows: int | None
    as_text: Sequence[int]


def _attempt(
    path: Path, source: Path | bytes, layout: Layout, types: _Types
) -> polars.DataFrame | int | None:
    """Return the table; if a row contradicts the types, the position of its column if polars says which."""
    import polars

    read = functools.partial(
        polars.read_csv,
        source,
        separator=layout.written,
        has_header=layout.header,
        skip_lines=layout.skipped,
        glob=False,
    )
    try:
        own = read(n_rows=0, infer_schema=False).columns if types.as_text else []
        texts = {own[i]: polars.String for i in types.as_text}
        frame = read(null_values=types.words, infer_schema_length=types.rows, schema_overrides=texts)
    except polars.exceptions.ComputeError as error:
        _explain(path, source, error)
        found = re.search(r"\(column number (\d+)\)", str(error))
        column = int(found[1]) - 1 if found else None
        if types.rows is None and (column is None or column in types.as_text):
            raise
        return column
    if frame.width != len(layout.names):
        raise DataError(f"{path}: {len(layout.names)} names for {frame.width} columns; {_NEXT}.")
    frame.columns = list(layout.names)
    return frame


def _explain(path: Path, source: Path | bytes, error: Exception) -> None:
    """Raise the sentence for the damage that polars found, if it is one of the known kinds."""
    if "utf-8" in str(error):
        with _lines(source) as stream:
            for number, line in enumerate(stream, 1):
                try:
                    line.decode()
                except UnicodeDecodeError:
                    raise _not_utf8(path, number) from error
    if "more fields" in str(error):
        raise DataError(
            f"{path}: a line has more fields than there are names (decimal commas, which must be points?); {_NEXT}."
        ) from error


def _refuse_short_lines(path: Path, frame: polars.DataFrame, layout: Layout, source: Path | bytes) -> None:
    """Refuse a file with lines of too few fields, which polars would fill up with missing values.

    Such a line lacks the last column, so a file without missing values there needs no second look.
    """
    if frame.height == 0:
        raise DataError(
            f"{path}: the file has a line of names and no rows; give one with a row for each event."
        )
    if frame.width < 2 or frame.to_series(-1).null_count() == 0:
        return
    for number, count in _field_counts(source, layout):
        if count < frame.width:
            raise DataError(
                f"{path}: line {number} has {count} of {frame.width} fields; the file is cut short or that "
                f"line is broken: {_NEXT}."
            )


def _lines(source: Path | bytes) -> IO[bytes]:
    return source.open("rb") if isinstance(source, Path) else io.BytesIO(source)


def _field_counts(source: Path | bytes, layout: Layout) -> Iterator[tuple[int, int]]:
    """Yield line number and number of fields of each line that holds no quotes and is not inside any."""
    separator, inside = layout.written.encode(), False
    with _lines(source) as stream:
        for number, line in enumerate(stream, 1):
            if b'"' in line:
                inside ^= line.count(b'"') % 2 == 1
            elif not inside and number > layout.skipped and line.strip():
                yield number, line.count(separator) + 1


def _n_blank_lines(source: Path | bytes, layout: Layout) -> int:
    with _lines(source) as stream:
        return sum(not line.strip() for line in itertools.islice(stream, layout.skipped, None))


def _tidy(
    path: Path, frame: polars.DataFrame, layout: Layout, missing: Sequence[str], source: Path | bytes
) -> polars.DataFrame:
    """Drop blank lines; strip text, and make numbers of text that is a number in every row."""
    import polars

    if frame.width > 1 and frame.to_series(0).null_count():
        nothing = frame.select(polars.all_horizontal(polars.all().is_null())).to_series()
        # a line of missing values is a row, an empty line is none; polars does not tell them apart
        if nothing.any() and int(nothing.sum()) == _n_blank_lines(source, layout):
            frame = frame.filter(~nothing)
    texts = [name for name, kind in frame.schema.items() if kind == polars.String]
    return frame.with_columns(
        [_words(path, frame[name], missing, as_text=name in layout.text) for name in texts]
    )


def _words(path: Path, series: polars.Series, missing: Sequence[str], *, as_text: bool) -> polars.Series:
    """Return a column of words, as numbers if each of them is one: whole ones in a type that holds all digits."""
    import polars

    text = series.str.strip_chars()
    text = text.set(text.is_in(list(missing)), None)
    numbers = text.cast(polars.Float64, strict=False)
    if as_text or text.null_count() == text.len():
        return text
    if numbers.null_count() > text.null_count():
        _refuse_other_numbers(path, text)
        return text
    for kind in (polars.Int64, polars.UInt64, polars.Int128):
        whole = text.cast(kind, strict=False)
        if whole.null_count() == text.null_count():
            return whole
    return numbers


def _refuse_other_numbers(path: Path, text: polars.Series) -> None:
    """Refuse numbers in a spelling that is not read: without a word they would be taken for text."""
    some = text.drop_nulls().head(100)
    for spelling, must, what in _SPELLINGS:
        if some.str.contains(spelling).all() and text.drop_nulls().str.contains(spelling).all():
            example = next((word for word in some if re.search(must, word)), None)
            if example is not None:
                raise DataError(
                    f"{path}: column {text.name!r} has {what.format(example)}; if it is no number, say "
                    f"text = [{text.name!r}]."
                )


READER = CsvReader()
