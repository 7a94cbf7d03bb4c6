"""The border of a reader: whatever goes wrong inside is one `DataError` outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from fivesigma._core.errors import DataError, InputError
from fivesigma.data.readers.border import border, first_line, refuse_promise


@pytest.mark.parametrize(
    ("raised", "words"),
    [
        (ValueError("first\nsecond"), r"t.x: not readable as X \(first\); mend it."),
        (MemoryError(), "does not fit into memory"),
        (type("PanicException", (BaseException,), {})(), "it is damaged"),
        (ZeroDivisionError(), "ZeroDivisionError"),
    ],
)
def test_any_exception_is_a_sentence(raised: BaseException, words: str) -> None:
    with pytest.raises(DataError, match=words), border(Path("t.x"), "X", "mend it"):
        raise raised


@pytest.mark.parametrize("raised", [InputError("as it is"), KeyboardInterrupt()])
def test_what_passes_the_border_as_it_is(raised: BaseException) -> None:
    with pytest.raises(type(raised)) as caught, border(Path("t.x"), "X", "mend it"):
        raise raised
    assert caught.value is raised


def test_a_long_message_is_cut_and_nothing_is_wrong_with_silence() -> None:
    assert len(first_line(ValueError("x" * 500))) == 120
    with border(Path("t.x"), "X", "mend it"):
        pass


def test_a_file_that_promises_more_than_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "t.x"
    path.write_bytes(b"0" * 100)
    refuse_promise(path, "X", 2**30)
    with pytest.raises(DataError, match=r"of 100 bytes declares 2.0 GiB"):
        refuse_promise(path, "X", 2**31)
