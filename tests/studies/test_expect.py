"""Each README of a built-in study says what its expect.toml holds, and the comparison with a run can fail."""

from __future__ import annotations

import json
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from benchmarks import studies
from benchmarks.studies import Figure, at, expected, main, off
from fivesigma.record import results
from fivesigma.study.spec.shipped import FOLDER, built_in

NAMES = [study.name for study in built_in()]
CLAIMS = ("What to expect", "Discussed", "Against an earlier trial")
NUMBER = re.compile(r"(?<![\d.])[−-]?\d+\.\d+(?!\.?\d)")


@cache
def schema():
    place = Path(results.__file__).with_name("results.schema.json")
    return json.loads(place.read_text(encoding="utf-8"))


def words(study):
    return (FOLDER / study / "README.md").read_text(encoding="utf-8")


def claimed(study):
    """The numbers with a point in the parts of a README that tell what a run finds."""
    parts = re.split(r"^\*\*([^*]+?)\.\*\*", words(study), flags=re.MULTILINE)
    told = " ".join(text for title, text in zip(parts[1::2], parts[2::2], strict=True) if title in CLAIMS)
    return {number.lstrip("−-") for number in NUMBER.findall(told)}


def inside(node, step):
    """The parts of the schema that ``step`` leads to."""
    node = schema()["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
    for either in node.get("anyOf", ()):
        yield from inside(either, step)
    if "items" in node:
        yield node["items"]
    yield from node.get("prefixItems", ())
    if step in node.get("properties", {}):
        yield node["properties"][step]
    elif isinstance(node.get("additionalProperties"), dict):
        yield node["additionalProperties"]


def exists(place):
    nodes = [schema()]
    for step in place.split("."):
        nodes = [found for node in nodes for found in inside(node, step)]
    return bool(nodes)


def test_every_study_has_what_its_readme_is_held_to():
    assert {name for name in NAMES if (FOLDER / name / "expect.toml").is_file()} == {*NAMES}


def test_a_place_that_no_record_has_does_not_exist():
    assert exists("models.forest.scores.test.rmse.value")
    assert not exists("models.forest.scores.test.rmse.worth")
    assert not exists("modles.forest")


@pytest.mark.parametrize("name", NAMES)
def test_every_number_that_a_readme_claims_stands_in_its_expect(name):
    known = expected(name)
    said = {figure.said.lstrip("−-") for figure in known.figures} | set(known.elsewhere)
    assert known.figures
    assert claimed(name) <= said


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_is_in_the_readme_and_at_a_place_of_the_record(name):
    study, known = tomllib.loads((FOLDER / name / "study.toml").read_text(encoding="utf-8")), expected(name)
    models = {model.get("name", model["kind"]) for model in study.get("models", ())}
    for figure in known.figures:
        assert figure.said in words(name)
        assert exists(figure.place), figure.place
        steps = figure.place.split(".")
        assert steps[0] != "models" or not models or steps[1] in models, figure.place
    assert all(said in words(name) and why for said, why in known.elsewhere.items())


@pytest.mark.parametrize("name", NAMES)
def test_no_figure_is_so_wide_that_it_cannot_fail(name):
    for figure in expected(name).figures:
        if isinstance(figure.value, str):
            assert figure.said == figure.value
            continue
        unit, written = figure.last_digit, float(figure.said.replace("−", "-").replace(",", ""))
        assert abs(written - figure.value) <= 0.5001 * unit, figure
        assert 0.49 * unit <= figure.within <= 5.0 * unit, figure


FIGURES = (Figure("0.81", "models.a b.score", 0.812, 0.005), Figure("yes", "claims.0", "yes"))
RECORD = {"models": [{"name": "a b", "score": 0.815}], "claims": ["yes"]}


def test_a_place_goes_by_names_and_numbers():
    assert at(RECORD, "models.a b.score") == at(RECORD, "models.0.score") == 0.815


@pytest.mark.parametrize(
    ("changed", "lines"),
    [
        ({}, 0),
        ({"models": [{"name": "a b", "score": 0.818}]}, 1),
        ({"models": [{"name": "a b", "score": None}]}, 1),
        ({"models": []}, 1),
        ({"claims": ["no"], "models": [{"name": "a", "score": 1}]}, 2),
    ],
)
def test_a_figure_that_is_off_or_gone_is_told(changed, lines):
    assert len(list(off(FIGURES, RECORD | changed))) == lines


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Two studies: of one the run is kept, of the other the table is not there."""
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "report.html").write_text("")
    (tmp_path / "s" / "results.json").write_text(json.dumps(RECORD | {"timing": {"total": 90.0}}))
    known = {"s": studies.Expected(FIGURES, {}, ()), "t": studies.Expected(FIGURES, {}, ("no.csv",))}
    monkeypatch.setattr(studies, "expected", known.get)
    monkeypatch.setattr(studies, "built_in", lambda: [type("Study", (), {"name": name}) for name in known])
    return tmp_path


def test_true_readmes_end_with_0_and_what_was_not_run_is_named(kept, capsys):
    assert main(["--kept", str(kept)]) == 0
    said = capsys.readouterr().out
    assert "s: 2 of 2 figures hold, 90 s" in said
    assert "1.5 minutes in all" in said
    assert "NOT RUN" in said
    assert said.count(": t\n") == 1


def test_a_name_of_no_study_is_refused(kept):
    with pytest.raises(SystemExit):
        main(["--kept", str(kept), "u"])


def test_a_readme_that_is_not_true_ends_with_1(kept, capsys):
    (kept / "s" / "results.json").write_text(
        json.dumps(RECORD | {"claims": ["no"], "timing": {"total": 1.0}})
    )
    assert main(["--kept", str(kept), "s"]) == 1
    assert "claims.0: no instead of yes" in capsys.readouterr().out
