"""Text tables (comma, semicolon, tab, bar, blanks; also gzip, xz and zstd), by polars."""

from __future__ import annotations

import functools
import io
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from numpy.typing import NDArray

from fivesigma._core.errors import DataError
from fivesigma.data.readers.block_table import BlockTable
from fivesigma.data.readers.border import border
from fivesigma.data.readers.csv_blocks import read_blocks
from fivesigma.data.readers.frame_table import FrameTable
from fivesigma.data.readers.text_bytes import (
    PACKED,
    UTF_8,
    all_bytes,
    decoded,
    encoding_of,
    head_of,
    is_packed,
    not_utf8,
    text_in,
)
from fivesigma.data.readers.text_layout import Layout, find_layout, has_word, is_table

if TYPE_CHECKING:
    import polars

MISSING = ("NA", "N/A", "NaN", "nan", "NULL", "null", "None", "")
_COMMA = r"^[+-]?\d*(,\d+)?([eE][+-]?\d+)?$", r"^[+-]?\d*,\d+"
_FORTRAN = r"^[+-]?(\d+\.?\d*|\.\d+)([dDeE][+-]?\d+)?$", r"\.\d*[dD][+-]?\d+$"
"""Other spellings of numbers: what each word looks like, and what one of them must."""
_THOUSANDS = r"^[+-]?\d{1,3},\d{3}$"
_POINTS = r"^[+-]?\d{1,3}(\.\d{3})+$"
_MIXED = r"^[+-]?(\d+|\d{1,3}(\.\d{3})+)?(,\d+)?([eE][+-]?\d+)?$"
"""Numbers whose points may be those of thousands; and those with decimal commas beside them."""
_NEXT = "open it in an editor and mend that place, or write it again"


@dataclass(frozen=True)
class CsvReader:
    """Text tables, with a line of names or without; empty lines and comments are no rows.

    Options: ``separator`` (else found out), ``header`` (whether the first line holds names; else it does where it is
    not all numbers), ``names`` (of the columns), ``comment`` (what begins one, ``#``), ``decimal`` (``,`` or ``.``; a
    comma is found out where it cannot be one of thousands), ``encoding`` (UTF-8, or what the first bytes say),
    ``missing`` (words that mean a missing value, beside NA, N/A, NaN, NULL, None and nothing), ``text`` (names of
    columns that are text even if each word is a number, such as ``01``). Whole numbers keep every digit, and Fortran's
    D exponents are read.
    """

    name: str = "CSV"
    suffixes: tuple[str, ...] = tuple(
        f"{suffix}{packed}" for suffix in (".csv", ".tsv", ".txt", ".dat", ".asc") for packed in ("", *PACKED)
    )
    options: tuple[str, ...] = (
        "separator",
        "header",
        "names",
        "comment",
        "decimal",
        "encoding",
        "missing",
        "text",
    )

    def claims(self, path: Path, head: bytes) -> bool:
        """Whether a file whose name is of no other format, compressed or not, begins as a table of text."""
        from fivesigma.data.readers import is_named_for_another

        return not is_named_for_another(path, self.name) and is_table(text_in(path, head))

    def columns(self, path: Path, options: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """Read the table in ``path``."""
        from fivesigma.data import frames

        with border(path, self.name, _NEXT):
            return frames.consumed(_whole(_Text.of(path, options)).get_columns())

    @contextmanager
    def open(self, path: Path, options: Mapping[str, Any]) -> Iterator[BlockTable | FrameTable]:
        """Open ``path``: its text is parsed at once, of plain numbers some lines at a time."""
        with border(path, self.name, _NEXT):
            text = _Text.of(path, options)
            found = read_blocks(text.source, text.layout) if isinstance(text.source, Path) else None
            if found is None:
                frame = _whole(text)
        yield FrameTable(path, self.name, _NEXT, frame, frame.height) if found is None else found

    def units(self, path: Path) -> Mapping[str, str]:
        """Return nothing: the format says no units."""
        return {}


@dataclass(frozen=True)
class _Text:
    """A text with its layout, the words that mean a missing value, and what polars can read: the file, or bytes."""

    path: Path
    layout: Layout
    missing: tuple[str, ...]
    source: Path | bytes

    @classmethod
    def of(cls, path: Path, options: Mapping[str, Any]) -> _Text:
        missing = (*MISSING, *options.get("missing", ()))
        head = head_of(path)
        encoding = encoding_of(head, options)
        text = decoded(path, head, encoding)
        layout = replace(find_layout(path, text, options), missing=has_word(text, missing))
        return cls(path, layout, missing, _source(path, layout, encoding))

    def frame(self) -> polars.DataFrame:
        frame = _frame(self.path, self.source, self.layout, self.missing)
        _refuse_short_lines(self.path, frame, self.layout, self.source)
        return frame


def _whole(text: _Text) -> polars.DataFrame:
    """Return all lines, looked at together."""
    try:
        frame = text.frame()
    except DataError:
        if text.layout.comment or not _has_comment(text.source, text.layout):
            raise
        text = replace(
            text, layout=replace(text.layout, comment=text.layout.comments)
        )  # the first lines had none
        frame = text.frame()
    return _tidy(text.path, frame, text.layout, text.missing, text.source)


def _source(path: Path, layout: Layout, encoding: str) -> Path | bytes:
    """Return the path if polars can read it as it lies, else its bytes as polars can read them."""
    plain = encoding.lower() in UTF_8
    with path.open("rb") as stream:
        packed = is_packed(stream.read(6))
    if plain and layout.separator != " " and not packed and not layout.returns:
        return path
    raw = all_bytes(path)
    if not plain:
        raw = decoded(path, raw, encoding).removeprefix("\ufeff").encode()
    if layout.returns:
        raw = raw.replace(b"\r", b"\n")
    if layout.separator == " ":
        raw = re.sub(rb"[ \t]+", b"\t", re.sub(rb"(?m)^[ \t]+|[ \t\r]+$", b"", raw))
    return raw


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
        comment_prefix=layout.comment,
        glob=False,
    )
    try:
        own = read(n_rows=0, infer_schema=False).columns if types.as_text else []
        texts = {own[i]: polars.String for i in types.as_text}
        frame = read(null_values=types.words, infer_schema_length=types.rows, schema_overrides=texts)
    except polars.exceptions.ComputeError as error:
        _explain(path, source, layout, error)
        found = re.search(r"\(column number (\d+)\)", str(error))
        column = int(found[1]) - 1 if found else None
        if types.rows is None and (column is None or column in types.as_text):
            raise
        return column
    if frame.width != len(layout.names):
        raise DataError(f"{path}: {len(layout.names)} names for {frame.width} columns; {_NEXT}.")
    frame.columns = list(layout.names)
    return frame


def _explain(path: Path, source: Path | bytes, layout: Layout, error: Exception) -> None:
    """Raise the sentence for the damage that polars found, if it is one of the known kinds."""
    if "utf-8" in str(error):
        with _lines(source) as stream:
            for number, line in enumerate(stream, 1):
                try:
                    line.decode()
                except UnicodeDecodeError:
                    raise not_utf8(path, number) from error
    if "more fields" in str(error):
        raise _too_many_fields(path, source, layout) from error


def _too_many_fields(path: Path, source: Path | bytes, layout: Layout) -> DataError:
    """Return the error of a file with a line of more fields than names; where quotes hide which one, without it."""
    width = len(layout.names)
    first = next(((number, count) for number, count in _field_counts(source, layout) if count > width), None)
    which = "a line has" if first is None else f"line {first[0]} has {first[1]} fields,"
    return DataError(
        f"{path}: {which} more fields than there are names ({width}; decimal commas, which must be points?); {_NEXT}."
    )


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
            elif not inside and number > layout.skipped and line.strip() and not _skipped(line, layout):
                yield number, line.count(separator) + 1


def _skipped(line: bytes, layout: Layout) -> bool:
    return layout.comment is not None and line.startswith(layout.comment.encode())


def _has_comment(source: Path | bytes, layout: Layout) -> bool:
    """Whether a comment stands between the rows."""
    mark = layout.comments.encode()
    with _lines(source) as stream:
        return bool(mark) and any(
            line.startswith(mark) for line in itertools.islice(stream, layout.skipped, None)
        )


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
    made = frame.with_columns([_words(path, frame[name], missing, layout) for name in texts])
    commas = [name for name in texts if made[name].dtype.is_float() and frame[name].str.contains(",").any()]
    if commas or layout.decimal == ",":
        _refuse_points(path, source, layout, [name for name in made.columns if made[name].dtype.is_float()])
    return made


def _refuse_points(path: Path, source: Path | bytes, layout: Layout, names: Sequence[str]) -> None:
    """Refuse numbers with points where decimals are commas, if their points may be those of thousands."""
    frame = _attempt(path, source, layout, _Types(None, 0, range(len(layout.names))))
    if isinstance(frame, int | None):
        return
    for name in names:
        words = frame[name].str.strip_chars()
        points = words.filter(words.str.contains(".", literal=True))
        if len(points) and (layout.decimal == "," or points.str.contains(_POINTS).all()):
            raise _ambiguous(path, name, points[0])


def _ambiguous(path: Path, name: str, word: str) -> DataError:
    """Return (not raise) the error for a number whose point may be one of decimals or of thousands."""
    return DataError(
        f"{path}: column {name!r} has numbers with a point (such as {word!r}) beside decimal commas, which may be one "
        f"of decimals or of thousands; write all decimals with points, or say text = [{name!r}] if they are no numbers."
    )


def _words(path: Path, series: polars.Series, missing: Sequence[str], layout: Layout) -> polars.Series:
    """Return a column of words, as numbers if each of them is one: whole ones in a type that holds all digits."""
    import polars

    text = series.str.strip_chars()
    text = text.set(text.is_in(list(missing)), None)
    numbers = text.cast(polars.Float64, strict=False)
    if series.name in layout.text or text.null_count() == text.len():
        return text
    if numbers.null_count() > text.null_count():
        return _other_numbers(path, text, layout)
    for kind in (polars.Int64, polars.UInt64, polars.Int128):
        whole = text.cast(kind, strict=False)
        if whole.null_count() == text.null_count():
            return whole
    return numbers


def _other_numbers(path: Path, text: polars.Series, layout: Layout) -> polars.Series:
    """Return numbers that are written with a decimal comma, or with D exponents; other text as it is.

    Commas may be those of thousands where each of them stands before three digits: what they are must be said.
    """
    import polars

    if _spelt(text, _FORTRAN):
        return text.str.replace("[dD]", "e").cast(polars.Float64)
    if not _spelt(text, _COMMA):
        if (
            _spelt(text, (_MIXED, _COMMA[1]))
            and (points := text.filter(text.str.contains(".", literal=True))).len()
        ):
            raise _ambiguous(path, text.name, points[0])
        return text
    with_comma = text.filter(text.str.contains(","))
    if layout.decimal == "." or (layout.decimal is None and with_comma.str.contains(_THOUSANDS).all()):
        raise DataError(
            f"{path}: column {text.name!r} has numbers with a comma (such as {with_comma[0]!r}), which may be one of "
            f"decimals or of thousands; say decimal = ',', or text = [{text.name!r}] if they are no numbers."
        )
    return text.str.replace(",", ".", literal=True).cast(polars.Float64)


def _spelt(text: polars.Series, spelling: tuple[str, str]) -> bool:
    """Whether each word is of a spelling of numbers, and one of them of that alone; a few are asked first."""
    each, one = spelling
    some = text.drop_nulls().head(100)
    return bool(
        some.str.contains(each).all()
        and text.drop_nulls().str.contains(each).all()
        and text.str.contains(one).any()
    )


READER = CsvReader()
