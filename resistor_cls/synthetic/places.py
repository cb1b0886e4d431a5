"""The places where parts are photographed: tables and sheets of paper, and the camera's exposure.

The values were read off real photos: automatic exposure makes white paper grey, and a part on dark
wood bright and bluish, because the camera balances the red of the wood.
"""

from dataclasses import dataclass, replace

from resistor_cls.synthetic.scene import Rgb


@dataclass(frozen=True)
class Place:
    """One kind of place.

    Attributes:
        weight: relative frequency.
        paper: whether there is a sheet of paper.
        edge: fraction of these photos that show the edge of the paper, with wood beyond.
        base: reflectance of the wood between its pores, linear.
        pore: reflectance in its pores, linear.
        texture: of the wood, "pores" (short dark dashes) or "long" (broad zones and seams).
        exposure: brightness of a white surface per channel; see `scene.Camera`.
        lift: exponent of the tone curve; see `scene.Camera`.
        brightness_spread: standard deviation of the exposure, natural logarithm.
        warmth_spread: the same for the white balance: of red, and inversely of blue.
        glare: maximum intensity of the window's reflection.
        falloff: maximum loss of light across the photo.
    """

    weight: float
    paper: bool
    edge: float
    base: Rgb
    pore: Rgb
    texture: str
    exposure: Rgb
    lift: float
    brightness_spread: float
    warmth_spread: float
    glare: float
    falloff: float


_GREY_PAPER = Place(
    weight=0.42,
    paper=True,
    edge=0.0,
    base=(0.060, 0.022, 0.012),
    pore=(0.030, 0.012, 0.008),
    texture="long",
    exposure=(0.205, 0.208, 0.225),
    lift=1.0,
    brightness_spread=0.18,
    warmth_spread=0.035,
    glare=0.0,
    falloff=0.35,
)
_RED_WOOD = Place(
    weight=0.27,
    paper=False,
    edge=0.0,
    base=(0.095, 0.027, 0.0072),
    pore=(0.024, 0.0065, 0.0020),
    texture="pores",
    exposure=(1.22, 2.2, 4.5),
    lift=0.75,
    brightness_spread=0.32,
    warmth_spread=0.12,
    glare=2.4,
    falloff=0.3,
)
PLACES = {
    "grey paper": _GREY_PAPER,
    "white paper": replace(
        _GREY_PAPER, weight=0.16, edge=0.7, exposure=(0.52, 0.50, 0.49), warmth_spread=0.05,
        falloff=0.55,
    ),
    "red wood": _RED_WOOD,
    "light wood": replace(
        _RED_WOOD, weight=0.15, base=(0.148, 0.043, 0.0118), pore=(0.036, 0.0105, 0.0029),
        texture="long", exposure=(1.15, 2.05, 4.1), brightness_spread=0.34, glare=1.4, falloff=0.7,
    ),
}  # fmt: skip
