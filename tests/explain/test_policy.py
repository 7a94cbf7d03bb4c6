"""Policies of columns: the sets that they ask for, and that driving them at once or in stages is the same."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fivesigma.explain.policy import POLICIES, Candidates, Chosen, Subset, ranked

GROUPS = (("a",), ("b", "c"), ("d",))
WORTH = {"a": 1.0, "b": 3.0, "c": 0.5, "d": 2.0, "e": 2.0, "f": float("nan")}


def _worth(group):
    return sum(WORTH[column] for column in group)


def _answer(request):
    """Rank by a worth that is known: what an importance, or a score, would tell."""
    if isinstance(request, Candidates):
        return ranked(request, [_worth(each.changed) for each in request.subsets])
    return sorted(request.subset.groups, key=_worth, reverse=True) if request.ranked else None


def _requests(policy):
    """Drive a policy to its end; return what it asked for."""
    asked, answer = [], None
    while True:
        try:
            asked.append(policy.send(answer))
        except StopIteration:
            return asked
        answer = _answer(asked[-1])


def _path(policy):
    return [each.subset for each in _requests(policy) if isinstance(each, Chosen)]


def _in_stages(begin):
    """Drive a policy as a plan does: anew at each stage, as far as the subsets that are fitted allow."""
    fitted, stages = set(), 0
    while True:
        policy, answer, stages = begin(), None, stages + 1
        path = []
        while True:
            try:
                request = policy.send(answer)
            except StopIteration:
                return path, stages
            subsets = request.subsets if isinstance(request, Candidates) else (request.subset,)
            if missing := [each.columns for each in subsets if each.columns not in fitted]:
                fitted.update(missing)
                break
            path += [request.subset] if isinstance(request, Chosen) else []
            answer = _answer(request)


def test_the_best_group_goes_first_and_the_last_group_stays() -> None:
    path = _path(POLICIES["drop_best"](GROUPS, 9))
    assert [each.changed for each in path] == [None, ("b", "c"), ("d",)]
    assert path[-1].columns == ("a",)
    assert [each.changed for each in _path(POLICIES["drop_best"](GROUPS, 1))] == [None, ("b", "c")]


def test_each_group_is_deleted_from_all_of_them_and_all_are_asked_for_at_once() -> None:
    first, *steps = _requests(POLICIES["drop_column"](GROUPS, 1))
    assert isinstance(first, Candidates)
    assert [step.subset for step in steps] == list(first.subsets)
    assert [each.changed for each in first.subsets] == list(GROUPS)
    assert first.subsets[1] == Subset((("a",), ("d",)), ("b", "c"))


def test_the_group_that_raises_the_score_most_is_added_next() -> None:
    path = _path(POLICIES["forward"](GROUPS, 2))
    assert [each.columns for each in path] == [("b", "c"), ("b", "c", "d")]
    assert path[1].changed == ("d",)


@pytest.mark.parametrize("name", ["drop_best", "drop_column"])
def test_the_only_group_is_not_deleted(name) -> None:
    assert _requests(POLICIES[name]([("a", "b")], 3)) == []


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_no_round_asks_for_nothing_but_the_deletion_of_each(name) -> None:
    assert bool(_requests(POLICIES[name](GROUPS, 0))) is (name == "drop_column")


def test_a_policy_without_an_answer_does_not_go_on() -> None:
    policy = POLICIES["forward"](GROUPS, 1)
    policy.send(None)
    with pytest.raises(AssertionError, match="was sent none"):
        policy.send(None)


def test_of_equal_merits_the_first_is_best_and_undefined_ones_are_last() -> None:
    tried = Candidates(tuple(Subset(((name,),), (name,)) for name in "fdea"))
    assert ranked(tried, [_worth(each.changed) for each in tried.subsets]) == (("d",), ("e",), ("a",), ("f",))
    assert ranked(tried, [np.inf, 0.0, -np.inf, 1.0])[0] == ("a",)


groupings = st.permutations(sorted(WORTH)).flatmap(
    lambda names: st.lists(st.integers(0, 2), min_size=len(names), max_size=len(names)).map(
        lambda cuts: tuple(
            tuple(name for name, cut in zip(names, cuts, strict=True) if cut == place)
            for place in sorted(set(cuts))
        )
    )
)


@pytest.mark.parametrize("name", sorted(POLICIES))
@given(groups=groupings, rounds=st.integers(0, 4))
def test_a_plan_in_stages_finds_the_path_of_fitting_at_once(name, groups, rounds) -> None:
    def begin():
        return POLICIES[name](groups, rounds)

    path, stages = _in_stages(begin)
    assert path == _path(begin())
    assert stages <= len(_requests(begin())) + 1


@pytest.mark.parametrize("name", sorted(POLICIES))
@given(groups=groupings, rounds=st.integers(1, 4))
def test_every_step_differs_from_the_one_before_by_the_group_that_changed(name, groups, rounds) -> None:
    path = _path(POLICIES[name](groups, rounds))
    for before, now in pairwise(path):
        base = set(groups) if name == "drop_column" else set(before.groups)
        assert base ^ set(now.groups) == {now.changed}
    assert len(path) <= (len(groups) if name != "drop_best" else min(rounds + 1, len(groups)))
