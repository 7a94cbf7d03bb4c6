"""What differs between two studies is said in words, and nothing else is."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from fivesigma.study.finished.changes import changes
from fivesigma.study.finished.entrant import Entrant
from fivesigma.study.finished.result import load
from fivesigma.study.study import Study

TEXT = """
[study]
name = "s"
seed = 0
[data]
path = "d.csv"
target = "y"
features = ["a", "b"]
[split]
folds = 2
[evaluate]
bootstrap = 100
refits = 2
[[models]]
kind = "dummy"
[[models]]
kind = "tree"
params = { max_depth = 2 }
"""
EDITS = {
    "seed": (("seed = 0", "seed = 1"), "study.seed = 1 in place of 0"),
    "more": (('["a", "b"]', '["a", "b", "c"]'), "data.features also has 'c'"),
    "default": (('features = ["a", "b"]', ""), 'data.features = ["a", "b"] is not given'),
    "setting": (("max_depth = 2", "max_depth = 3"), "tree: params.max_depth = 3 in place of 2"),
    "model": (
        ('kind = "tree"\nparams = { max_depth = 2 }', 'kind = "linear"'),
        "tree is not among its models",
    ),
    "file": (("d.csv", "e.csv"), "its data are e.csv, in place of d.csv"),
    "content": (("d.csv", "sub/d.csv"), "d.csv has another content"),
}


@pytest.fixture(scope="module")
def entrant(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("changes"), np.random.default_rng(0)
    (folder / "sub").mkdir()
    for n, name in ((80, "d.csv"), (81, "e.csv"), (82, "sub/d.csv")):
        rows = [",".join(f"{x:.4f}" for x in each) for each in rng.normal(size=(n, 4))]
        (folder / name).write_text("\n".join(["a,b,c,y", *rows]))
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fivesigma.report.render", lambda *given: None)
        for name, ((old, new), _) in {"plain": (("", ""), ""), **EDITS}.items():
            (folder / "s.toml").write_text(TEXT.replace(old, new) if old else TEXT)
            run = Study.read(folder / "s.toml").run(folder / name, workers=1, progress=False)
            found[name] = Entrant(run)
    return found


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_said_and_alone(entrant, name):
    said = changes(entrant["plain"], entrant[name])
    assert said[0] == EDITS[name][1]
    more = {"default": ["its columns: also has 'c'"], "model": ["linear is one model more"]}
    assert said[1:] in ([], more.get(name, []))
    assert not changes(entrant[name], entrant[name])


def test_studies_of_other_versions_say_which_packages(entrant, tmp_path):
    shutil.copytree(entrant["plain"].result.path, tmp_path / "old")
    old = Entrant(load(tmp_path / "old"))
    manifest = old.folder.manifest()
    old.folder.write_manifest({**manifest, "versions": {**manifest["versions"], "numpy": "1.0"}})
    (said,) = changes(old, entrant["plain"])
    assert said.startswith("numpy ")
    assert said.endswith(" in place of 1.0")
