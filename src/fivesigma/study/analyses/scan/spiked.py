"""Theory beside a scan of ρ of the spiked mixture: state evolution for two components, thresholds for any number."""

from __future__ import annotations

from fivesigma.study.analyses.scan.theory import Asked, Curve, Theory


def theory(asked: Asked) -> Theory | None:
    """Return what is known of the overlap against ρ at ``α = n/d``: Lesieur et al., arXiv:1610.02918."""
    from fivesigma.models.mixtures.theory import blind_overlap, has_hard_phase, recovery, threshold

    if asked.place != "source.rho" or asked.metric != "overlap":
        return None
    K, alpha = int(asked.settings["n_components"]), asked.n / int(asked.settings["n_features"])
    marks = ((threshold(alpha, K), f"threshold ρ_c = {threshold(alpha, K):.3g}"),)
    if K != 2:
        hard = (
            f"with {K} components at α = {alpha:g} the labels are there to be found before any local method finds "
            "them from random labels (a hard phase)"
            if has_hard_phase(alpha, K)
            else f"with {K} components at α = {alpha:g} there is no hard phase: what can be found, can be found fast"
        )
        return Theory(
            marks=marks, sentences=(f"Theory: below ρ_c no local method does better than chance; {hard}.",)
        )
    found = [recovery(float(rho), alpha) for rho in asked.values]
    floor = blind_overlap(asked.n)
    return Theory(
        (
            Curve(
                "theory, best labels",
                tuple(each.best for each in found),
                "spiked-gibbs",
                (("labels", "best"),),
            ),
            Curve(
                "theory, one draw",
                tuple(each.sample for each in found),
                "spiked-gibbs",
                (("labels", "draw"),),
            ),
        ),
        marks,
        ((floor, f"floor of aligned labels, √(2/πn) = {floor:.2g}"),),
        (
            f"Theory: nothing can be found below ρ_c = {threshold(alpha):.3g}, and there is no hard phase above it.",
        ),
    )
