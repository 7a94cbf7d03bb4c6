"""Objects are told by the names of lists: NanoAOD's, HZZ's, Delphes', and plain prefixes."""

from __future__ import annotations

import pytest

from fivesigma.data.objects.recognised import recognised

NANO = [
    f"{prefix}_{word}"
    for prefix in ("Jet", "FatJet", "GenJet")
    for word in ("pt", "eta", "phi", "mass", "id")
]


def test_nanoaod_is_recognised() -> None:
    found = recognised([*NANO, "LHEScaleWeight", "Jet_btag"])
    assert [(each.name, each.prefix) for each in found] == [
        ("jet", "Jet_"),
        ("fatjet", "FatJet_"),
        ("genjet", "GenJet_"),
    ]
    assert found[0].momentum == ("pt", "eta", "phi", "mass")
    assert found[0].fields == ("id", "btag")
    assert found[0].sort == "pt"


@pytest.mark.parametrize(
    ("names", "prefix", "momentum"),
    [
        (["Muon_Px", "Muon_Py", "Muon_Pz", "Muon_E"], "Muon_", ("Px", "Py", "Pz", "E")),
        (["Jet.PT", "Jet.Eta", "Jet.Phi", "Jet.Mass"], "Jet.", ("PT", "Eta", "Phi", "Mass")),
        (["jet_pt", "jet_eta", "jet_phi", "jet_e"], "jet_", ("pt", "eta", "phi", "e")),
        (["lep_pt", "lep_eta", "lep_phi"], "lep_", ("pt", "eta", "phi")),
        (["pt", "eta", "phi", "m"], "", ("pt", "eta", "phi", "m")),
    ],
)
def test_plain_prefixes_are_recognised_in_the_case_of_the_file(
    names: list[str], prefix: str, momentum: tuple[str, ...]
) -> None:
    (found,) = recognised(names)
    assert (found.prefix, found.momentum) == (prefix, momentum)


def test_lists_of_a_longer_prefix_are_its_own() -> None:
    both = [f"{prefix}{word}" for prefix in ("mu_", "mu_iso_") for word in ("pt", "eta", "phi", "mass")]
    short, long = recognised([*both, "mu_q", "mu_iso_sum"])
    assert (short.fields, long.fields) == (("q",), ("sum",))


def test_lists_without_a_momentum_are_no_object() -> None:
    assert recognised(["weights", "Jet_pt", "Jet_eta"]) == ()
