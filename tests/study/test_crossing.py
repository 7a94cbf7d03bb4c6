"""Crossings: the studies of each size, what they come to, and what cannot be asked; test sets drawn for themselves."""

from __future__ import annotations

import json

import numpy as np
import pytest

import fivesigma as fs
from fivesigma._core.errors import FivesigmaError, StudyError
from fivesigma.record.sections.crossing import CrossingRecord
from fivesigma.study.runner.child_study import ChildStudies
from fivesigma.study.runner.run import InterruptedRunError, canonical, resume

STUDY = """
[study]
name = "tiny"
[data]
source = "simulate:ising"
features = ["magnetisation", "energy"]
spectators = ["temperature"]
[source]
size = 6
n = 120
coldest = 1.2
hottest = 3.4
n_temperatures = 12
gap = [1.769, 2.77]
warm_up = 20
[split]
folds = 2
duplicates = "ignore"
[split.test.square]
source = { n = 240, coldest = 1.6, hottest = 3.2, n_temperatures = 12, gap = [0, 0] }
[split.test.triangular]
source = { n = 240, lattice = "triangular", coldest = 2.6, hottest = 5.0, n_temperatures = 12, gap = [0, 0] }
[[models]]
kind = "dummy"
[[models]]
name = "energy"
kind = "logistic"
features = ["energy"]
[evaluate]
bootstrap = 100
refits = 2
claim = "fitted"
"""
CROSSING = """[crossing]
sizes = [6, 4, 8]
over = "temperature"
at = [0.5, "variance"]
repeats = 2
expected = { square = 2.2692 }
"""


def document(run) -> str:
    return canonical(json.loads((run / "results.json").read_text()))


def prepared(text: str):
    return fs.Study(None, given=fs.study.spec.document.Spec.from_toml(text)).prepared()


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("crossing") / "study.toml"
    path.write_text(STUDY + CROSSING)
    return path


@pytest.fixture(scope="module")
def finished(study, tmp_path_factory):
    return fs.Study.read(study).run(tmp_path_factory.mktemp("runs") / "one", workers=1, progress=False)


def test_every_size_has_a_point_and_every_model_but_the_baseline_a_value(finished):
    kept = finished.results.section(CrossingRecord)
    (model,) = kept.models
    assert (kept.at, kept.test, kept.expected, kept.unit) == (0.5, "square", 2.2692, "J/k_B")
    assert model.model == "energy"
    assert [point.size for point in model.points] == [4, 6, 8]
    assert all(1.6 < point.at < 3.2 and point.error >= 0 for point in model.points)
    assert model.error == pytest.approx(np.hypot(model.stat, model.span))
    assert model.value + model.slope / 8 == pytest.approx(model.points[2].at, abs=0.2)


def test_every_reading_is_made_on_every_test_set(finished):
    kept = finished.results.section(CrossingRecord)
    assert [(each.at, each.test, each.expected) for each in kept.others] == [
        (0.5, "triangular", None),
        (None, "square", 2.2692),
        (None, "triangular", None),
    ]
    assert len(kept.curves) == 2 * 3
    falling = [curve.mean for curve in kept.curves if curve.test == "square"]
    assert all(mean[0] > mean[-1] + 0.3 for mean in falling)


def test_the_rest_of_the_record_is_that_of_the_study_without_it(finished, tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(STUDY)
    alone = fs.Study.read(path).run(tmp_path / "run", workers=1, progress=False)
    kept, other = json.loads(document(finished.path)), json.loads(document(alone.path))
    assert set(kept.pop("crossing")) >= {"models", "others", "curves"}
    assert kept == other


def test_one_worker_and_two_give_the_same_bytes(finished, study, tmp_path):
    fs.Study.read(study).run(tmp_path / "two", workers=2, progress=False)
    assert document(tmp_path / "two") == document(finished.path)


def test_one_that_was_stopped_goes_on_to_the_same_bytes(finished, study, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        done, original = [], ChildStudies.curves

        def stop(self, child):
            if len(done) == 2:
                raise KeyboardInterrupt
            done.append(child)
            return original(self, child)

        patched.setattr(ChildStudies, "curves", stop)
        with pytest.raises(InterruptedRunError):
            fs.Study.read(study).run(tmp_path / "run", workers=1, progress=False)
    resume(tmp_path / "run", workers=1, progress=False)
    assert document(tmp_path / "run") == document(finished.path)


def test_a_study_that_cannot_be_done_is_said_and_stops_nothing(study, tmp_path, monkeypatch):
    def lost(self, child):
        raise ValueError("lost")

    monkeypatch.setattr(ChildStudies, "curves", lost)
    found = fs.Study.read(study).run(tmp_path / "run", workers=1, progress=False).results
    kept = found.section(CrossingRecord)
    assert kept.models[0].value is None
    assert "nowhere among the values of temperature in 2 of 2 repeats" in kept.models[0].message
    assert any("6 of 6 studies could not be done" in note.message for note in found.audit)


def test_the_page_shows_it(finished):
    html = (finished.path / "report.html").read_text()
    assert 'id="figure-crossing"' in html
    assert "for an infinite size" in html


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("sizes = [6, 4, 8]", "sizes = [6, 6]", "holds a size twice"),
        ("sizes = [6, 4, 8]", "sizes = [6]", "sizes"),
        ("sizes = [6, 4, 8]", "sizes = [2, 6]", r"crossing\.sizes: size = 2"),
        ('over = "temperature"', 'over = "energy"', "is a feature, so that a model may read it off"),
        ('over = "temperature"', 'over = "phase"', "phase"),
        ('over = "temperature"', 'over = "temprature"', "temprature"),
        ('at = [0.5, "variance"]', "at = 1.5", "no probability that is crossed"),
        ('at = [0.5, "variance"]', 'at = "mean"', "variance"),
        ('at = [0.5, "variance"]', "at = [0.5, 0.5]", "holds a reading twice"),
        ("repeats = 2", "repeats = 1", "repeats"),
        ("repeats = 2", 'repeats = 2\nof = "source.sise"', "Did you mean 'source.size'"),
        ("repeats = 2", 'repeats = 2\nmodels = ["enrgy"]', "Did you mean 'energy'"),
        (
            "square = 2.2692",
            "sqare = 2.2692",
            "'sqare' is not a test set; expected one of square, triangular",
        ),
        (
            "n_temperatures = 12, gap = [0, 0] }\n[[models]]",
            "n_temperatures = 3, gap = [0, 0] }\n[[models]]",
            "3 values",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_sentence(old, new, message):
    text = STUDY + CROSSING
    assert old in text
    with pytest.raises(FivesigmaError, match=message):
        prepared(text.replace(old, new))


def test_without_a_test_set_there_is_no_output_to_follow():
    start, end = STUDY.index("[split.test.square]"), STUDY.index("[[models]]")
    text = STUDY[:start].replace("folds = 2", "folds = 2\ntest = 0.0") + STUDY[end:] + CROSSING
    with pytest.raises(StudyError, match="there is no test event to follow an output on"):
        prepared(text.replace("expected = { square = 2.2692 }", ""))


def test_a_table_has_no_systems_of_several_sizes(tmp_path):
    rows = "".join(f"{i},{i % 7},{i % 2}\n" for i in range(60))
    (tmp_path / "t.csv").write_text("x,T,y\n" + rows)
    data = f'[data]\npath = "{tmp_path / "t.csv"}"\ntarget = "y"\nfeatures = ["x"]\n'
    text = data + '[crossing]\nsizes = [1, 2]\nover = "T"\n'
    with pytest.raises(StudyError, match=r"crossing\.of: systems of several sizes are simulated"):
        prepared(text)


# --- test sets of a source of their own -------------------------------------------------------------------------


def test_a_test_set_is_drawn_with_its_own_settings_and_shares_no_chain():
    made = prepared(STUDY)
    T = made.data.spectators["temperature"]
    train, tests = made.split.train, made.split.tests
    assert (len(train), {name: len(rows) for name, rows in tests.items()}) == (
        120,
        {"square": 240, "triangular": 240},
    )
    assert not ((T[train] > 1.769) & (T[train] < 2.77)).any()
    assert ((T[tests["square"]] > 1.769) & (T[tests["square"]] < 2.77)).any()
    assert T[tests["triangular"]].max() == 5.0
    of_train = np.unique(made.split.units[train])
    assert not any(np.isin(made.split.units[rows], of_train).any() for rows in tests.values())


def test_another_test_set_moves_no_event_of_the_others():
    whole = prepared(STUDY)
    start, end = STUDY.index("[split.test.triangular]"), STUDY.index("[[models]]")
    alone = prepared(STUDY[:start] + STUDY[end:])
    assert np.array_equal(alone.data.X, whole.data.X[: len(alone.data.X)])


def test_a_study_with_a_drawn_test_set_survives_writing():
    spec = fs.study.spec.document.Spec.from_toml(STUDY + CROSSING)
    assert fs.study.spec.document.Spec.from_toml(spec.to_toml()) == spec
    assert spec.split.test["square"].source.settings["hottest"] == 3.2


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{ size = 8 }", "'spins' is of shape"),
        ("{ sise = 8 }", "Did you mean 'size'"),
        ("{ n = 0 }", "n"),
        ('{ lattice = "kagome" }', "kagome"),
    ],
)
def test_settings_of_a_test_set_that_cannot_be_are_refused(source, message):
    text = STUDY[: STUDY.index("[split.test.square]")] + f"test.other.source = {source}\n"
    with pytest.raises(StudyError, match=message):
        prepared(text)


def test_a_table_of_a_file_has_no_test_set_that_is_drawn(tmp_path):
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{i},{i % 2}\n" for i in range(60)))
    with pytest.raises(StudyError, match="simulated events alone"):
        prepared(
            f'[data]\npath = "{tmp_path / "t.csv"}"\ntarget = "y"\n[split]\ntest = {{ source = {{ n = 5 }} }}\n'
        )
