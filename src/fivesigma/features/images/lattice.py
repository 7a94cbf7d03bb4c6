"""What a field on a periodic lattice is summed up by: its order parameter, and its energy."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from fivesigma.features.images.family import Column, Family, Floats, Images, Shape


class Magnetisation(Family):
    """``|m| = |Σ_i s_i| / N``, and the energy ``e = −Σ_⟨ij⟩ s_i s_j / n_bonds`` over nearest neighbours.

    The lattice is periodic along its rows and columns. Neither is free of an offset of the values: spins are ±1.

    Examples
    --------
    >>> Magnetisation().measured(np.array([[[1.0, 1.0], [1.0, 1.0]]]))
    array([[ 1., -1.]])
    """

    name: ClassVar[str] = "magnetisation"

    def columns(self, shape: Shape) -> tuple[Column, ...]:
        """Return the absolute magnetisation and the energy per bond."""
        return Column("|m|", "brightness"), Column("energy per bond", "square")

    def measured(self, images: Images) -> Floats:
        """Return both of each field (n, 2)."""
        axes = [axis for axis in (1, 2) if images.shape[axis] > 1]
        bonds = [(images * np.roll(images, -1, axis)).mean(axis=(1, 2)) for axis in axes]
        energy = -np.mean(bonds, axis=0) if bonds else np.zeros(len(images))
        return np.column_stack([np.abs(images.mean(axis=(1, 2))), energy])
