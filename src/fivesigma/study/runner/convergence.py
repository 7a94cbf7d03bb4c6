"""A fit that did not converge is a broken promise: said in the record, on the page and in the exit status."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from fivesigma.study.plan import Entry

CHECK = "convergence"
Note = tuple[str, str, str]


class Fitted(Protocol):
    """What is asked of an outcome."""

    @property
    def entry(self) -> Entry:
        """Which model it is of."""
        ...

    @property
    def ok(self) -> bool:
        """Whether it was fitted."""
        ...

    @property
    def message(self) -> str:
        """What its library remarked."""
        ...

    @property
    def described(self) -> Mapping[str, Any]:
        """What the final fit says of itself."""
        ...


def notes(outcomes: Sequence[Fitted]) -> Iterator[Note]:
    """Yield a failed check for each model whose final fit says that it has not converged."""
    for each in outcomes:
        health = each.described.get("diagnostics") if each.ok else None
        said = [part for part in each.message.split("; ") if "converge" in part.lower()] if each.ok else []
        if health is not None and not health["converged"]:
            said = [_worst(health["quantities"], health["n_chains"])]
        if said:
            yield CHECK, "failed", f"{each.entry.name} did not converge: {said[0]}"


def _worst(quantities: Mapping[str, Any], n_chains: int) -> str:
    """Return the worst R-hat and the fewest effective draws, with what was expected."""
    rhats = {name: each["r_hat"] for name, each in quantities.items() if each["r_hat"] is not None}
    draws = {name: min(each["ess_bulk"], each["ess_tail"]) for name, each in quantities.items()}
    few = min(draws, key=lambda name: draws[name])
    said = f"{draws[few]:.0f} effective draws of the {few}, expected at least {100 * n_chains}"
    if rhats:
        worst = max(rhats, key=lambda name: rhats[name])
        said = f"R-hat of the {worst} is {rhats[worst]:.3f}, expected below 1.01; {said}"
    return f"{said}: run more sweeps"
