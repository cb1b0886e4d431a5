"""How resistors look: bodies, band colours, sizes, and the designs of a category.

Colours are sRGB as in a well-lit, white-balanced photo; they were read off photos of real parts.
Proportions are fractions of the body's length, coating tips included.
"""

import hashlib
from dataclasses import dataclass

from resistor_cls.categories import Category
from resistor_cls.colour_code import DIGITS, encode
from resistor_cls.e_series import e_series
from resistor_cls.errors import DataError
from resistor_cls.synthetic.scene import Srgb


@dataclass(frozen=True)
class BodyKind:
    """One kind of body.

    Attributes:
        colour: of the coating, sRGB.
        slenderness: diameter over length.
        waist: diameter of the middle over that of the end caps; 1 is straight.
        cap: length of one end cap with its shoulder, as a fraction of the body.
        round_off: length over which a cap closes, in diameters; small is flat, 0.5 is round.
        tip: length of the coating that runs out on the wire, as a fraction of the body.
        band: width of one band, as a fraction of the body.
        gloss: intensity of the mirror highlight, 0 matt to 1 lacquered.
        mottle: how much the coating's tone varies from place to place, 0 to 1.
        smear: raggedness of the bands' edges, as a fraction of the body.
    """

    colour: Srgb
    slenderness: float
    waist: float
    cap: float
    round_off: float
    tip: float
    band: float
    gloss: float
    mottle: float
    smear: float


# Values of `BodyKind`, in the order of its attributes.
_KINDS = {
    # The common beige part of up to half a watt.
    "carbon film": ((152, 113, 65), 0.355, 0.84, 0.30, 0.50, 0.035, 0.082, 0.55, 0.10, 0.006),
    # Yellowish brown lacquer with blurred bands, as on 1/8 W parts.
    "carbon film lacquered": ((178, 126, 42), 0.36, 0.86, 0.3, 0.55, 0.045, 0.075, 0.8, 0.55, 0.02),
    # Beige part of one watt: low shoulders, flat ends, thin sharp bands.
    "carbon film power": ((173, 133, 82), 0.305, 0.91, 0.20, 0.24, 0.018, 0.034, 0.5, 0.05, 0.003),
    "metal film": ((34, 130, 150), 0.345, 0.80, 0.31, 0.48, 0.04, 0.075, 0.75, 0.06, 0.004),
    "metal film turquoise": ((80, 163, 131), 0.40, 0.90, 0.27, 0.35, 0.02, 0.080, 0.6, 0.08, 0.005),
    # Matt flameproof coatings.
    "metal oxide grey": ((131, 131, 126), 0.33, 0.92, 0.20, 0.20, 0.012, 0.050, 0.06, 0.12, 0.004),
    "metal oxide pale": ((159, 160, 149), 0.365, 0.91, 0.26, 0.45, 0.025, 0.046, 0.12, 0.05, 0.003),
    "metal oxide blue": ((48, 120, 178), 0.36, 0.92, 0.26, 0.36, 0.02, 0.036, 0.08, 0.04, 0.003),
    "metal oxide pink": ((146, 97, 89), 0.40, 0.89, 0.27, 0.45, 0.03, 0.030, 0.14, 0.05, 0.003),
    "metal oxide cream": ((164, 153, 126), 0.34, 0.92, 0.21, 0.25, 0.015, 0.044, 0.10, 0.06, 0.004),
    "metal oxide dark red": ((112, 44, 40), 0.35, 0.92, 0.22, 0.30, 0.02, 0.040, 0.12, 0.06, 0.003),
    "metal oxide green": ((58, 92, 72), 0.35, 0.93, 0.20, 0.22, 0.015, 0.044, 0.10, 0.08, 0.004),
}
KINDS = {name: BodyKind(*values) for name, values in _KINDS.items()}

# Paint of the bands, sRGB. Gold and silver are metal flakes in lacquer: they also reflect.
BAND_COLOURS: dict[str, Srgb] = {
    "black": (14, 14, 15),
    "brown": (88, 40, 22),
    "red": (132, 23, 23),
    "orange": (188, 59, 18),
    "yellow": (173, 133, 19),
    "green": (23, 69, 41),
    "blue": (25, 60, 89),
    "violet": (95, 70, 100),
    "grey": (123, 115, 106),
    "white": (193, 189, 174),
    "gold": (132, 93, 50),
    "silver": (160, 157, 145),
}
METALLIC = ("gold", "silver")


@dataclass(frozen=True)
class Design:
    """The look of one part of a category.

    Attributes:
        kind: key of `KINDS`.
        bands: colours of the bands, first digit first.
        length: of the body, coating tips included, in millimetres.
    """

    kind: str
    bands: tuple[str, ...]
    length: float


# Body lengths in mm by watts, for categories that were not photographed: common sizes of data
# sheets plus the coating tips.
_LENGTHS = {0.125: 5.0, 0.25: 6.8, 0.5: 9.5, 1.0: 13.0, 2.0: 16.0, 3.0: 18.0, 5.0: 22.0}

# The 37 categories as photographed: kinds in the order of their markings, and the length in mm
# that gives the photographed size at 10 px/mm in a 700 px photo. The small "half watt" parts
# (11M, 24K) and the big "quarter watt" one (1K) are as in the photos.
_PHOTOGRAPHED = {
    "100R_1-4W": (("carbon film", "metal film"), 7.3),
    "10R_1W": (("carbon film power",), 14.0),
    "10R_2W": (("metal oxide grey",), 18.0),
    "10_1-4W": (("carbon film",), 8.0),
    "11M_1-2W": (("metal film",), 7.0),
    "150R_1-4W": (("carbon film",), 6.3),
    "150R_1-8W": (("carbon film lacquered",), 5.5),
    "15R_1-4W": (("carbon film",), 6.3),
    "180K_1-2W": (("metal oxide blue",), 12.8),
    "1K_1-4W": (("metal oxide pink",), 12.8),
    "1K_2W": (("metal oxide grey",), 16.2),
    "1M_1-4W": (("carbon film",), 6.4),
    "20K_1-4W": (("carbon film",), 6.7),
    "220K_1-4W": (("carbon film",), 6.6),
    "220R_2W": (("metal oxide grey",), 15.0),
    "22R_1-4W": (("carbon film",), 6.3),
    "24K_1-2W": (("metal film turquoise",), 6.4),
    "270K_1-4W": (("carbon film",), 9.8),
    "27R_1W": (("carbon film power",), 11.8),
    "2K2_1-4W": (("carbon film",), 6.4),
    "2R_1W": (("carbon film power",), 20.0),
    "330R_1-4W": (("carbon film",), 7.4),
    "33K_2W": (("metal oxide grey",), 12.4),
    "3R9K_1-4W": (("carbon film",), 7.0),
    "4700Mohm": (("metal oxide pale",), 16.0),
    "470R_1-4W": (("carbon film",), 6.9),
    "470R_1W": (("carbon film power",), 12.4),
    "4K7_1-4W": (("carbon film",), 6.6),
    "56K_1W": (("carbon film power",), 17.2),
    "5K1_1-4W": (("carbon film", "metal film"), 6.9),
    "5K61_1-4W": (("carbon film",), 8.9),
    "620R_1-4W": (("carbon film",), 6.3),
    "68K_1W": (("carbon film power",), 17.2),
    "6R8_1-4W": (("carbon film",), 7.1),
    "7K5_1-4W": (("carbon film",), 6.2),
    "820R_1-4W": (("carbon film",), 8.4),
    "8K2_1-4W": (("carbon film",), 7.2),
}

_SMALL_KINDS = ("carbon film", "carbon film", "metal film", "metal film turquoise")
_HALF_WATT_KINDS = ("carbon film", "metal film", "metal film turquoise", "metal oxide blue")
_POWER_KINDS = (
    "carbon film power",
    "metal oxide grey",
    "metal oxide pale",
    "metal oxide blue",
    "metal oxide pink",
    "metal oxide cream",
    "metal oxide dark red",
    "metal oxide green",
)
_PRECISE_KINDS = ("metal film", "metal film", "metal film turquoise")


def designs(category: Category) -> tuple[Design, ...]:
    """Returns the designs of a category's parts, all equally likely.

    The 37 photographed categories look as photographed. Any other category shows its markings,
    or else the colour code of its ohms, or else a code made from its name, on bodies that are
    common for its watts.

    Raises:
        DataError: ohms that no colour code can show.
    """
    photographed = _PHOTOGRAPHED.get(category.name)
    if photographed is not None:
        kinds, length = photographed
        return tuple(
            Design(kind, bands, length)
            for kind, bands in zip(kinds, category.markings, strict=True)
        )
    watts = 0.25 if category.watts is None else category.watts
    length = _LENGTHS[min(_LENGTHS, key=lambda known: abs(known - watts))]
    return tuple(
        Design(kind, bands, length)
        for bands in category.markings or (bands_of(category),)
        for kind in _kinds(watts, len(bands))
    )


def bands_of(category: Category) -> tuple[str, ...]:
    """Returns the bands of a category without markings, the same ones in every process.

    Raises:
        DataError: ohms that no colour code can show.
    """
    if category.ohms is None:
        return _bands_from_name(category.name)
    try:
        return encode(category.ohms, tolerance=0.05, count=4)
    except DataError:
        pass
    try:
        return encode(category.ohms, tolerance=0.01, count=5)
    except DataError as error:
        raise DataError(
            f"category {category.name!r} cannot be drawn: {error}; "
            "rename it, or leave it out of the list"
        ) from error


def _kinds(watts: float, count: int) -> tuple[str, ...]:
    if watts >= 1:
        return _POWER_KINDS
    if count == 5:
        return _PRECISE_KINDS
    return _HALF_WATT_KINDS if watts >= 0.5 else _SMALL_KINDS


def _bands_from_name(name: str) -> tuple[str, ...]:
    """A code for a name that says no ohms ("left"), so that its parts can be distinguished."""
    number = stable_hash(name)
    number, position = divmod(number, len(e_series(24)))
    number, power = divmod(number, len(DIGITS))
    first, second = divmod(e_series(24)[position], 10)
    # Tolerances of IEC 60062 that are common on real parts.
    last = ("gold", "silver", "red", "brown")[number % 4]
    return DIGITS[first], DIGITS[second], DIGITS[power], last


def stable_hash(text: str) -> int:
    """Returns a 64-bit number that depends on the text alone; `hash` differs per process."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
