"""The page of the logbook shows every run; what users wrote is text in it, whatever they wrote."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from fivesigma.record.logbook import Entry, Logbook
from fivesigma.record.notes import Note
from fivesigma.report.logbook.figure import plots
from fivesigma.report.logbook.lines import among, changed, difference, line
from fivesigma.report.logbook.page import page
from tests.e2e.test_browser import PAYLOADS


def entry(name, value=0.8, **more):
    return Entry(
        run=f"runs/{name}",
        **{"time": "2026-11-29T07:21:41+00:00", "study": "susy", "metric": "roc_auc", "value": value,
           "low": None if value is None else value - 0.01, "high": None if value is None else value + 0.01,
           "ended": True, "openings": 2} | more,
    )  # fmt: skip


class Tags(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, sorted(name for name, _ in attributes)))
        self.links += [value for name, value in attributes if name in ("href", "src")]

    def handle_data(self, data):
        self.text += data


def test_a_page_shows_scores_changes_notes_and_openings(tmp_path):
    two = entry("two", 0.9, before="runs/one", changed=("data.features also has 'b'",), difference=0.1,
                low_difference=0.09, high_difference=0.11, sigma=8.8, blind=False,
                notes=(Note("2026-11-29T08:00:00+00:00", "b is the\nmissing energy"),))  # fmt: skip
    text = Tags(page(Logbook("runs", (entry("one"), two)), tmp_path)).text
    for said in ("0.800 [0.790, 0.810]", "+0.100 [0.090, 0.110]", "> 5σ (not blind)", "data.features also has 'b'",
                 "missing energy", "2 runs of 1 study, 2026-11-29", "The first run of its study here."):  # fmt: skip
        assert said in text, said


def test_a_run_without_a_score_says_why(tmp_path):
    book = Logbook("runs", (entry("one", None, sealed=True, said="Its test is sealed."),
                            Entry(run="runs/two", said="It has not ended.")))  # fmt: skip
    text = Tags(page(book, tmp_path)).text
    assert "Its test is sealed." in text
    assert "It has not ended." in text
    assert [line(book, each)[4] for each in book.entries] == ["sealed", "no record"]
    assert plots(book) == []


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_users_wrote_is_text(payload, tmp_path):
    def book(word):
        return Logbook("runs", tuple(
            entry(f"{name}{word}", study=word, before=f"runs/{word}", model=word, said=word, unit=word,
                  changed=(word,), notes=(Note("2026-11-29T07:00:00+00:00", word),))
            for name in ("one", "two")
        ))  # fmt: skip

    hostile, tame = (Tags(page(book(word), tmp_path)) for word in (payload, "tame"))
    assert hostile.tags == tame.tags


def test_a_page_asks_nothing_of_anybody_and_links_pages_where_they_lie(tmp_path):
    run = tmp_path / "a run #1?"
    run.mkdir()
    (run / "report.html").touch()
    found = Tags(page(Logbook(tmp_path, (Entry(run=str(run)),)), tmp_path))
    assert found.links == ["#main", "a%20run%20%231%3F/report.html"]
    assert "script" not in {tag for tag, _ in found.tags}


def test_equal_logbooks_give_equal_pages_and_a_figure_has_its_numbers(tmp_path):
    book = Logbook("runs", (entry("one"), entry("other", study="law"), entry("two", 0.9)))
    assert page(book, tmp_path) == page(book, tmp_path)
    plot, *more = plots(book)
    assert not more, "one score makes no figure"
    assert [row[:3] for row in plot.rows] == [(1, "runs/one", 0.8), (3, "runs/two", 0.9)]


def test_differences_have_their_sign_and_several_are_said_to_be():
    assert difference(entry("two", difference=-0.1, low_difference=-0.11, high_difference=-0.09))[0] == "−"
    assert among(Logbook("runs", (entry("one", sigma=1.0),))) == ""
    said = among(Logbook("runs", tuple(entry(str(i), sigma=0.1) for i in range(100))))
    assert re.search(r"100 differences .* beyond 2\.7σ", said)


def test_runs_are_named_as_they_are_found_from_the_folder():
    one = entry("deep/a", before="runs/b", changed=("x = 1 is new",))
    assert changed(Logbook("runs", (one,)), one) == "deep/a differs from b: x = 1 is new."
