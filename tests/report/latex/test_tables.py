"""The tables of a run: what they hold, and that LaTeX sets them whatever names stand in them."""

from __future__ import annotations

import copy
import dataclasses
import re
import shutil
import subprocess

import pytest

from fivesigma.record.sections.coefficients import CoefficientErrors, CoefficientsRecord
from fivesigma.record.sections.crossing import CrossingRecord
from fivesigma.report.latex.tables import DOCUMENT, latex
from tests.record.sections.test_sections import BY_HAND
from tests.report import fixture as made
from tests.report.test_page import PAYLOADS

ENGINE = next((each for each in ("pdflatex", "tectonic", "lualatex") if shutil.which(each)), None)
NAMES = (*PAYLOADS, "[0.5] *a*", "\\input{x} & % # _ ^ ~ $", "Müller Ł ħ σ ≥ “x”")


def with_law(results, **changes):
    """``results`` with one law of the best model."""
    law = CoefficientsRecord(
        **{
            "names": ("flipper", "bill"),
            "values": (48.63, 3.1),
            "intercept": -5600.0,
            "units": ("g/mm", None),
            **changes,
        }
    )
    models = tuple(
        dataclasses.replace(m, sections={**m.sections, "coefficients": law}) if m.name == results.best else m
        for m in (dataclasses.replace(m, sections={}) for m in results.models)
    )
    return dataclasses.replace(results, models=models)


def errors(*sizes):
    return CoefficientErrors(classical=sizes, robust=sizes, bootstrap=sizes)


def compiled(files, folder):
    """Compile the tables and return what the engine says of boxes and characters that it lacks."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    quietly = ["-interaction=nonstopmode", "-halt-on-error"] if ENGINE != "tectonic" else []
    done = subprocess.run(
        [ENGINE, *quietly, DOCUMENT], cwd=folder, capture_output=True, text=True, errors="replace"
    )
    assert done.returncode == 0, done.stdout[-1500:]
    assert (folder / DOCUMENT).with_suffix(".pdf").read_bytes().startswith(b"%PDF")
    return done.stdout


needs_latex = pytest.mark.skipif(
    ENGINE is None, reason="LATEX TABLES WERE NOT COMPILED: no pdflatex, tectonic or lualatex"
)


def test_one_file_a_table_and_one_that_inputs_them():
    files = latex(made.binary(4, 5, 60), made.MANIFEST)
    tables = re.findall(r"\\input\{([a-z0-9-]+)\}", files[DOCUMENT])
    assert {f"{name}.tex" for name in tables} | {DOCUMENT} == set(files)
    assert {"scores", "metrics", "claims"} <= set(tables)
    for name in tables:
        text = files[f"{name}.tex"]
        assert text.count("\\toprule") == text.count("\\midrule") == text.count("\\bottomrule") == 1


@pytest.mark.parametrize(
    "results", [made.binary(4, 5, 60), made.multiclass(), made.regression(60), made.hollow()]
)
def test_rows_have_as_many_cells_as_columns(results):
    for text in latex(results, made.MANIFEST).values():
        for spec, body in re.findall(r"\\begin\{tabular\}\{(.*)\}\n(.*?)\\end\{tabular\}", text, re.DOTALL):
            columns = len(re.sub(r"p\{[^}]*\}+", "p", spec).replace("}", ""))
            rows = [line for line in body.splitlines() if line.endswith("\\\\")]
            assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {columns}


def test_scores_stand_with_their_uncertainty_and_what_was_skipped_with_none():
    text = latex(made.binary(4, 5, 60), made.MANIFEST)["scores.tex"]
    assert re.search(r"boosting & \\num\{0\.\d+ \\pm 0\.\d+\} & \\num\{0\.\d+\} to \\num", text)
    assert all(model.name in text for model in made.binary(4, 5, 60).models)


def test_a_law_with_errors_has_them_and_a_penalised_one_a_spread():
    free = with_law(
        made.regression(60),
        errors=errors(1.9, 5.8, 400.0),
        low=(44.9, -9.0, -6300.0),
        high=(52.3, 14.0, -4800.0),
    )
    text = latex(free, made.MANIFEST)["coefficients-1.tex"]
    assert r"flipper & \num{48.6 \pm 1.9} & \num{44.9} to \num{52.3} & g/mm" in text
    assert r"intercept & \num{-5600 \pm 400}" in text
    held = with_law(made.regression(60), spread=(0.5, 0.1, 30.0), non_zero=(1.0, 0.25))
    text = latex(held, made.MANIFEST)["coefficients-1.tex"]
    assert r"bill & \num{3.10} & \num{0.10} & 25\,\% &" in text
    assert r"\pm" not in text
    assert "no error" in text


def test_of_many_terms_the_largest_are_shown_and_the_rest_counted():
    names = tuple(f"c{j}" for j in range(100))
    many = with_law(made.regression(60), names=names, values=tuple(float(j) for j in range(100)), units=None)
    text = latex(many, made.MANIFEST)["coefficients-1.tex"]
    assert "The 30 largest of 100" in text
    assert "c99 &" in text
    assert "c69 &" not in text


@needs_latex
def test_latex_sets_the_tables_of_each_kind_of_study(tmp_path):
    for number, results in enumerate(
        (made.multiclass(), with_law(made.regression(60)), made.blind(), made.hollow())
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        compiled(latex(results, made.MANIFEST), folder)


@needs_latex
def test_latex_sets_whatever_a_user_named(tmp_path):
    for number, payload in enumerate(NAMES):
        results, manifest = made.poisoned(payload)
        folder = tmp_path / str(number)
        folder.mkdir()
        assert "Missing character" not in compiled(
            latex(with_law(results, names=(payload, "b")), manifest), folder
        )


def test_a_crossing_is_a_table_with_its_errors_and_what_is_known():
    base = made.binary(3, 2, 100)
    document = copy.deepcopy(BY_HAND["crossing"])
    document["models"][0]["model"] = "a_b & c"
    kept = CrossingRecord.from_document(document)
    tables = latex(dataclasses.replace(base, sections={**base.sections, "crossing": kept}), made.MANIFEST)
    assert r"a\_b \& c & square & variance & \num{2.25 \pm 0.05} & \num{2.25} & ---" in tables["crossing.tex"]
    assert r"T {[}J{]} at which" in tables["crossing.tex"]
    assert r"\input{crossing}" in tables[DOCUMENT]
    assert "crossing.tex" not in latex(base, made.MANIFEST)
