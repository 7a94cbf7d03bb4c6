"""How to cite: what finds the run, the data and the software again."""

from __future__ import annotations

import dataclasses

from fivesigma.report.citation.section import SECTION, data, run, software
from fivesigma.report.page import page
from fivesigma.report.section import View
from tests.report import fixture as made


def view(**changes):
    return View(dataclasses.replace(made.binary(3, 2, 60), **changes), made.MANIFEST)


def test_a_run_is_cited_by_study_question_name_day_seed_and_split():
    results = view(study="mine", seed=7).results
    said = run(View(results, made.MANIFEST))
    for part in ("“mine”", "Which penguins are chinstraps?", "run 0f0f0f0f0f0f", "2026-11-21", "seed 7"):
        assert part in said
    assert results.split.sha256 in said


def test_data_are_cited_by_file_and_hashes_and_never_by_folder():
    said = data(view())
    assert "penguins.csv (sha256 " + "ab" * 32 in said
    assert view().results.data.sha256 in said
    assert "/home" not in said


def test_the_software_is_cited_by_its_version():
    assert software(view()).startswith("fivesigma 0.1.0, ")


def test_of_what_a_manifest_does_not_know_nothing_is_said():
    bare = View(made.hollow(), {})
    assert run(bare) == "Study “hollow”, seed 0, sha256 of the split 0."
    assert data(bare) == "0 events, sha256 of the events as read 0."
    assert software(bare).startswith("fivesigma, ")


def test_what_is_cited_is_text_on_the_page():
    payload = "<script>x</script>"
    results = dataclasses.replace(made.hollow(), study=payload, question=payload)
    manifest = {"data": [{"path": f"/a/{payload}".replace("</", "<"), "sha256": payload}], "run": payload}
    built = page(results, manifest, (SECTION,))
    assert built.html.count("<script") == 1
    assert "<" not in built.markdown
    assert "cite" in built.html.lower()
