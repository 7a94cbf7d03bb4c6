"""The page: complete, closed to the outside, the same bytes each time, and deaf to markup in names."""

from __future__ import annotations

import base64
import csv
import dataclasses
import hashlib
import re
import warnings
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from fivesigma.record.opened import Earlier, Seen
from fivesigma.report import render
from fivesigma.report.page import Page, page
from fivesigma.report.plot import Drawing, Plot, drawing
from fivesigma.report.section import Content, Section
from fivesigma.report.sections import SECTIONS
from fivesigma.report.style import PAPER, VARIABLES
from fivesigma.report.text import short
from tests.report import fixture as made

STUDIES = ("binary", "multiclass", "regression", "blind", "hollow")
PAYLOADS = (
    "<script>window.__x=1</script>",
    '"><img src=x onerror=window.__x=1>',
    "' autofocus onfocus=window.__x=1 '",
    "</style><script>x</script>",
    "--><svg onload=window.__x=1>",
    "$x$_{\\frac{",
    "{{ 7*7 }}{% raw %}",
    "]]>&amp;&lt;b&gt;",
    "日本語 \U0001f600 \x00\x07\u202e\ud800",
    'url(#x) fill: #0072b2 id="y" font-family: z;',
)


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    small = {
        "binary": made.binary(4, 6, 200),
        "multiclass": made.multiclass(),
        "regression": made.regression(200),
    }
    rest = {"blind": made.blind(), "hollow": made.hollow()}
    return {name: page(results, made.MANIFEST) for name, results in {**small, **rest}.items()}


class Reader(HTMLParser):
    """Collects tags with their attributes, and the text between them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


_TAGS = """
html head meta title style body a header h1 h2 span bdi nav ol ul li main section p dl div dt dd small br
table caption thead tbody tr th td figure figcaption strong details summary footer code script
svg g path use defs text tspan clippath image pattern rect
"""
TAGS = frozenset(_TAGS.split())
CARRIED = ("data:text/csv;charset=utf-8,", "data:application/json;base64,")


def assert_closed(html: str) -> None:
    """No request, no handler, no tag or script that we did not write."""
    reader = read(html)
    assert {tag for tag, _ in reader.tags} <= TAGS
    for tag, attributes in reader.tags:
        assert not [name for name in attributes if name.startswith("on")], tag
        for name in ("src", "href", "xlink:href", "action", "data"):
            target = attributes.get(name) or ""
            held = CARRIED if tag == "a" and "download" in attributes else ("#", "data:image/png;base64,")
            assert not target or target.startswith(held), (tag, target[:80])
        assert "url(" not in (attributes.get("style") or "").replace("url(#", ""), tag
    assert sum(tag == "script" for tag, _ in reader.tags) == 1
    script = html[html.index("<script>") + 8 : html.index("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = next(a["content"] or "" for t, a in reader.tags if t == "meta" and "http-equiv" in a)
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy
    assert "http" not in "".join(str(a.values()) for t, a in reader.tags if t != "meta")


@pytest.mark.parametrize("name", STUDIES)
def test_the_page_asks_for_nothing_and_stays_small(pages: dict[str, Page], name: str) -> None:
    html = pages[name].html
    assert_closed(html)
    assert len(html.encode()) < 3_000_000


def test_a_binary_study_has_its_figures_and_sections_in_order(pages: dict[str, Page]) -> None:
    html = pages["binary"].html
    assert html.count("<svg") >= 6
    ids = re.findall(r'<section id="([a-z]+)"', html)
    order = [
        "answer",
        "leaderboard",
        "metrics",
        "claims",
        "roc",
        "generalisation",
        "scores",
        "calibration",
        "data",
        "method",
        "cite",
    ]
    assert ids == order


def test_figures_by_kind_of_study(pages: dict[str, Page]) -> None:
    names = {name: {drawing.plot.name for drawing in each.drawings} for name, each in pages.items()}
    assert {"roc", "scores", "scores-others", "calibration", "features", "differences"} <= names["binary"]
    assert {"roc", "confusion", "calibration"} <= names["multiclass"]
    assert {"residuals", "plane", "generalisation", "features"} <= names["regression"]
    assert names["hollow"] == set()


@pytest.mark.parametrize("name", STUDIES)
def test_it_is_a_document_that_can_be_heard_and_walked(pages: dict[str, Page], name: str) -> None:
    reader = read(pages[name].html)
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in reader.tags:
        for reference in ("aria-labelledby", "href", "xlink:href"):
            target = attributes.get(reference)
            if target and not target.startswith("data:"):
                assert target.lstrip("#") in ids
    tags = [tag for tag, _ in reader.tags]
    assert tags.count("main") == tags.count("h1") == 1
    assert tags.count("table") == tags.count("caption")
    for tag, attributes in reader.tags:
        if tag == "svg":
            assert attributes["role"] == "img"
            assert len(attributes["aria-label"] or "") > 20
        if tag == "th":
            assert attributes["scope"] in ("col", "row")
    assert tags.count("figure") == tags.count("figcaption")


def test_equal_records_give_equal_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        render(made.binary(3, 3, 100), made.MANIFEST, tmp_path / folder)
    first = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert len(first) > 20
    for path in first:
        assert (tmp_path / "a" / path).read_bytes() == (tmp_path / "b" / path).read_bytes(), path


def test_every_figure_has_svg_pdf_and_numbers(tmp_path: Path) -> None:
    render(made.regression(100), made.MANIFEST, tmp_path)
    stems = {path.stem for path in (tmp_path / "figures").iterdir()}
    assert stems
    for stem in stems:
        svg = (tmp_path / "figures" / f"{stem}.svg").read_text(encoding="utf-8")
        assert svg.count("http") == 1  # the namespace
        assert (tmp_path / "figures" / f"{stem}.pdf").read_bytes().startswith(b"%PDF")
        rows = list(csv.reader((tmp_path / "figures" / f"{stem}.csv").open(encoding="utf-8")))
        assert len(rows) > 1
        assert {len(row) for row in rows} == {len(rows[0])}


def lightly(plot: Plot) -> Drawing:
    """Draw all words of a figure, and nothing else: the way of text into SVG is one for all figures."""

    def words(figure: Any) -> None:
        said = (plot.title, plot.caption, *(str(value) for value in plot.rows[0]))
        for place, text in enumerate(said):
            figure.text(0.0, place / len(said), short(text))

    return drawing(dataclasses.replace(plot, size=(3.0, 3.0), draw=words))


def assert_unharmed(payload: str, built: Page) -> None:
    assert_closed(built.html)
    shown = "".join(read(built.html).text)
    if payload.isascii():
        assert shown.count(payload) > 40  # as text it is there, unharmed
    else:
        assert not set(shown) & set("\x00\x07\u202e\ud800")
    assert "<script" not in built.markdown
    assert "<img" not in built.markdown


@pytest.mark.parametrize("payload", PAYLOADS)
def test_names_are_never_markup(payload: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fivesigma.report.page.drawing", lightly)
    assert_unharmed(payload, page(*made.poisoned(payload)))


@pytest.mark.parametrize("payload", [PAYLOADS[0], PAYLOADS[5], PAYLOADS[8]])
def test_names_are_never_markup_in_any_figure(payload: str, tmp_path: Path) -> None:
    results, manifest = made.poisoned(payload)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        built = page(results, manifest)
    built.save(tmp_path)
    assert_unharmed(payload, built)
    assert len(built.drawings) >= 8


def test_the_answer_says_what_was_found(pages: dict[str, Page]) -> None:
    text = re.sub("[ \n]+", " ", "".join(read(pages["binary"].html).text))
    assert "“boosting” reaches ROC AUC 0.884 ± 0.007 on 1\u202f000 sealed test events" in text
    assert "an observation (> 5σ) that it stands above the baseline “dummy”" in text
    assert "“random forest”, it is not distinguished (0.8σ)" in text
    assert "better" not in text.lower().replace("does better out of fold", "")
    assert "would take 3 h 20 min" in text
    assert "the loss became infinite" in text


def test_the_answer_of_a_baseline_and_of_what_has_no_significance_is_a_sentence() -> None:
    first, *rest = (base := made.binary(2, 3, 60)).models
    alone = dataclasses.replace(base, models=(first, *rest), baseline=base.best)
    assert f"“{base.best}” is itself the baseline" in page(alone, made.MANIFEST).markdown
    best = next(m for m in base.models if m.name == base.best)
    bare = {
        metric: dataclasses.replace(c, sigma_local=None, sigma_global=None)
        for metric, c in best.versus_baseline.items()
    }
    models = tuple(dataclasses.replace(m, versus_baseline=bare) if m is best else m for m in base.models)
    claims = tuple(dataclasses.replace(c, sigma_local=None, sigma_global=None) for c in base.claims)
    text = page(dataclasses.replace(base, models=models, claims=claims), made.MANIFEST).markdown
    assert "without a significance against the baseline “dummy”" in text
    assert "(—)" not in text.split("##")[1]


def test_a_blind_page_shows_no_test_score(pages: dict[str, Page]) -> None:
    text = "".join(read(pages["blind"].html).text)
    assert "the test set is still sealed" in text
    assert "The test set is sealed; no model has been scored on it." in text


def test_openings_above_one_are_a_warning() -> None:
    results, last = made.regression(60), [each for each in SECTIONS if each.id == "method"]
    assert 'class="seal good"' in page(results, {"openings": {"test": 1}}, last).html
    assert 'class="seal warning"' in page(results, {}, last).html
    many = page(results, {"openings": {"test": 1, "gizmo": 7}}, last).html
    assert 'class="seal warning"' in many
    assert "opened 7 times" in many


def test_what_was_open_before_is_not_blind_and_no_observation() -> None:
    results, seen = made.binary(), Seen(1000, 40, 2, by=(Earlier("first", "r0", "test", 40),)).to_document()
    sections = [each for each in SECTIONS if each.id in ("answer", "leaderboard", "claims", "method")]
    blind = page(results, {"openings": {"test": 1}}, sections).html
    known = page(results, {"openings": {"test": 2}, "seen": {"test": seen}}, sections).html
    assert ">observation<" in blind
    assert "an observation (" in blind
    assert "not blind" not in blind
    assert ">observation<" not in known
    assert "an observation (" not in known
    assert "> 5σ (not blind)" in known.replace("&gt;", ">")
    assert re.search(
        "Not blind: 40 of the 1.?000 test rows that σ rests on were opened before, by first .r0.", known
    )


def test_the_place_of_a_file_stays_private(pages: dict[str, Page]) -> None:
    assert "/home/someone" not in pages["binary"].html + pages["binary"].markdown
    assert "penguins.csv" in pages["binary"].html


def test_a_capability_adds_a_section_without_touching_another() -> None:
    mine = Section("data", "A second look", lambda view: True, SECTIONS[-2].content, lambda view: "in words")
    other = Section("never", "Absent", lambda view: False, lambda view: Content())
    built = page(made.hollow(), {}, (*SECTIONS[:1], mine, other))
    assert "A second look" in built.html
    assert "Absent" not in built.html
    assert built.markdown.endswith("## A second look\n\nin words\n")


def test_markdown_holds_question_answer_table_claims_and_how(pages: dict[str, Page]) -> None:
    text = pages["binary"].markdown
    assert "**Which penguins are chinstraps?**" in text
    assert "| boosting |" in text
    for part in ("“boosting” reaches", "not distinguished", "opened 1 time.", "hash of the split"):
        assert part in text


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    """WCAG 2.2 contrast of two colours, 1 to 21."""
    high, low = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_colour_of_a_figure_stands_out_on_light_and_on_dark() -> None:
    for light, (variable, dark) in VARIABLES.items():
        if variable in ("--grid", "--paper"):
            continue
        needed = 4.5 if variable in ("--ink", "--muted") else 3.0
        assert contrast(light, "#ffffff") >= needed, variable
        assert contrast(dark, "#15181d") >= needed, variable
    assert contrast(PAPER, "#ffffff") < 1.05


def test_no_colour_but_those_of_the_page_is_drawn(pages: dict[str, Page]) -> None:
    for name in ("binary", "multiclass", "regression"):
        for each in pages[name].drawings:
            assert not re.findall(r"#[0-9a-f]{6}\b", each.inline), each.plot.name
