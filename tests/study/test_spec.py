"""The study file: what it refuses and in which words, what it fills in, and that writing keeps it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fivesigma._core.errors import DataError, FivesigmaError, StudyError
from fivesigma.study.spec import schema, unbuilt
from fivesigma.study.spec.document import Spec, default_name
from fivesigma.study.spec.toml import write_toml

DATA = '[data]\npath = "t.csv"\ntarget = "y"\n'

COMPLETE = """
[study]
name = "susy"
question = "Which collisions are “supersymmetric”?"
seed = 3

[data]
path = ["a.csv", "b*.csv"]
target = "SUSY"
task = "classification"
features = ["lepton 1 pT", "n"]
spectators = ["m_ll", "mcWeight"]
classes = ["b", 1.0]
join = { path = "observables.parquet", on = "ID" }
weight = "mcWeight"
training_weights = "classes"
group = "run"
select = "n_jet >= 2 and met > 30"
missing = [-999, "NA"]
units = { "lepton 1 pT" = "GeV" }

[split]
test = { A = { column = "set", value = "b" }, B = { path = "gizmo.csv" } }
validation = 0.1
stratify = false
duplicates = "ignore"

[features]
standardise = false
interactions = 2
polynomial = 4
categorical = "onehot"
missing = "impute"
expressions = { log_M = "log10(M_500)" }

[[models]]
kind = "logistic"
features = ["n"]

[[models]]
name = "a forest"
kind = "forest"
params = { n_estimators = 300 }
tune = { max_depth = [2, 100] }
trials = 20

[evaluate]
metric = "accuracy"
baseline = "logistic"
bootstrap = 500
refits = 12
claim = "fitted"
relevant = 0.002
"""


def test_defaults_are_the_ones_the_design_states() -> None:
    spec = Spec.from_toml(DATA)
    assert (spec.study.seed, spec.split.test, spec.split.folds, spec.split.stratify) == (0, 0.2, 5, True)
    assert (spec.split.duplicates, spec.features.standardise, spec.features.missing) == (
        "together",
        True,
        "native",
    )
    evaluate = spec.evaluate
    assert (evaluate.bootstrap, evaluate.refits, evaluate.claim, evaluate.relevant) == (
        2000,
        10,
        "procedure",
        0.0,
    )
    assert (evaluate.metric, evaluate.baseline, spec.models) == (None, "dummy", ())


def test_every_key_is_read() -> None:
    spec = Spec.from_toml(COMPLETE)
    assert spec.data.path == ("a.csv", "b*.csv")
    assert spec.data.classes == ("b", "1")
    assert spec.data.missing == (-999, "NA")
    assert spec.split.test["A"].value == ("b",)
    assert (spec.split.folds, spec.split.validation) == (None, 0.1)
    assert [model.name for model in spec.models] == ["logistic", "a forest"]
    assert spec.models[1].tune == {"max_depth": (2, 100)}


@pytest.mark.parametrize("text", [DATA, COMPLETE])
def test_writing_and_reading_give_the_same_study(text: str) -> None:
    spec = Spec.from_toml(text)
    written = spec.to_toml()
    assert Spec.from_toml(written) == spec
    assert Spec.from_toml(written).to_toml() == written
    assert "bootstrap" in written  # complete: the defaults stand in it


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the section [data] is missing"),
        ('[data]\npth = "x"\ntarget = "y"', "data.pth: unknown key. Did you mean 'path'?"),
        ('[dta]\npath = "x"', "dta: unknown key. Did you mean 'data'?"),
        ("[data]\npath = 3\ntarget = 'y'", "data.path: got 3, expected text"),
        ('[data]\ntarget = "y"', "data.path is missing"),
        ('[data]\npath = "t.csv"', "data.target is missing"),
        (DATA + "[study]\nweight = 'w'", "study.weight: unknown key. It belongs in [data]."),
        (DATA + "[study]\nname = '../x'", "study.name: got '../x'"),
        (DATA + "[study]\nseed = 1.5", "study.seed: got 1.5, expected a whole number"),
        (DATA + "[[models]]\nkind = 'forrest'", "models[0].kind: 'forrest' is not a model"),
        (DATA + "[[models]]\nkind = 'tree'\n[[models]]\nkind = 'tree'", "models[1].name: 'tree' is already"),
        (DATA + "[[models]]\nkind = 'tree'\nmax_depth = 3", "params = { max_depth = ... }"),
        (DATA + "[[models]]\nkind = 'tree'\nparams = { max_dept = 3 }", "Did you mean 'max_depth'?"),
        (DATA + "[[models]]\nkind = 'tree'\nparams = { max_depth = 'x' }", "max_depth = 'x' is not possible"),
        (
            DATA + "task = 'regression'\n[[models]]\nkind = 'mlp'\nparams = { loss = 'hinge' }",
            "not possible in regression",
        ),
        (
            DATA + "task = 'regression'\n[[models]]\nkind = 'mlp'\nparams = { temperature = true }",
            "expected False",
        ),
        (
            DATA + "task = 'regression'\n[[models]]\nkind = 'mlp'\ntune = { loss = ['mse', 'hinge'] }",
            "loss = 'hinge' is not possible in regression",
        ),
        (DATA + "[[models]]\nkind = 'tree'\ntune = { max_depth = [0, 5] }", "tune.max_depth holds 0"),
        (DATA + "[[models]]\nkind = 'dummy'\ntune = true", "has nothing to tune"),
        (DATA + "task = 'regression'\n[[models]]\nkind = 'logistic'", "does classification, not regression"),
        (DATA + "[[models]]\nkind = 'tree'\ntrials = 3", "trials is given but nothing is tuned"),
        (
            DATA + "[[models]]\nkind = 'tree'\nname = 'a:b'",
            "models[0].name: got 'a:b', expected some text without",
        ),
        (DATA + "[[models]]\nkind = 'tree'\nname = ' '", "the name is blank"),
        (
            DATA + "[[models]]\nkind = 'tree'\nreduce = { kind = 'pca', n = 0 }",
            "n = 0 is no number of columns",
        ),
        (DATA + "[curves]\nvalidation = { a = { b = { from = 0, to = 3 } } }", "0 is not the end of a span"),
        (DATA + "[[models]]\nkind = 'tree'\nname = 'row'", "'row' is already a column"),
        (DATA + "[split]\ntest = 1.5", "split.test: got 1.5, expected less than 1"),
        (DATA + "[split]\ntest = {column = 'a'}", "split.test: a test set is"),
        (DATA + "[split]\ntest = {A = {pth = 'a'}}", "split.test.A.pth: unknown key. Did you mean 'path'?"),
        (DATA + "[split]\nfolds = 5\nvalidation = 0.1", "split.folds and split.validation are both given"),
        (DATA + "[evaluate]\nmetric = 'acuracy'", "Did you mean 'accuracy'?"),
        (DATA + "[evaluate]\nmetric = 'crbs'", "Did you mean 'crps'?"),
        (DATA + "[evaluate]\nclaim = 'proc'", "Did you mean 'procedure'?"),
        (DATA + "[evaluate]\nrefits = 0", "evaluate.refits must be 2 or more"),
        (DATA + "[evaluate]\nrelevant = nan", "evaluate.relevant: got nan"),
        (DATA + "[evaluate]\nbaseline = 'dumy'", "Did you mean 'dummy'?"),
        (DATA + "weight = 'y'", "the column 'y' is both the target and the weight"),
        (DATA + "features = ['y']", "the column 'y' is both the target and a feature"),
        (DATA + "classes = ['a']", "data.classes needs two or more different classes"),
        (DATA + "source = 'user:x'", "data.path and data.source are both given"),
        (DATA + "a = " + "[" * 5000, "nested too deeply"),
        (DATA + "when = 1979-05-27", "data.when: unknown key"),
        (DATA + "weight = 1979-05-27", "data.weight: got 1979-05-27, expected text"),
        ("x = ", "not TOML"),
        ("data = 3", "data: got 3, expected a table"),
        (DATA + "[models]\nkind = 'tree'", "models: got"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_its_place(text: str, expected: str) -> None:
    with pytest.raises(StudyError) as caught:
        Spec.from_toml(text, place="mine.toml")
    message = str(caught.value)
    assert message.startswith("mine.toml: ")
    assert expected in message
    assert len(message) <= 300
    assert "\n" not in message
    assert "pydantic" not in message
    assert ".." not in message.replace("../", "").replace("...", "")


def test_a_kind_without_machinery_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fivesigma.study.spec.document.KINDS", ("later",))
    with pytest.raises(StudyError, match=r"models\[0\].kind: 'later' is not in this version"):
        Spec.from_toml(DATA + "[[models]]\nkind = 'later'")


def _example(dotted: str) -> str:
    """A document that uses one of the keys that are not built."""
    section, _, key = dotted.partition(".")
    if section == "models":
        return f"{DATA}[[models]]\nkind = 'tree'\n{key} = 1"
    return f"{DATA}{key} = 1" if section == "data" else f"{DATA}[{section}]\n{key or 'repeats'} = 1"


@pytest.mark.parametrize("key", ["data.later", "split.later"])
def test_keys_without_machinery_are_refused_not_ignored(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(unbuilt.KEYS, key, "such files are")
    with pytest.raises(StudyError, match=f"{key}: such files are not in this version"):
        Spec.from_toml(_example(key))


def test_forms_of_a_test_set() -> None:
    def test(form: str) -> object:
        return Spec.from_toml(f"{DATA}[split]\ntest = {form}").split.test

    assert test("0") == test("false") == 0.0
    assert set(test("{ column = 'a', value = 3 }")) == {"test"}
    assert test("{ path = 'b.csv' }")["test"].path == "b.csv"
    assert list(test("{ A = { path = 'a.csv' }, B = { column = 'x', value = ['u', 'v'] } }")) == ["A", "B"]


def test_paths_are_relative_to_the_file_and_data_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    file = folder / "pulsars.toml"
    file.write_text(DATA + "join = { path = 'j.csv', on = 'k' }\n[split]\ntest = { path = 'u.csv' }")
    monkeypatch.chdir(tmp_path)
    assert Spec.read("deep/pulsars.toml").paths() == [str(folder / "t.csv")]
    assert Spec.read(file, data="other.csv", seed=7).paths() == [str(tmp_path / "other.csv")]
    assert Spec.read(file, data="other.csv", seed=7).study.seed == 7
    resolved = Spec.from_toml(Spec.read(file).resolved().to_toml())
    assert resolved.data.path == (str(folder / "t.csv"),)
    assert resolved.data.join.path == str(folder / "j.csv")
    assert resolved.split.test["test"].path == str(folder / "u.csv")


def test_name_defaults_to_the_file(tmp_path: Path) -> None:
    file = tmp_path / "my pulsars (2).toml"
    file.write_text(DATA)
    assert Spec.read(file).study.name == "my pulsars -2-"
    assert default_name(Path("higgs/study.toml")) == "higgs"


def test_a_table_the_user_supplies(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[data]\nsource = "user: from https://example.org"\ntarget = "y"')
    with pytest.raises(StudyError, match=r"the study 'mine' needs its table: give it by --data PATH \(fr"):
        Spec.read(file).paths()
    assert Spec.read(file, data="t.csv").data.source is None


def test_files_that_are_no_study_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such study file"):
        Spec.read(tmp_path / "absent.toml")
    with pytest.raises(DataError, match="a folder"):
        Spec.read(tmp_path)
    (tmp_path / "b.toml").write_bytes(b'[data]\npath = "\xff"')
    with pytest.raises(DataError, match="not UTF-8"):
        Spec.read(tmp_path / "b.toml")
    (tmp_path / "long.toml").write_text("#" * 1_000_001)
    with pytest.raises(DataError, match="longer than"):
        Spec.read(tmp_path / "long.toml")


def test_the_shipped_schema_is_the_one_of_the_sections() -> None:
    assert schema.PATH.read_text(encoding="utf-8") == schema.text(), (
        "run python -m fivesigma.study.spec.schema"
    )


@pytest.mark.parametrize("text", [DATA, COMPLETE, DATA + "[split]\ntest = { path = 'b.csv' }"])
def test_the_schema_takes_what_the_reader_takes(text: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(tomllib.loads(text), json.loads(schema.text()))


def test_the_schema_refuses_an_unknown_key() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(DATA + "pth = 3"), json.loads(schema.text()))


@pytest.mark.parametrize("name", ["train", "validation"])
def test_no_test_set_is_called_like_another_part(name: str) -> None:
    rows = f"[split.test]\n{name} = {{ column = 'c', value = 1 }}"
    with pytest.raises(StudyError, match=f"'{name}' is the name of another part"):
        Spec.from_toml(DATA + rows)


def test_every_key_stands_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "study-file.md").read_text(encoding="utf-8")
    for name, section in json.loads(schema.text())["$defs"].items():
        for key in section["properties"]:
            assert f"`{key}`" in page, f"{key} of {name} is not in docs/study-file.md"


_VALUES = st.recursive(
    st.one_of(
        st.text(max_size=12),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.booleans(),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.dictionaries(st.text(max_size=8), _VALUES, max_size=4))
def test_toml_reads_what_we_write(document: dict[str, object]) -> None:
    assert tomllib.loads(write_toml(document)) == document


_KEYS = [
    "study",
    "data",
    "split",
    "models",
    "evaluate",
    "path",
    "target",
    "test",
    "kind",
    "tune",
    "name",
    "seed",
]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.dictionaries(
        st.sampled_from(_KEYS),
        st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=4)
        | st.lists(st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=3), max_size=2),
        max_size=4,
    )
)
def test_any_document_is_a_study_or_one_sentence(document: dict[str, object]) -> None:
    message = ""
    try:
        Spec.from_document(document)
    except FivesigmaError as error:
        message = str(error)
    assert "\n" not in message
    assert len(message) < 400


def test_a_simulated_source_needs_neither_path_nor_target_and_takes_the_settings_of_its_system():
    spec = Spec.from_toml('[data]\nsource = "simulate:projectiles"\n[source]\nn = 50\ndrag = 0.1')
    assert (spec.data.simulated, spec.source.n, spec.source.settings) == ("projectiles", 50, {"drag": 0.1})
    assert Spec.from_toml(spec.to_toml()) == spec


def test_settings_of_a_source_are_refused_where_a_file_is_read():
    with pytest.raises(StudyError, match="source is given but"):
        Spec.from_toml('[data]\npath = "t.csv"\ntarget = "y"\n[source]\nn = 50')
