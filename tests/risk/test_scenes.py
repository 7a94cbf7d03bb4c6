"""The simulations of coverage and of null claims: how they count, what they keep, where their table stands."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import repeats
from benchmarks.interval_coverage import TABLE, line
from benchmarks.scene import Coverage, Lines, Null, Scene, claimed, covered, nulls, scenes


def normal(rng):
    x = rng.normal()
    return x - 1.96, x + 1.96, 0.0


def test_a_scene_counts_both_sides_and_what_is_refused():
    numbers = [[0, 2, 1], [0, 2, 3], [0, 2, -1], [np.nan, np.nan, 1]]
    c = Lines(numbers).coverage()
    assert (c.repeats, c.held, c.below, c.above, c.refused, c.width) == (4, 1, 1, 1, 1, 2.0)
    assert c.rate == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("promise", "held", "kept"),
    [("within", 1900, True), ("within", 1950, False), ("within", 1850, False), ("at least", 2000, True),
     ("at least", 1850, False), ("careful", 1958, True), ("careful", 1980, False), ("none", 100, True)],
)  # fmt: skip
def test_a_promise_is_kept_or_not(promise, held, kept):
    assert Coverage(2000, held, 0, 2000 - held, 0, 1.0).keeps(Scene("", normal, promise)) is kept


def test_normal_intervals_cover_and_fair_coins_claim_half():
    assert covered(Scene("", normal), 2000).keeps(Scene("", normal))
    c = claimed(Null("", lambda rng: rng.random() < 0.5), 400)
    assert 0.4 < c.rate < 0.6 < c.limit + 0.1


def test_a_simulation_goes_on_where_it_was_killed_and_begins_anew_with_other_code(tmp_path, monkeypatch):
    monkeypatch.setattr(repeats, "KEPT", tmp_path)
    whole = repeats.run("auc-30", 6, workers=1).numbers
    file = tmp_path / "auc-30.txt"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:4], lines[4][:7]]))
    assert repeats.kept("auc-30").numbers == whole[:3]
    assert repeats.run("auc-30", 6, workers=1).numbers == whole
    file.write_text("\n".join(["other code", *lines[1:]]))
    assert repeats.kept("auc-30").numbers == []


def test_a_table_replaces_what_stands_between_its_marks(tmp_path):
    document = tmp_path / "evidence.md"
    document.write_text("a\n<!-- coverage -->\nold\n<!-- end of coverage -->\nb\n")
    c = Coverage(2000, 1900, 50, 50, 0, 0.5)
    TABLE.put(document, [line("s", Scene("what", normal), c)])
    text = document.read_text()
    assert "old" not in text
    assert "| s | what | 93.5-96.5 | 95.0 ± 0.5 | 2.5 | 2.5 | 0.0 | 0.5 | 2000 |" in text
    with pytest.raises(ValueError, match="0 places"):
        TABLE.put(tmp_path / "evidence.md", []) or TABLE.__class__("null", ()).put(document, [])


def test_every_scene_has_a_name_of_its_own_and_draws():
    assert len(scenes()) >= 24
    assert len(nulls()) >= 3
    for name in ("auc-30", "r2-50"):
        low, high, _ = scenes()[name].draw(np.random.default_rng(0))
        assert low < high
