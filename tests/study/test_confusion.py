"""Confusion: a scan over labellings, its W, and what is none."""

from __future__ import annotations

import pytest

import fivesigma as fs
from fivesigma._core.errors import StudyError
from fivesigma.record.sections.confusion import ConfusionRecord
from fivesigma.study.analyses.confusion import labellings
from fivesigma.study.spec.document import Spec

STUDY = """
[study]
name = "confused"
[data]
source = "simulate:ising"
target = "temperature > 2.2"
features = ["magnetisation", "energy"]
[source]
size = 6
n = 120
coldest = 1.4
hottest = 3.2
n_temperatures = 10
warm_up = 20
[split]
validation = 0.25
duplicates = "ignore"
[split.test]
source = { n = 100 }
[[models]]
kind = "dummy"
[[models]]
kind = "nearest"
[evaluate]
metric = "accuracy"
bootstrap = 100
refits = 2
claim = "fitted"
"""
PLACES = (
    '"temperature > 1.7", "temperature > 2.0", "temperature > 2.3", "temperature > 2.6", "temperature > 2.9"'
)
SCAN = f'[scan]\n"data.target" = [{PLACES}]\nrepeats = 2\n'


def spec(scan: str) -> Spec:
    return Spec.from_toml(STUDY + scan)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("confusion")
    (folder / "study.toml").write_text(STUDY + SCAN + "[confusion]\nexpected = 2.2692\n")
    return fs.Study.read(folder / "study.toml").run(folder / "run", workers=1, progress=False)


def test_the_accuracy_of_every_labelling_is_that_of_the_scan(finished):
    kept = finished.results.section(ConfusionRecord)
    (model,) = kept.models
    assert (kept.over, kept.part, kept.fresh, kept.expected) == ("temperature", "test", True, 2.2692)
    assert [point.at for point in model.points] == [1.7, 2.0, 2.3, 2.6, 2.9]
    scores = [point.models["nearest"]["test"]["accuracy"] for point in finished.results.scan]
    assert [point.accuracy for point in model.points] == [score.value for score in scores]
    assert [point.error for point in model.points] == pytest.approx([score.error or 0.0 for score in scores])
    assert model.value is None or 1.7 <= model.value <= 2.9


def test_the_page_shows_it(finished):
    assert 'id="figure-confusion"' in (finished.path / "report.html").read_text()


@pytest.mark.parametrize(
    ("values", "column"),
    [
        (["T > 1.8", "T>2"], "T"),
        (["`a b` >= -1.5e-1", "`a b` < 3"], "a b"),
        (["T > 1.8", "U > 2"], None),
        (["T > 1.8", "sqrt(T) > 2"], None),
        (["T > x"], None),
        (["phase"], None),
    ],
)
def test_labellings_part_the_events_at_values_of_one_column(values, column):
    listed = ", ".join(f'"{each}"' for each in values)
    found = labellings(spec(f'[scan]\n"data.target" = [{listed}]\n'))
    assert (None if found is None else found.column) == column


def test_labellings_are_in_the_order_of_the_field():
    found = labellings(spec('[scan]\n"data.target" = ["T > 2.5", "T > 1.5", "T > 10"]\n'))
    assert list(found.at.values()) == [1.5, 2.5, 10.0]


@pytest.mark.parametrize(
    "scan", ["", '[scan]\n"source.size" = [4, 6]\n', f'[scan]\n"data.target" = [{PLACES[:42]}]\n']
)
def test_what_is_known_needs_a_scan_over_labellings(scan):
    with pytest.raises(StudyError, match="needs a scan over at least 5 labellings"):
        fs.Study(None, given=spec(scan + "[confusion]\nexpected = 2.27\n")).prepared()
