"""What a unit text means: its dimension and its size, by pint with definitions of our own.

Physicists write units in more ways than a library reads: ``Msun/h`` is read as per *hour* elsewhere, ``pb`` as a
picobit, ``cm-2 s-1`` not at all. So a text is taken apart here, by a grammar of a few lines, and pint has the units and
does the arithmetic. In ours, ``h`` after a mass or a length of astronomy is little h, a dimension of its own, and so is
*comoving*: a mass in Msun/h and one in Msun are different things until somebody says h. ``GeV/c²`` is GeV (c = 1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

DEFINITIONS = (
    *("yocto- = 1e-24 = y-", "zepto- = 1e-21 = z-", "atto- = 1e-18 = a-", "femto- = 1e-15 = f-"),
    *(
        "pico- = 1e-12 = p-",
        "nano- = 1e-9 = n-",
        "micro- = 1e-6 = u-",
        "milli- = 1e-3 = m-",
        "centi- = 1e-2 = c-",
    ),
    *("deci- = 1e-1 = d-", "hecto- = 1e2 = h-", "kilo- = 1e3 = k-", "mega- = 1e6 = M-", "giga- = 1e9 = G-"),
    *(
        "tera- = 1e12 = T-",
        "peta- = 1e15 = P-",
        "exa- = 1e18 = E-",
        "zetta- = 1e21 = Z-",
        "yotta- = 1e24 = Y-",
    ),
    *("meter = [length] = m", "gram = [mass] = g", "second = [time] = s", "ampere = [current] = A"),
    *("kelvin = [temperature] = K", "mole = [substance] = mol", "candela = [luminosity] = cd"),
    *("little_h = [little_h]", "comoving = [comoving]", "magnitude = [magnitude] = mag", "dex = [dex]"),
    *("radian = [] = rad", "degree = 0.017453292519943295 * radian = deg", "steradian = [] = sr"),
    *("arcminute = degree / 60 = arcmin", "arcsecond = degree / 3600 = arcsec", "percent = 0.01"),
    *("minute = 60 * second", "hour = 3600 * second", "day = 86400 * second", "year = 365.25 * day = yr"),
    *(
        "hertz = 1 / second = Hz",
        "newton = 1e3 * gram * meter / second ** 2 = N",
        "joule = newton * meter = J",
    ),
    *("watt = joule / second = W", "pascal = newton / meter ** 2 = Pa", "coulomb = ampere * second = C"),
    *("volt = joule / coulomb = V", "tesla = volt * second / meter ** 2 = T", "gauss = 1e-4 * tesla"),
    *("electron_volt = 1.602176634e-19 * joule = eV", "erg = 1e-7 * joule", "barn = 1e-28 * meter ** 2 = b"),
    *("jansky = 1e-26 * watt / meter ** 2 / hertz = Jy", "angstrom = 1e-10 * meter"),
    *("parsec = 3.0856775814913674e16 * meter = pc", "astronomical_unit = 149597870700 * meter = au"),
    *("light_year = 9.4607304725808e15 * meter = ly", "solar_radius = 6.957e8 * meter"),
    *("solar_mass = 1.988409870698051e33 * gram", "earth_mass = 5.972167867791379e27 * gram"),
    *("jupiter_mass = 1.8981245973360505e30 * gram", "solar_luminosity = 3.828e26 * watt"),
    *("liter = 1e-3 * meter ** 3 = L", "bar = 1e5 * pascal", "atomic_mass = 1.66053906660e-24 * gram = Da"),
)
"""Our units: prefixes, base units, and what the field uses, by SI 2019, CODATA 2018 and IAU 2015."""

SPELLINGS = {
    **dict.fromkeys(
        ("Msun", "M_sun", "Msol", "M_sol", "solMass", "M_odot", "MSun", "M☉", "M⊙", "M_⊙"), "solar_mass"
    ),
    **dict.fromkeys(("Lsun", "L_sun", "Lsol", "solLum", "L☉", "L⊙"), "solar_luminosity"),
    **dict.fromkeys(("Rsun", "R_sun", "Rsol", "solRad", "R☉", "R⊙"), "solar_radius"),
    **dict.fromkeys(("Mearth", "M_earth"), "earth_mass"),
    **dict.fromkeys(("Mjup", "M_jup"), "jupiter_mass"),
    **dict.fromkeys(("Angstrom", "angstrom", "Å", "AA"), "angstrom"),
    **dict.fromkeys(("sec", "secs", "seconds"), "second"),
    **dict.fromkeys(("h", "hr", "hrs", "hours"), "hour"),
    **dict.fromkeys(("d", "days"), "day"),
    **dict.fromkeys(("years",), "year"),
    **dict.fromkeys(("min", "minutes"), "minute"),
    **dict.fromkeys(("AU",), "astronomical_unit"),
    **dict.fromkeys(("°", "degrees", "degs"), "degree"),
    **dict.fromkeys(("radians",), "radian"),
    **dict.fromkeys(("mags",), "magnitude"),
    **dict.fromkeys(("%",), "percent"),
    **dict.fromkeys(("barns",), "barn"),
    **dict.fromkeys(("Gs", "Gauss"), "gauss"),
    **dict.fromkeys(("u", "amu"), "atomic_mass"),
    **dict.fromkeys(("l",), "liter"),
}
"""What is written for the names that pint knows; letters like k and M before these are prefixes."""

LONGEST = 200
"""Characters of a unit text that is read."""

_COMOVING = re.compile(r"^c(?=[kMG]?pc\b)|\b(comoving|com\.?)\b[ *]*", re.IGNORECASE)
_OF_COSMOLOGY = re.compile(r"(Msun|M_sun|Msol|M_sol|solMass|M_odot|M[☉⊙]|M_⊙|[ckMG]*pc)")
_NATURAL = re.compile(r"eV(?:/c(?:\^|\*\*)?(?:2|²)?|[ *]c(?:\^|\*\*)?-[12])(?![A-Za-z])")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?)|(?P<word>[A-Za-zÅ°%☉⊙_µμ][A-Za-zÅ☉⊙_µμ]*)|"
    r"(?P<power>\*\*|\^)|(?P<sign>[-+])|(?P<mark>[*·/()]))"
)
_RAISED = str.maketrans({**dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)), "⁻": "-"})
_RAISED_RUN = re.compile(r"[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+")


@dataclass(frozen=True)
class Meaning:
    """What a unit text means: so many (``factor``) of base units, of a ``dimension`` by the names of these."""

    factor: float
    dimension: tuple[tuple[str, Fraction], ...]


class _NoUnitError(ValueError):
    """The text is no unit that is known."""


@lru_cache(maxsize=1024)
def meaning(text: str) -> Meaning | None:
    """Return what a unit text means; None of one that is not known.

    >>> meaning("GeV") == meaning("GeV/c^2"), meaning("Msun/h") == meaning("Msun"), meaning("furlong")
    (True, False, None)
    >>> round(meaning("cm-2 s-1").factor), meaning("fb").factor < meaning("pb").factor
    (10000, True)
    """
    if len(text) > LONGEST:
        return None
    try:
        return _multiplied(_Reader(text).product())
    except (_NoUnitError, ValueError, OverflowError, ZeroDivisionError):
        return None


def _multiplied(parts: Iterable[Part]) -> Meaning:
    factor, powers = 1.0, dict[str, Fraction]()
    for number, name, power in parts:
        size, dimension = (number, ()) if name is None else _known(name)
        factor *= float(size) ** float(power)
        for base, exponent in dimension:
            powers[base] = powers.get(base, Fraction(0)) + exponent * power
    return Meaning(factor, tuple(sorted((base, power) for base, power in powers.items() if power)))


def ratio(text: str, other: str) -> float | None:
    """Return how many of the unit ``other`` one of ``text`` is; None where one is not known, or they differ in kind.

    >>> ratio("GeV", "MeV"), ratio("Mpc/h", "kpc/h"), ratio("Msun/h", "Msun")
    (1000.0, 1000.0, None)
    """
    a, b = meaning(text), meaning(other)
    if a is None or b is None or a.dimension != b.dimension:
        return None
    return float(f"{a.factor / b.factor:.12g}")  # 1000, and not its neighbour


Part = tuple[float, str | None, Fraction]
"""A number, or the name of a unit, to a power."""


class _Reader:
    """Reads products, quotients and powers of units, from left to right."""

    def __init__(self, text: str) -> None:
        plain = _RAISED_RUN.sub(lambda run: "^" + run[0].translate(_RAISED), text.strip())
        plain = _NATURAL.sub("eV", plain)
        plain, comoving = _COMOVING.subn("", plain)
        self.little_h = _OF_COSMOLOGY.search(plain) is not None
        self.tokens = self._tokens(plain)
        self.place = 0
        self.first: list[Part] = [(1.0, "comoving", Fraction(1))] if comoving else []
        if comoving and not self.tokens:
            raise _NoUnitError

    def _tokens(self, text: str) -> list[tuple[str, str]]:
        found, at = [], 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise _NoUnitError
            found.append((str(match.lastgroup), match[match.lastgroup or 0]))
            at = match.end()
        return found

    def product(self) -> Iterator[Part]:
        """Yield the parts of the whole text."""
        yield from self.first
        yield from self._factors()
        if self.place < len(self.tokens):
            raise _NoUnitError

    def _next(self) -> tuple[str, str]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("end", "")

    def _factors(self) -> Iterator[Part]:
        sign = 1
        while self._next()[1] not in (")", ""):
            kind, word = self._next()
            if kind == "mark" and word in "*·/":
                sign = -1 if word == "/" else sign
                self.place += 1
                continue
            for number, name, power in list(self._factor()):
                yield number, name, sign * power
            sign = 1
        if sign < 0:
            raise _NoUnitError

    def _factor(self) -> Iterator[Part]:
        kind, word = self._next()
        self.place += 1
        if word == "(":
            inside = list(self._factors())
            if self._next()[1] != ")":
                raise _NoUnitError
            self.place += 1
        elif kind == "number":
            inside = [(float(word), None, Fraction(1))]
        elif kind == "word":
            inside = [(1.0, "little_h" if word == "h" and self.little_h else word, Fraction(1))]
        else:
            raise _NoUnitError
        power = self._power(kind)
        for number, name, own in inside:
            yield number, name, own * power

    def _power(self, of: str) -> Fraction:
        """Return the power that follows: ``^2``, ``**-1``, ``^(1/2)``, and of a unit ``-2`` or ``2`` written to it."""
        kind = self._next()[0]
        if kind == "power":
            self.place += 1
            if self._next()[1] == "(":
                return self._fraction()
            return self._signed()
        if of == "word" and kind in ("sign", "number"):
            return self._signed()
        return Fraction(1)

    def _signed(self) -> Fraction:
        sign = 1
        if self._next()[0] == "sign":
            sign = -1 if self._next()[1] == "-" else 1
            self.place += 1
        kind, word = self._next()
        if kind != "number":
            raise _NoUnitError
        self.place += 1
        return sign * Fraction(word)

    def _fraction(self) -> Fraction:
        self.place += 1
        found = self._signed()
        if self._next()[1] == "/":
            self.place += 1
            found /= self._signed()
        if self._next()[1] != ")":
            raise _NoUnitError
        self.place += 1
        return found


@cache
def _known(word: str) -> tuple[float, tuple[tuple[str, Fraction], ...]]:
    """Return how many base units a unit is, and of which dimension."""
    import pint

    registry = _registry()
    try:
        quantity = registry.Quantity(1.0, _spelled(word)).to_base_units()
    except (pint.errors.UndefinedUnitError, pint.errors.DefinitionSyntaxError, AttributeError, KeyError):
        raise _NoUnitError(word) from None
    dimension = {
        str(base): Fraction(power).limit_denominator(1000) for base, power in quantity.dimensionality.items()
    }
    return float(quantity.magnitude), tuple(sorted(dimension.items()))


def _spelled(word: str) -> str:
    """Return the name that pint knows a word by; a prefix stands before our spellings as before its own names."""
    word = word.replace("µ", "u").replace("μ", "u")
    if word in SPELLINGS:
        return SPELLINGS[word]
    prefix, rest = word[:1], word[1:]
    if prefix in "kMGmu" and rest in ("barns", "Gauss"):
        return f"{prefix}{SPELLINGS[rest]}"
    return word


@cache
def _registry() -> Any:
    """Return the registry of our units."""
    import pint

    registry: Any = pint.UnitRegistry(None)
    registry.load_definitions(list(DEFINITIONS))
    return registry
