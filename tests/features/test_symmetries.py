"""Symmetries: groups that close, events that have none, and the same elements for arrays and tensors."""

from __future__ import annotations

from importlib.util import find_spec
from itertools import combinations

import numpy as np
import pytest

from fivesigma._core.errors import InputError
from fivesigma.features.symmetries import MOST, PLAIN, SYMMETRIES, Drawn, alone, check, group

RNG = np.random.default_rng(2)
X = RNG.normal(size=(5, 2, 4, 4))
WAVES = RNG.normal(size=(5, 2, 6))
SETS = [list(each) for n in (1, 2, 3, 4) for each in combinations(SYMMETRIES, n)]


def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("names", [each for each in SETS if "translate" not in each], ids=str)
def test_a_group_is_closed_and_holds_each_element_once(names) -> None:
    every = group(names, (4, 4), rng(), most=100)
    images = [each.of(X) for each in every]
    keys = {each.tobytes() for each in map(np.ascontiguousarray, images)}
    assert every[0] == PLAIN
    assert len(keys) == len(every)
    for g in every:
        assert {np.ascontiguousarray(g.of(each)).tobytes() for each in images} == keys


@pytest.mark.parametrize("names", SETS, ids=str)
def test_of_a_large_group_some_different_elements_stand_for_it(names) -> None:
    for space, events in (((4, 4), X), ((6,), WAVES)):
        if "rotate90" in names and len(space) == 1:
            continue
        some = group(names, space, rng())
        assert some[0] == PLAIN
        assert 1 < len(some) == len(set(some)) <= MOST
        assert some == group(names, space, rng())
        assert all(each.of(events).shape == events.shape for each in some)


@pytest.mark.parametrize("name", SYMMETRIES)
def test_alone_a_symmetry_has_elements_beside_the_plain_one(name) -> None:
    every = alone(name, (4, 4), rng())
    assert every
    assert PLAIN not in every
    for each in every:
        image = each.of(X)
        assert not np.array_equal(image, X)
        np.testing.assert_allclose(np.sort(np.abs(image).ravel()), np.sort(np.abs(X).ravel()))


def test_a_translation_is_cyclic_and_a_mirror_turns_the_last_side() -> None:
    shifted = alone("translate", (6,), rng())[0]
    np.testing.assert_array_equal(shifted.of(WAVES), np.roll(WAVES, shifted.shift, axis=2))
    np.testing.assert_array_equal(alone("flip", (6,), rng())[0].of(WAVES), WAVES[..., ::-1])


@pytest.mark.parametrize(
    ("names", "kind", "space", "said"),
    [
        (
            ["rotate90"],
            "image",
            (8, 6),
            "'rotate90' turns square images, and these are 8 × 6 pixels; leave it out",
        ),
        (
            ["rotate90"],
            "sequence",
            (8,),
            "'rotate90' turns square images, and an event is of kind 'sequence'",
        ),
        (["flip"], "table", (), "symmetries are of images and sequences, and an event is of kind 'table'"),
        (["flip"], "set", (3,), "symmetries are of images and sequences, and an event is of kind 'set'"),
        (["flip", "flip"], "image", (8, 8), "name each of them once"),
        (["rotate"], "image", (8, 8), "'rotate' is not a symmetry"),
    ],
)
def test_a_symmetry_that_the_shape_lacks_is_one_sentence(names, kind, space, said) -> None:
    with pytest.raises(InputError, match=said):
        check(names, kind, space)


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is absent: pip install 'fivesigma[neural]'")
@pytest.mark.parametrize("names", SETS, ids=str)
def test_tensors_are_turned_as_arrays_are(names) -> None:
    import torch

    from fivesigma.features.symmetries import Element
    from fivesigma.models.neural.convolution import turned

    for events in (X, WAVES):
        space = events.shape[2:]
        if "rotate90" in names and len(space) == 1:
            continue
        for each in group(names, space, rng()):
            np.testing.assert_array_equal(each.of(torch.from_numpy(events), torch).numpy(), each.of(events))
        d = Drawn.of(names, space, len(events), rng())
        found = turned(torch.from_numpy(events), d).numpy()
        for i in range(len(events)):
            own = Element(tuple(d.shifts[i]), bool(d.mirrored[i]), int(d.turns[i]), bool(d.negated[i]))
            np.testing.assert_array_equal(found[i : i + 1], own.of(events[i : i + 1]))


def test_elements_are_drawn_evenly() -> None:
    d = Drawn.of(list(SYMMETRIES), (4, 4), 8000, rng())
    for counts in (
        np.bincount(d.turns),
        np.bincount(d.shifts[:, 1]),
        np.bincount(d.negated),
        np.bincount(d.mirrored),
    ):
        assert np.abs(counts * len(counts) / 8000 - 1).max() < 0.1
