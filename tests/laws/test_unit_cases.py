"""Whole studies of one physics in three units: what users met with erg, solar masses and GPS seconds."""

from __future__ import annotations

import random

import pytest

import fivesigma as fs

HEAD = '[study]\nname = "units"\n[data]\npath = "t.csv"\ntarget = "y"\ntask = "{task}"\n[split]\nfolds = 2\n'
JUDGED = '[evaluate]\nbootstrap = 100\nrefits = 0\nclaim = "fitted"\n'


def _scores(
    tmp_path, name: str, table: list[str], task: str, kinds: tuple[str, ...], part: str
) -> dict[str, float]:
    """Return the scores of a study of a table, and refuse a fit that did not end well."""
    folder, metric = tmp_path / name, "r2" if task == "regression" else "roc_auc"
    folder.mkdir()
    (folder / "t.csv").write_text("\n".join(table) + "\n")
    models = "".join(f'[[models]]\nkind = "{kind}"\n' for kind in kinds)
    (folder / "t.toml").write_text(HEAD.format(task=task) + JUDGED + models)
    results = fs.Study.read(folder / "t.toml").run(folder / "run", progress=False, workers=1).results
    assert not any("converge" in each.message or each.check == "target" for each in results.audit)
    assert {model.status for model in results.models} == {"ok"}
    return {model.name: model.scores[part][metric].value for model in results.models if model.name != "dummy"}


@pytest.fixture(scope="module")
def events() -> list[tuple[float, float, int]]:
    """Two Gaussian columns and a label of a curved boundary."""
    rng = random.Random(1)
    rows = [(rng.gauss(0, 1), rng.gauss(0, 1)) for _ in range(300)]
    return [(a, b, int(2 * a + b * b + rng.gauss(0, 0.3) > 0.7)) for a, b in rows]


def test_trees_find_the_same_in_dex_in_erg_and_in_gps_seconds(tmp_path, events) -> None:
    told = {"dex": lambda a: a, "erg": lambda a: 1e44 * (10 + a), "gps": lambda a: 1.2e9 + a}
    for name, of in told.items():
        table = ["x,b,y", *(f"{of(a)!r},{b!r},{y}" for a, b, y in events)]
        scores = _scores(
            tmp_path, name, table, "classification", ("tree", "forest", "boosting"), "validation"
        )
        # the sealed test is drawn by the hash of the events, so other events train in each unit
        assert scores["forest"] == pytest.approx(0.975, abs=0.02), name
        assert min(scores.values()) > 0.9, (name, scores)


def test_regressions_find_the_same_at_ten_at_1e14_and_at_gps_seconds(tmp_path) -> None:
    rng = random.Random(1)
    rows = [(rng.gauss(0, 1), rng.gauss(0, 1)) for _ in range(200)]
    y = [2 * a + b + 0.3 * rng.gauss(0, 1) for a, b in rows]
    told = {"plain": lambda v: v + 10, "msun": lambda v: 1e14 * (v + 10), "gps": lambda v: 1.2e9 + v}
    kinds = ("ridge", "elastic-net", "huber", "quantile", "tree", "forest", "boosting")
    right = {"tree": 0.65, "forest": 0.84, "boosting": 0.85}
    found = {}
    for name, of in told.items():
        table = ["a,b,y", *(f"{a!r},{b!r},{of(v)!r}" for (a, b), v in zip(rows, y, strict=True))]
        found[name] = _scores(tmp_path, name, table, "regression", kinds, "test")
        for kind, score in found[name].items():
            assert score == pytest.approx(right.get(kind, 0.98), abs=0.1), (name, kind)
    for name in ("msun", "gps"):  # the columns are the same, so that the same events train
        assert found[name] == pytest.approx(found["plain"], abs=1e-5)
