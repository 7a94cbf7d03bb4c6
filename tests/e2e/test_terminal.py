"""What a terminal obeys does not come out of a file, and what it cannot write comes out as its code."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from fivesigma.cli import main
from fivesigma.cli.answer import printable

NAMES = ("\x1b[31mred", "over\rwrite", "bell\x07", "\x9b2J", "\u202egnp.exe")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "words", [["inspect"], ["inspect", "--target", "NAME"], ["init", "--target", "`NAME"]]
)
def test_no_name_of_a_table_reaches_the_terminal_as_a_command(
    name: str, words: list[str], tmp_path: Path, capsys: Any
) -> None:
    table = tmp_path / "t.csv"
    table.write_bytes(f'"{name}",y\n1.5,2\n2.5,3\n'.encode())
    main([words[0], str(table), *(word.replace("NAME", name) for word in words[1:])])
    said = capsys.readouterr()
    assert printable(name) in said.out + said.err
    assert not set(name) & set("\x1b\r\x07\x9b\u202e") & set(said.out + said.err)


def test_an_error_is_one_line_whatever_is_named(capsys: Any) -> None:
    assert main(["inspect", "a\nfivesigma: b.csv"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_letters_that_the_terminal_lacks_are_said_by_their_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, raw = tmp_path / "t.csv", io.BytesIO()
    table.write_text("Ω,y\n1.5,2\n2.5,3\n", encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    assert main(["inspect", str(table)]) == 0
    assert b"\\u03a9 " in raw.getvalue()


def test_a_path_that_is_no_text_leaves_a_document_that_is(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="utf-8", errors="surrogateescape"))
    assert main(["inspect", "gone\udcff.csv", "--json"]) == 2
    sys.stdout.flush()
    assert "gone\udcff.csv" in json.loads(raw.getvalue().decode("utf-8"))["error"]


def test_a_wrong_call_names_the_help_of_its_verb_and_quotes(capsys: Any) -> None:
    assert main(["note", "runs/met", "and", "jets"]) == 2
    said = capsys.readouterr().err
    assert "words that belong together go in quotes. `fivesigma note --help`" in said
