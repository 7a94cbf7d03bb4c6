"""The class fraction of a study: what it says, else how its classes came."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.errors import StudyError
from fivesigma.record.sections.prevalence import PrevalenceRecord
from fivesigma.study.preparation.prepare import prepare
from fivesigma.study.runner.results import split_record
from fivesigma.study.spec.document import Spec

MODELS = '[[models]]\nkind = "dummy"\n'
BOTH, SIGNAL, BACKGROUND = [0, 1], [1], [0]


def table(path, classes, seed=0):
    rng = np.random.default_rng(seed)
    rows = [f"{rng.normal()},{classes[i % len(classes)]}" for i in range(60)]
    path.write_text("\n".join(["x,y", *rows]))


def fraction(tmp_path, *files, data="", more=""):
    for i, classes in enumerate(files):
        table(tmp_path / f"{i}.csv", classes, seed=i)
    paths = ", ".join(f'"{tmp_path}/{i}.csv"' for i in range(len(files)))
    source = data or f'path = [{paths}]\ntarget = "y"'
    return prepare(Spec.from_toml(f"[data]\n{source}\n{more}\n{MODELS}"))


@pytest.mark.parametrize(
    ("files", "prevalence", "why"),
    [
        ([BOTH], "random", "the classes come as they are in the table"),
        ([BOTH, BOTH], "random", "the classes come as they are in the table"),
        ([BOTH, SIGNAL], "random", "the classes come as they are in the table"),
        ([BACKGROUND, SIGNAL], "fixed", "each file holds one class"),
        ([BACKGROUND, SIGNAL, BACKGROUND], "fixed", "each file holds one class"),
    ],
)
def test_it_is_by_design_where_each_file_holds_one_class(tmp_path, files, prevalence, why):
    found = fraction(tmp_path, *files).fraction
    assert (found.prevalence, found.why) == (prevalence, why)


def test_a_glob_of_one_class_each_counts_as_its_files_do(tmp_path):
    table(tmp_path / "a.csv", BACKGROUND), table(tmp_path / "b.csv", SIGNAL, seed=1)
    data = f'path = "{tmp_path}/*.csv"\ntarget = "y"'
    assert fraction(tmp_path, data=data).fraction.prevalence == "fixed"


def test_the_file_of_a_given_test_does_not_count(tmp_path):
    table(tmp_path / "test.csv", BOTH, seed=9)
    more = f'[split]\ntest = {{ path = "{tmp_path}/test.csv" }}'
    assert fraction(tmp_path, BACKGROUND, SIGNAL, more=more).fraction.prevalence == "fixed"
    assert fraction(tmp_path, BOTH, more=more).fraction.prevalence == "random"


def test_simulated_classes_are_by_design_and_a_study_may_say_otherwise(tmp_path):
    data = 'source = "simulate:toys"'
    assert fraction(tmp_path, data=data, more="[source]\nn = 100").fraction.prevalence == "fixed"
    more = '[source]\nn = 100\n[evaluate]\nprevalence = "random"'
    found = fraction(tmp_path, data=data, more=more)
    assert (found.fraction.prevalence, found.fraction.why) == ("random", "the study says so")
    kept = split_record(found).section(PrevalenceRecord)
    assert (kept.estimand, kept.stratified) == ("random", True)


def test_where_no_class_is_learnt_there_is_no_fraction(tmp_path):
    regression = 'task = "regression"'
    data = f'path = "{tmp_path}/0.csv"\ntarget = "y"\n{regression}'
    found = fraction(tmp_path, BOTH, data=data)
    assert found.fraction is None
    assert split_record(found).section(PrevalenceRecord) is None
    with pytest.raises(
        StudyError, match=r"evaluate\.prevalence: the study is a regression, which learns no classes"
    ):
        fraction(tmp_path, BOTH, data=data, more='[evaluate]\nprevalence = "fixed"')
