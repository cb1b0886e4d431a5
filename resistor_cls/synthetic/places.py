"""The places where parts are photographed: tables, sheets of paper, and how a camera meets them.

Read off real photos: a camera's automatic exposure makes white paper grey, and a part that lies on
dark wood bright and bluish, because it balances the wood's red.
"""

from dataclasses import dataclass

from resistor_cls.synthetic.scene import Rgb


@dataclass(frozen=True)
class Place:
    """One kind of place.

    Attributes:
        weight: how often it is seen, relative to the others.
        paper: whether there is a sheet of paper.
        edge: share of these photos that show where the paper ends, and wood beyond.
        base: reflectance of the wood between its pores, linear.
        pore: reflectance in its pores, linear.
        texture: of the wood, "pores" (short dark dashes) or "long" (broad bands and seams).
        exposure: brightness of a white surface per channel; 1 is the most that a camera shows.
        lift: see `resistor_cls.synthetic.scene.Camera`.
        brightness_spread: standard deviation of the exposure, natural logarithm.
        warmth_spread: the same of red and, the other way round, of blue: white balance.
        glare: largest strength of the window's reflection.
        falloff: largest loss of light across the photo.
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


_DARK_WOOD: tuple[Rgb, Rgb] = ((0.060, 0.022, 0.012), (0.030, 0.012, 0.008))

PLACES = {
    "grey paper": Place(
        weight=0.42,
        paper=True,
        edge=0.0,
        base=_DARK_WOOD[0],
        pore=_DARK_WOOD[1],
        texture="long",
        exposure=(0.205, 0.208, 0.225),
        lift=1.0,
        brightness_spread=0.18,
        warmth_spread=0.035,
        glare=0.0,
        falloff=0.35,
    ),
    "white paper": Place(
        weight=0.16,
        paper=True,
        edge=0.7,
        base=_DARK_WOOD[0],
        pore=_DARK_WOOD[1],
        texture="long",
        exposure=(0.52, 0.50, 0.49),
        lift=1.0,
        brightness_spread=0.18,
        warmth_spread=0.05,
        glare=0.0,
        falloff=0.55,
    ),
    "red wood": Place(
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
    ),
    "light wood": Place(
        weight=0.15,
        paper=False,
        edge=0.0,
        base=(0.148, 0.043, 0.0118),
        pore=(0.036, 0.0105, 0.0029),
        texture="long",
        exposure=(1.15, 2.05, 4.1),
        lift=0.75,
        brightness_spread=0.34,
        warmth_spread=0.12,
        glare=1.4,
        falloff=0.7,
    ),
}
