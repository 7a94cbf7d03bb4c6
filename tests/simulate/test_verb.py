"""``fivesigma simulate``: a file, one sentence for what is wrong, and the status."""

from __future__ import annotations

import json

from fivesigma.cli.session import run_verb


def test_writes_and_says_what(tmp_path, capsys):
    out = str(tmp_path / "x.parquet")
    asked = ["simulate", "projectiles", "-o", out, "--n", "5", "--seed", "2", "--set", "drag=0.1", "--json"]
    assert run_verb(asked) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["system"], answer["n"], answer["seed"], answer["paths"]) == ("projectiles", 5, 2, [out])


def test_lists_the_systems(capsys):
    assert run_verb(["simulate"]) == 0
    assert "collider" in capsys.readouterr().out


def test_wrong_input_is_one_sentence(tmp_path, capsys):
    out = str(tmp_path / "x.parquet")
    for asked, word in (
        (["simulate", "isign", "-o", out], "Did you mean 'ising'"),
        (["simulate", "ising"], "say where to write"),
        (["simulate", "ising", "-o", out, "--set", "size"], "KEY=VALUE"),
        (["simulate", "ising", "-o", out, "--set", "sise=8"], "Did you mean 'size'"),
    ):
        assert run_verb(asked) == 2
        said = capsys.readouterr().err
        assert word in said
        assert len(said.strip().splitlines()) <= 2
    assert not (tmp_path / "x.parquet").exists()
