"""The page on notebooks: every line does what stands under it, in one session."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import matplotlib

PAGE = Path(__file__).resolve().parents[2] / "docs" / "notebook.md"
BLOCKS = re.findall(r"```pycon\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


def test_every_line_does_what_it_says(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    matplotlib.use("agg")
    parser, runner = (
        doctest.DocTestParser(),
        doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS),
    )
    test = parser.get_doctest("\n".join(BLOCKS), {}, PAGE.name, str(PAGE), 0)
    runner.run(test, clear_globs=False)
    found = runner.summarize(verbose=False)
    assert found.failed == 0
    assert found.attempted >= 40
