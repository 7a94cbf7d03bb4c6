"""What is said of a run that has not ended, whichever verb asks; and the pages that messages name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fivesigma.cli import main

UNFINISHED = {
    "report": ["report", "RUN"],
    "predict": ["predict", "RUN", "t.csv", "-o", "o.csv"],
    "compare": ["compare", "RUN", "RUN"],
    "export": ["export", "RUN", "--to", "latex"],
    "reproduce": ["reproduce", "RUN"],
    "unblind": ["unblind", "RUN"],
}


@pytest.mark.parametrize("verb", UNFINISHED)
def test_a_run_that_has_not_ended_points_to_resume(verb: str, tmp_path: Path, capsys: Any) -> None:
    run = tmp_path / "a run"
    run.mkdir()
    (run / "study.toml").write_text('[data]\npath = "d.csv"\ntarget = "y"\n')
    (run / "manifest.json").write_text(json.dumps({"run": "0" * 32, "blind": True, "ledger": "gone"}))
    words = [str(run) if word == "RUN" else word for word in UNFINISHED[verb]]
    assert main(words) == 2
    assert f"this run has not ended; `fivesigma resume '{run}'` goes on" in capsys.readouterr().err


def test_pages_of_the_documentation_are_listed_and_shown(capsys: Any) -> None:
    assert main(["docs"]) == 0
    assert "study-file" in capsys.readouterr().out
    assert main(["docs", "logbook"]) == 0
    assert capsys.readouterr().out.startswith("# The logbook")
    assert main(["docs", "logbook", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"].endswith("logbook.md")
    assert main(["docs", "log-book"]) == 2
    assert "Did you mean 'logbook'?" in capsys.readouterr().err
