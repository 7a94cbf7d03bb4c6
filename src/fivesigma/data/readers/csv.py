"""CSV and its relatives (semicolon, tab, bar, blanks; also gzipped), by polars."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from numpy.typing import NDArray

from fivesigma._core.errors import DataError, InputError
from fivesigma.data.readers.border import border, refuse_promise

if TYPE_CHECKING:
    import polars

MISSING = ("NA", "N/A", "NaN", "nan", "NULL", "null", "None", "")
_SEPARATORS = ",;\t|"
_HEAD = 1 << 18  # bytes looked at to find out the layout
_CHUNK = 1 << 24
_NEXT = "open it in an editor and mend that place, or write it again"


@dataclass(frozen=True)
class Layout:
    """How the text is laid out; a blank as ``separator`` is any run of blanks."""

    separator: str
    names: tuple[str, ...]
    skipped: int
    header: bool
    missing: bool = False  # whether words that mean a missing value stand in the first lines


@dataclass(frozen=True)
class CsvReader:
    """Text tables with one line of names; empty lines are no rows.

    Options: ``separator`` (else found out), ``names`` (for a file without a line of names), ``encoding``
    (UTF-8), ``missing`` (words that mean a missing value, beside NA, N/A, NaN, NULL, None and nothing).
    """

    name: str = "CSV"
    suffixes: tuple[str, ...] = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz", ".dat", ".dat.gz")
    options: tuple[str, ...] = ("separator", "names", "encoding", "missing")

    def columns(self, path: Path, options: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """Read the table in ``path``."""
        from fivesigma.data import frames

        missing = (*MISSING, *options.get("missing", ()))
        encoding = str(options.get("encoding", "utf-8"))
        with border(path, self.name, _NEXT):
            head = _head(path)
            text = _decoded(path, head, encoding)
            layout = replace(find_layout(path, text, options), missing=_has_word(text, missing))
            frame = _frame(path, _source(path, layout, encoding), layout, missing)
            _refuse_short_lines(path, frame, layout, encoding)
            return frames.consumed(_tidy(path, frame, layout, missing))

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
    separator = options.get("separator") or _separator(path, body)
    first = _split(body[0], separator)
    if names := options.get("names"):
        return Layout(separator, _checked(path, list(names), len(first)), comments, header=False)
    if not all(_is_number(word) for word in first):
        return Layout(separator, _checked(path, first), comments, header=True)
    # the habit of astronomers: the names stand in the last comment
    above = _split(lines[comments - 1].lstrip("# "), separator) if comments else []
    if len(above) == len(first) and not any(_is_number(word) for word in above):
        return Layout(separator, _checked(path, above), comments, header=False)
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
    return [word.strip() for word in next(csv.reader(io.StringIO(line, newline=""), delimiter=separator), [])]


def _checked(path: Path, names: list[str], width: int | None = None) -> tuple[str, ...]:
    """Refuse names that repeat; a column without a name gets one that says so."""
    if width is not None and len(names) != width:
        raise InputError(f"{path}: {len(names)} names for {width} columns; give one each.")
    named = [name or f"unnamed {i}" for i, name in enumerate(names)]
    if repeated := [name for i, name in enumerate(named) if name in named[:i]]:
        raise InputError(f"{path}: the column name {repeated[0]!r} occurs twice; rename one of the columns.")
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
    with _open(path) as stream:
        head = stream.read(_HEAD)
    if not head.strip():
        raise DataError(f"{path}: the file is empty; give one with a line of names and a row for each event.")
    return head if len(head) < _HEAD else head[: head.rfind(b"\n") + 1]


def _decoded(path: Path, raw: bytes, encoding: str) -> str:
    try:
        return raw.decode("utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding)
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
    if plain and layout.separator != " " and path.suffix.lower() != ".gz":
        return path
    raw = _all_bytes(path)
    if not plain:
        raw = _decoded(path, raw, encoding).encode()
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
    import polars

    attempts: list[tuple[list[str] | None, int | None]] = [
        (None, 1000),
        (list(missing), 1000),
        (list(missing), None),
    ]
    for words, rows in attempts[1 if layout.missing else 0 :]:
        try:
            frame = polars.read_csv(
                source,
                separator="\t" if layout.separator == " " else layout.separator,
                has_header=layout.header,
                skip_lines=layout.skipped,
                null_values=words,
                infer_schema_length=rows,
                glob=False,
            )
            break
        except polars.exceptions.ComputeError as error:
            _explain(path, source, error)
            if rows is None:
                raise
    if frame.width != len(layout.names):
        raise DataError(f"{path}: {len(layout.names)} names for {frame.width} columns; {_NEXT}.")
    frame.columns = list(layout.names)
    return frame


def _explain(path: Path, source: Path | bytes, error: Exception) -> None:
    """Raise the sentence for the damage that polars found, if it is one of the known kinds."""
    if "utf-8" in str(error):
        with _open(path) if isinstance(source, Path) else io.BytesIO(source) as stream:
            for number, line in enumerate(stream, 1):
                try:
                    line.decode()
                except UnicodeDecodeError:
                    raise _not_utf8(path, number) from error
    if "more fields" in str(error):
        raise DataError(f"{path}: a line has more fields than there are names; {_NEXT}.") from error


def _refuse_short_lines(path: Path, frame: polars.DataFrame, layout: Layout, encoding: str) -> None:
    """Refuse a file with lines of too few fields, which polars would fill up with missing values.

    Such a line lacks the last column, so a file without missing values there needs no second look.
    """
    if frame.height == 0:
        raise DataError(
            f"{path}: the file has a line of names and no rows; give one with a row for each event."
        )
    if frame.width < 2 or frame.to_series(-1).null_count() == 0:
        return
    for number, count in _field_counts(path, layout):
        if count < frame.width:
            raise DataError(
                f"{path}: line {number} has {count} of {frame.width} fields; the file is cut short or that "
                f"line is broken: {_NEXT}."
            )


def _field_counts(path: Path, layout: Layout) -> Iterator[tuple[int, int]]:
    """Yield line number and number of fields of each line that holds no quotes and is not inside any."""
    separator, inside = layout.separator.encode(), False
    with _open(path) as stream:
        for number, line in enumerate(stream, 1):
            if b'"' in line:
                inside ^= line.count(b'"') % 2 == 1
            elif not inside and number > layout.skipped and line.strip():
                yield number, len(line.split()) if separator == b" " else line.count(separator) + 1


def _n_blank_lines(path: Path, layout: Layout) -> int:
    with _open(path) as stream:
        return sum(not line.strip() for line in itertools.islice(stream, layout.skipped, None))


def _tidy(path: Path, frame: polars.DataFrame, layout: Layout, missing: Sequence[str]) -> polars.DataFrame:
    """Drop blank lines; strip text, and make numbers of text that is a number in every row."""
    import polars

    if frame.width > 1 and frame.to_series(0).null_count():
        nothing = frame.select(polars.all_horizontal(polars.all().is_null())).to_series()
        # a line of missing values is a row, an empty line is none; polars does not tell them apart
        if nothing.any() and int(nothing.sum()) == _n_blank_lines(path, layout):
            frame = frame.filter(~nothing)
    for name, kind in frame.schema.items():
        if kind == polars.String:
            text = frame[name].str.strip_chars()
            text = text.set(text.is_in(list(missing)), None)
            numbers = text.cast(polars.Float64, strict=False)
            is_text = text.null_count() == text.len() or numbers.null_count() > text.null_count()
            frame = frame.with_columns((text if is_text else numbers).alias(name))
    return frame


READER = CsvReader()
