"""The page as text: whatever users and libraries name, nothing of it is markup, in any section."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from fivesigma.record.results import from_document
from fivesigma.report.body import shown
from fivesigma.report.markdown import markdown
from fivesigma.report.markup import cell, table
from fivesigma.report.section import View
from fivesigma.report.sections import SECTIONS
from tests.record.sections.test_sections import BY_HAND

KEPT = sorted((Path(__file__).parents[1] / "golden" / "kept").glob("*.json.gz"))
PAYLOAD = "](a:b) <b>|*`#&amp;"
NAMED = (
    "name",
    "names",
    "model",
    "models",
    "study",
    "target",
    "classes",
    "group",
    "subject",
    "other",
    "unit",
)
FILES = re.compile(r"\]\(figures/[a-z0-9-]+\.(svg|csv|pdf)\)")  # the links that are ours
FREE = ("message", "messages", "text", "needs", "why", "question")


def _names(part, key="", found=None):
    """Every string that stands under a key of names, at any depth."""
    found = set() if found is None else found
    if isinstance(part, dict):
        for name, value in part.items():
            _names(value, name, found)
    elif isinstance(part, list):
        for value in part:
            _names(value, key, found)
    elif isinstance(part, str) and key in NAMED:
        found.add(part)
    return found


def _poisoned(part, names, key=""):
    if isinstance(part, dict):
        return {(PAYLOAD + k if k in names else k): _poisoned(v, names, k) for k, v in part.items()}
    if isinstance(part, list):
        return [_poisoned(value, names, key) for value in part]
    return PAYLOAD + part if isinstance(part, str) and (part in names or key in FREE) else part


def _results(kept):
    """Return the record of a golden study; that of two classes with what no golden study asks for."""
    document = json.loads(gzip.decompress(kept.read_bytes()))["results"]
    if not kept.name.startswith("binary"):
        return document
    more = ("slices", "further_tests", "components", "cut_flow", "cut_steps", "weights", "observed")
    more += ("confusion", "crossing", "pictures")
    own = ("significance", "history", "spread", "temperature", "discriminant", "image_features", "symmetries")
    of_models = {name: BY_HAND[name] for name in own}
    models = [model | (of_models if model["status"] == "ok" else {}) for model in document["models"]]
    return document | {name: BY_HAND[name] for name in more} | {"models": models}


def _written(document):
    view = View(
        from_document({**document, "timing": {}}),
        {"question": PAYLOAD, PAYLOAD: [PAYLOAD], "n": {PAYLOAD: 1}},
    )
    return markdown(view, shown(view, SECTIONS))


@pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.name.partition(".")[0])
def test_no_name_is_markup_in_any_section(kept):
    document = json.loads(gzip.decompress(kept.read_bytes()))["results"]
    written = _written(_poisoned(document, _names(document)))
    assert written.count(cell(PAYLOAD)) > 5
    bare = FILES.sub("]", written)
    for cut in (PAYLOAD, *(f"{PAYLOAD[:n].rstrip()}…" for n in range(len(PAYLOAD), 1, -1))):
        bare = bare.replace(cell(cut), "")
    assert "<" not in bare
    assert "](" not in bare
    assert "&amp;" not in bare


def test_every_section_is_met():
    met = set()
    for kept in KEPT:
        view = View(from_document({**_results(kept), "timing": {}}), {})
        met |= {section.id for section in SECTIONS if section.applies(view)}
    assert {section.id for section in SECTIONS} <= met


def test_heads_of_tables_are_text_too():
    assert table(("a|b",), [("<i>",)]) == "| a\\|b |\n| --- |\n| &lt;i> |"
