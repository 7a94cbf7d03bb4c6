"""Which objects the lists of a table look like: NanoAOD's ``Muon_pt`` beside ``nMuon``, and any plain prefix."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fivesigma._core.errors import InputError
from fivesigma.data.objects.rules import Rules

_MOMENTA = (
    ("pt", "eta", "phi", "mass"),
    ("pt", "eta", "phi", "m"),
    ("pt", "eta", "phi", "energy"),
    ("pt", "eta", "phi", "e"),
    ("px", "py", "pz", "energy"),
    ("px", "py", "pz", "e"),
    ("pt", "eta", "phi"),
    ("fp.fx", "fp.fy", "fp.fz", "fe"),  # a TLorentzVector of ROOT
)
_FIRST = re.compile(r"(.*?[_.]?)(pt|px|fp\.fx)", re.IGNORECASE)


def recognised(lists: Sequence[str]) -> tuple[Rules, ...]:
    """Return the objects that the names of jagged columns speak of, those that have a momentum.

    >>> [each.prefix for each in recognised(["Muon_pt", "Muon_eta", "Muon_phi", "Muon_mass", "Muon_charge", "x"])]
    ['Muon_']
    >>> recognised(["mu.fP.fX", "mu.fP.fY", "mu.fP.fZ", "mu.fE"])[0].momentum
    ('fP.fX', 'fP.fY', 'fP.fZ', 'fE')
    >>> recognised(["Jet_Px", "Jet_Py", "Jet_Pz", "Jet_E", "Jet_btag"])[0].fields
    ('btag',)
    """
    prefixes = {match[1]: None for name in lists if (match := _FIRST.fullmatch(name))}
    found: dict[str, Rules] = {}
    for prefix in prefixes:
        momentum = _momentum(prefix, lists)
        name = _name(prefix)
        if momentum and name not in found and (made := _rules(name, prefix, momentum, lists, prefixes)):
            found[name] = made
    return tuple(found.values())


def _momentum(prefix: str, lists: Sequence[str]) -> tuple[str, ...]:
    """Return the components of the prefix as the file spells them; () where they are not all there."""
    own = {name.removeprefix(prefix).lower(): name.removeprefix(prefix) for name in _of(prefix, lists)}
    for words in _MOMENTA:
        if all(word in own for word in words):
            return tuple(own[word] for word in words)
    return ()


def _of(prefix: str, lists: Sequence[str]) -> list[str]:
    return [name for name in lists if name.startswith(prefix) and name != prefix]


def _name(prefix: str) -> str:
    word = re.sub(r"\W", "_", prefix.strip("_. ")).lower() or "object"
    return word if word.isidentifier() else f"object_{word}"


def _rules(
    name: str, prefix: str, momentum: tuple[str, ...], lists: Sequence[str], prefixes: dict[str, None]
) -> Rules | None:
    """Return the rules of a prefix, the lists of longer prefixes left to these."""
    longer = [
        each for each in prefixes if each.startswith(prefix) and each != prefix and _momentum(each, lists)
    ]
    words = [
        each.removeprefix(prefix)
        for each in _of(prefix, lists)
        if not any(each.startswith(other) for other in longer)
    ]
    fields = tuple(word for word in words if word not in momentum and word.isidentifier())
    try:
        return Rules(name, prefix, momentum, fields, sort="pt")
    except InputError:
        return None
