"""A scan: what can be scanned, which studies it makes, and that they are the same on any number of workers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fivesigma as fs
from fivesigma._core.errors import FivesigmaError, StudyError
from fivesigma.models.mixtures.theory import recovery
from fivesigma.record.sections.scan import ScanSettingsRecord
from fivesigma.record.store import RunFolder
from fivesigma.study.analyses.scan.points import check, points, study_at
from fivesigma.study.analyses.scan.spiked import theory
from fivesigma.study.analyses.scan.theory import Asked
from fivesigma.study.runner import child_study
from fivesigma.study.runner.child_study import ChildStudies
from fivesigma.study.runner.forecast import planned
from fivesigma.study.runner.run import InterruptedRunError, canonical, resume
from fivesigma.study.spec.document import Spec
from fivesigma.study.spec.scan import values_of

SIMULATED = """
[study]
name = "simulated"
[data]
source = "simulate:mixtures"
task = "classification"
[source]
n = 120
n_features = 3
[split]
folds = 2
[[models]]
kind = "dummy"
[[models]]
name = "a.b model"
kind = "naive-bayes"
[evaluate]
bootstrap = 100
refits = 2
"""
FOLLOWED = """
[data]
source = "simulate:mixtures"
task = "classification"
[[models]]
name = "a b"
kind = "knn"
"""
SCAN = '[scan]\n"source.rho" = [0, 20]\nrepeats = 3\n'


def spec_of(scan: str, study: str = SIMULATED) -> Spec:
    return Spec.from_toml(study + "[scan]\n" + scan)


def document(run: Path) -> str:
    return canonical(json.loads((run / "results.json").read_text()))


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("scan") / "study.toml"
    path.write_text(SIMULATED + SCAN)
    return path


@pytest.fixture(scope="module")
def finished(study, tmp_path_factory):
    return fs.Study.read(study).run(tmp_path_factory.mktemp("runs") / "one", workers=1, progress=False)


# --- values and places ------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(-50, 50), st.integers(1, 60), st.sampled_from([0.1, 0.25, 0.05, 0.3]))
def test_a_step_gives_the_numbers_a_person_would_write(first, n, step):
    found = values_of({"from": first, "to": round(first + n * step, 10), "step": step})
    assert found == tuple(round(first + i * step, 10) for i in range(n + 1))


def test_whole_ends_and_steps_give_whole_numbers():
    assert values_of({"from": 1, "to": 7, "step": 3}) == (1, 4, 7)
    assert values_of({"from": 1, "to": 9, "n": 3}) == (1, 5, 9)
    assert values_of({"from": 1, "to": 1000, "n": 4, "log": True}) == (1, 10, 100, 1000)
    assert all(isinstance(value, int) for value in values_of({"from": 1, "to": 1000, "n": 4, "log": True}))
    assert values_of({"from": 0.0, "to": 1, "n": 3}) == (0.0, 0.5, 1.0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ('"source.n"', "names no place"),
        ("{ from = 0, to = 1 }", "either a step or a number n"),
        ("{ from = 0, to = 1, stp = 0.1 }", "'stp' is unknown"),
        ("{ from = 1, to = 0, step = 0.1 }", "no rising span"),
        ("{ from = 0, to = 9, n = 3, log = true }", "from > 0 with log"),
        ("{ from = 0, to = 1, n = 1 }", "from 2 to"),
        ("{ from = 0, to = 1e9, step = 1e-9 }", "write at most"),
        ("[]", "no values to scan"),
        ("3", "no values to scan"),
        ("[1, 1]", "twice"),
        ("[[1]]", "not a single value"),
        ("[nan]", "finite"),
    ],
)
def test_values_that_make_no_scan_are_refused(values, message):
    with pytest.raises(StudyError, match=message):
        spec_of(f'"source.rho" = {values}')


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("source.rh", "Did you mean 'source.rho'"),
        ("source", "no place that can be scanned"),
        ("study.seed", "each repeat has a seed of its own"),
        ("evaluate.metric", "records every metric"),
        ("splitt.folds", "Did you mean 'split.folds'"),
        ("data.path", "expected one of data.select"),
        ("models.nope.params.x", "expected models.NAME with NAME one of dummy, a.b model"),
        ("models.a.b model.parms.x", "expected one of models.a.b model.params.SETTING"),
        ("models.a.b model.params.x", "is not one of its parameters"),
    ],
)
def test_a_place_that_cannot_be_scanned_is_refused_by_name(place, message):
    with pytest.raises(StudyError, match=message):
        check(spec_of(f'"{place}" = [1, 2]'))


def test_a_value_that_is_impossible_there_is_refused_before_anything_is_read():
    with pytest.raises(StudyError, match=r"scan, at source.rho = -1: .*at least 0"):
        check(spec_of('"source.rho" = [1, -1]'))
    with pytest.raises(StudyError, match=r"scan, at split\.folds = 1: split\.folds"):
        check(spec_of('"split.folds" = [1, 2]'))
    with pytest.raises(StudyError, match=r"scan, at data\.select = 'x0 >': data\.select: the expression"):
        check(spec_of('"data.select" = ["x0 > 0", "x0 >"]'))
    with pytest.raises(StudyError, match="expected at most"):
        check(spec_of('"source.rho" = { from = 0, to = 999, step = 1 }\nrepeats = 1000'))


def test_a_scan_of_nothing_is_refused():
    with pytest.raises(StudyError, match="names no place"):
        spec_of("repeats = 3")


def test_a_table_of_a_file_keeps_its_seal():
    table = Spec.from_toml('[data]\npath = "t.csv"\ntarget = "y"\n[scan]\n"split.test" = [0.1, 0.2]')
    with pytest.raises(StudyError, match="would unseal"):
        check(table)
    with pytest.raises(StudyError, match="needs simulated events"):
        check(Spec.from_toml('[data]\npath = "t.csv"\ntarget = "y"\n[scan]\n"source.rho" = [1]'))


def test_places_need_no_quotes_and_survive_writing():
    plain = spec_of("source.rho = { from = 0, to = 2, n = 3 }\nsplit.folds = [2, 3]")
    assert plain.scan is not None
    assert list(plain.scan.places) == ["source.rho", "split.folds"]
    assert Spec.from_toml(plain.to_toml()) == plain


def test_a_place_may_follow_another():
    spec = spec_of(
        '"source.n" = [60, 80]\n"models.a b.params.n_neighbors" = "source.n"\nrepeats = 1', FOLLOWED
    )
    assert spec.scan is not None
    assert Spec.from_toml(spec.to_toml()) == spec
    found = points(spec)
    assert [point.values for point in found] == [{"source.n": 60}, {"source.n": 80}]
    child = study_at(spec, found[1].values, 0)
    assert (child.source.n, child.models[0].params) == (80, {"n_neighbors": 80})
    with pytest.raises(StudyError, match=r"'source\.m' is not scanned; expected one of source\.n"):
        spec_of('"source.n" = [60, 80]\n"models.a b.params.n_neighbors" = "source.m"', FOLLOWED)


# --- the studies ------------------------------------------------------------------------------------------------


def test_the_grid_is_the_product_and_the_last_place_runs_fastest():
    found = points(spec_of('"source.rho" = [1, 2]\n"split.folds" = [2, 3]\nrepeats = 2'))
    assert [tuple(point.values.values()) for point in found] == [(1, 2), (1, 3), (2, 2), (2, 3)]


def test_repeats_draw_anew_and_points_of_one_source_share_their_events():
    found = points(spec_of('"source.rho" = [1, 2]\n"split.folds" = [2, 3]\nrepeats = 4'))
    assert found[0].seeds == found[1].seeds
    assert len(set(found[0].seeds) | set(found[2].seeds)) == 8
    more = points(spec_of('"source.rho" = [0, 2, 1]\n"split.folds" = [2]\nrepeats = 2'))
    assert more[2].seeds == found[0].seeds[:2], "another grid and fewer repeats move no seed"


def test_the_study_at_a_point_is_the_written_one_but_for_the_point():
    spec = spec_of(
        '"source.rho" = [7]\n"models.a.b model.params.var_smoothing" = [1e-3]\n"split.validation" = [0.3]'
    )
    child = study_at(spec, points(spec)[0].values, 5)
    assert child.source.settings["rho"] == 7
    assert child.models[1].params == {"var_smoothing": 1e-3}
    assert (child.split.folds, child.split.validation) == (None, 0.3)
    assert (child.study.seed, child.study.name, child.scan, child.evaluate.refits) == (
        5,
        "simulated",
        None,
        0,
    )


def test_scores_rise_with_the_signal_and_have_the_error_of_their_mean(finished):
    low, high = finished.results.scan
    assert (low.values, high.values) == ({"source.rho": 0}, {"source.rho": 20})
    chance, seen = (point.models["a.b model"]["test"]["roc_auc"] for point in (low, high))
    assert chance.low < 0.5 < chance.high
    assert seen.value > 0.95
    assert chance.error == pytest.approx(chance.spread / np.sqrt(3))
    assert (chance.n, chance.level) == (3, 0.95)
    assert high.models["dummy"]["test"]["roc_auc"].low is None, "equal scores have no interval"


def test_the_rest_of_the_record_is_that_of_the_study_without_its_scan(finished, tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(SIMULATED)
    alone = fs.Study.read(path).run(tmp_path / "run", workers=1, progress=False)
    kept = json.loads(document(finished.path))
    other = json.loads(document(alone.path))
    assert kept.pop("scan_settings") == {
        "keys": ["source.rho"], "repeats": 3, "fresh": True, "part": "test", "theory": None,
    }  # fmt: skip
    assert len(kept.pop("scan")) == 2
    assert other.pop("scan") is None
    assert kept == other


def test_one_worker_and_two_give_the_same_bytes(finished, study, tmp_path):
    fs.Study.read(study).run(tmp_path / "two", workers=2, progress=False)
    assert document(tmp_path / "two") == document(finished.path)


def test_a_scan_that_was_stopped_goes_on_to_the_same_bytes(finished, study, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        done = []

        def stop(self, child):
            if len(done) == 2:
                raise KeyboardInterrupt
            done.append(child)
            return original(self, child)

        original = ChildStudies.scores
        patched.setattr(ChildStudies, "scores", stop)
        with pytest.raises(InterruptedRunError):
            fs.Study.read(study).run(tmp_path / "run", workers=1, progress=False)
    kept = {
        key
        for key in planned(fs.Study.read(study).prepared()).tasks
        if RunFolder(tmp_path / "run").tasks.has(key)
    }
    assert len(kept) == 2
    before = {key: (tmp_path / "run" / "tasks" / f"{key}.npz").read_bytes() for key in kept}
    resume(tmp_path / "run", workers=1, progress=False)
    assert document(tmp_path / "run") == document(finished.path)
    after = {key: (tmp_path / "run" / "tasks" / f"{key}.npz").read_bytes() for key in kept}
    assert after == before, "what was finished is not done again"


def test_a_study_that_cannot_be_done_is_said_and_stops_nothing(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(SIMULATED + '[scan]\n"source.n" = [3, 60]\nrepeats = 2\n')
    found = fs.Study.read(path).run(tmp_path / "run", workers=1, progress=False).results
    assert found.scan[0].messages[""]
    assert found.scan[0].models["dummy"] == {}
    assert found.scan[1].models["dummy"]["test"]["roc_auc"].value == 0.5
    failed = [note for note in found.audit if note.check == "scan"]
    assert [note.status for note in failed] == ["failed"]
    assert "2 of 4 studies could not be done" in failed[0].message


# --- a table ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> Path:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(150, 2))
    path = tmp_path_factory.mktemp("table") / "t.csv"
    pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "y": x[:, 0] + 0.3 * rng.normal(size=150)}).write_csv(path)
    return path


def test_points_of_a_table_never_touch_its_sealed_rows(table, tmp_path, monkeypatch):
    path = tmp_path / "study.toml"
    path.write_text(
        f'[data]\npath = "{table}"\ntarget = "y"\n[split]\nfolds = 2\n[[models]]\nkind = "linear"\n'
        "[evaluate]\nbootstrap = 100\nrefits = 2\n"
        '[scan]\n"data.select" = ["a < 2", "a > 0", "b > 0"]\nrepeats = 1\n'
    )
    spec, trained = fs.Study.read(path).spec(), []

    def seen(prepared, *, fresh):
        trained.append(prepared.data.row_hashes[prepared.split.train])
        return original(prepared, fresh=fresh)

    original = child_study.scores
    monkeypatch.setattr(child_study, "scores", seen)
    found = fs.Study.read(path).run(tmp_path / "run", workers=1, progress=False).results
    written = fs.Study.read(path).prepared()
    sealed = written.data.row_hashes[written.split.tests["test"]]
    assert len(trained) == len(points(spec)) == 3
    assert all(not np.isin(rows, sealed).any() for rows in trained)
    assert set(found.scan[0].models["linear"]) == {"train", "validation"}
    score = found.scan[0].models["linear"]["validation"]["r2"]
    assert score.low < score.value < score.high
    assert "Nadeau-Bengio" in score.method


def test_models_of_a_table_are_scanned_on_the_same_events(table, tmp_path):
    data = fs.read(table, target="y")
    study = fs.Study(
        data,
        models=["linear", {"kind": "tree", "params": {"min_samples_leaf": 2}}],
        split={"folds": 2},
        evaluate={"bootstrap": 100, "refits": 2},
        scan={"models.tree.params.max_depth": [1, 4], "repeats": 2},
    )
    first, second = study.run(tmp_path / "run", workers=1, progress=False).results.scan
    assert first.models["linear"] == second.models["linear"]
    assert first.models["tree"]["validation"]["r2"].value < second.models["tree"]["validation"]["r2"].value
    with pytest.raises(FivesigmaError, match="arrays given in Python"):
        fs.Study(data, models=["linear"], scan={"data.select": ["a > 0"]}).prepared()


def test_check_says_how_many_studies(study, table):
    said = fs.Study.read(study).check()
    assert "scan: 6 studies (2 points, 3 repeats)" in said
    assert sum(line.startswith("time: about ") for line in said) == 1


def test_the_page_tells_the_scan(finished, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(finished.path, copy)
    page, text = (copy / "report.html").read_text(), (copy / "report.md").read_text()
    assert "The scan" in page
    assert "goes from" in text
    lines = (copy / "figures" / "scan.csv").read_text().splitlines()
    assert lines[0] == "source.rho,model,part,roc_auc,low,high,error,spread,n"
    assert len(lines) == 1 + 2 * 2


# --- clusterings and theory -------------------------------------------------------------------------------------

SPIKED = """
[study]
name = "spiked"
[data]
source = "simulate:mixtures"
task = "clustering"
target = "label"
[source]
n = 60
n_features = 30
rho = 6.0
centred = true
[split]
folds = 2
[[models]]
name = "gibbs"
kind = "spiked-gibbs"
params = { n_chains = 1, n_sweeps = 100, n_warmup = 50, rho = 6.0 }
[[models]]
name = "one draw"
kind = "spiked-gibbs"
params = { n_chains = 1, n_sweeps = 100, n_warmup = 50, rho = 6.0, labels = "draw" }
[evaluate]
bootstrap = 100
[scan]
"source.rho" = [0, 12]
"models.gibbs.params.rho" = "source.rho"
repeats = 3
"""


@pytest.fixture(scope="module")
def spiked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spiked")
    (folder / "study.toml").write_text(SPIKED)
    return fs.Study.read(folder / "study.toml").run(folder / "run", workers=1, progress=False)


def test_clusterings_are_scanned_against_their_truth_and_their_theory(spiked):
    low, high = spiked.results.scan
    assert low.models["gibbs"]["validation"]["overlap"].value < 0.3
    assert high.models["gibbs"]["validation"]["overlap"].value > 0.8
    said = spiked.results.section(ScanSettingsRecord).theory
    best, draw = said.curves
    assert (best.models, draw.models) == (("gibbs",), ("one draw",))
    assert best.y[-1] == pytest.approx(recovery(12.0, 2.0).best)
    assert draw.y[-1] == pytest.approx(recovery(12.0, 2.0).sample)
    assert said.marks[0].x == pytest.approx(2 / np.sqrt(2.0))
    assert said.floors[0].y == pytest.approx(np.sqrt(2 / (60 * np.pi)))


def test_the_page_says_through_how_many_intervals_theory_runs(spiked):
    text = (spiked.path / "report.md").read_text()
    assert "Theory, best labels, or the floor where that is higher, runs through" in text
    assert "of the 2 intervals of “gibbs”" in text
    assert "nothing can be found below" in text


@pytest.mark.parametrize(("K", "words"), [(3, "no hard phase"), (10, "a hard phase")])
def test_more_components_have_a_threshold_and_no_curve(K, words):
    found = theory(
        Asked({"n_components": K, "n_features": 100}, "source.rho", np.linspace(0, 20, 5), 100, "overlap")
    )
    assert found is not None
    assert found.curves == ()
    assert found.marks[0][0] == K
    assert words in found.sentences[0]
    assert (
        theory(Asked({"n_components": 2, "n_features": 9}, "source.n", np.arange(3.0), 9, "overlap")) is None
    )


def test_points_explain_nothing():
    spec = spec_of("split.folds = [2, 3]\n[explain]\npermutation = 3")
    assert spec.explain.asked
    assert not study_at(spec, points(spec)[0].values, 5).explain.asked


def test_a_condition_on_objects_may_be_scanned(tmp_path):
    text = (
        '[data]\npath = "t.parquet"\ntarget = "y"\n[objects.jet]\nfields = ["pt"]\n'
        '[scan]\n"data.select" = ["count(jet) > 1", "jet[0].pt > 3"]\n'
    )
    check(Spec.from_toml(text, folder=tmp_path))
    with pytest.raises(StudyError, match=r"data\.select: the expression"):
        check(Spec.from_toml(text.replace("count(jet)", "count(jet,)("), folder=tmp_path))
