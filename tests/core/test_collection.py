"""Members of events: the leading ones, sums and extremes, each as a loop over the events finds them."""

from __future__ import annotations

import numpy as np
import pytest

from fivesigma._core.collection import MOMENTUM, Collection
from fivesigma._core.jagged import Jagged

RNG = np.random.default_rng(3)
COUNTS = RNG.poisson(1.5, 60)
PT = [RNG.exponential(30, n).astype(np.float32) for n in COUNTS]
ETA = [RNG.normal(0, 2, n) for n in COUNTS]
PHI = [RNG.uniform(-3, 3, n) for n in COUNTS]


def muons(**settings: object) -> Collection:
    fields = {"pt": Jagged.of(PT), "eta": Jagged.of(ETA), "phi": Jagged.of(PHI), "Q": Jagged.of(ETA)}
    return Collection.of("muon", fields, momentum=("pt", "eta", "phi"), **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("fill", [np.nan, -1.0])
@pytest.mark.parametrize("k", [0, 1, 4])
def test_the_leading_member_is_that_of_its_place_or_the_fill(k: int, fill: float) -> None:
    expected = [float(own[k]) if len(own) > k else fill for own in PT]
    np.testing.assert_array_equal(muons(fill=fill).leading("pt", k), expected)


def test_sums_and_extremes_are_those_of_each_event() -> None:
    found = muons(fill=-7.0)
    pt = found.field("pt")
    np.testing.assert_allclose(found.total(pt), [own.sum(dtype=float) for own in PT])
    np.testing.assert_array_equal(found.most(pt), [own.max() if len(own) else -7.0 for own in PT])
    np.testing.assert_array_equal(found.least(pt), [own.min() if len(own) else -7.0 for own in PT])


def test_events_without_members_at_the_end_have_sum_zero() -> None:
    found = Collection.of("jet", {"pt": Jagged.of([[1.0, 2.0], [], []])})
    np.testing.assert_array_equal(found.total(found.field("pt")), [3.0, 0.0, 0.0])


def test_no_members_at_all_are_no_trouble() -> None:
    found = Collection.of("jet", {"pt": Jagged.of([[], []])})
    np.testing.assert_array_equal(found.total(found.field("pt")), [0.0, 0.0])
    assert np.isnan(found.leading("pt", 0)).all()


def test_a_member_without_momentum_has_no_vector_whatever_the_fill() -> None:
    found = muons(fill=-1.0).leading_vector(3).pt
    np.testing.assert_array_equal(np.isnan(found), COUNTS <= 3)


def test_members_that_are_kept_keep_their_events() -> None:
    found = muons().kept(np.concatenate(PT) > 20)
    np.testing.assert_array_equal(found.counts, [int((own > 20).sum()) for own in PT])
    np.testing.assert_allclose(found.field("Q"), np.concatenate(ETA)[np.concatenate(PT) > 20])
    again = found.kept(found.field("eta") > 0)
    both = [int(((t > 20) & (h > 0)).sum()) for t, h in zip(PT, ETA, strict=True)]
    np.testing.assert_array_equal(again.counts, both)


def test_a_momentum_gives_its_eight_fields_and_others_keep_their_names() -> None:
    assert muons().names == (*MOMENTUM, "Q")
    assert all(len(muons().field(name)) == COUNTS.sum() for name in muons().names)
    np.testing.assert_array_equal(muons().field("pt"), np.concatenate(PT))  # as read: no digit through px


def test_the_sum_of_all_members_is_the_sum_of_their_momenta() -> None:
    every = muons().vectors
    start = np.cumsum(COUNTS) - COUNTS
    by_hand = [every.px[a : a + n].sum() for a, n in zip(start, COUNTS, strict=True)]
    np.testing.assert_allclose(muons().vector_sum().px, by_hand, rtol=1e-9, atol=1e-9)
