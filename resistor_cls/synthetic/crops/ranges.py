"""How parts, light and cameras vary: every range of the crop generator, with its reason."""

from dataclasses import dataclass

from resistor_cls.synthetic.scene import Srgb

Range = tuple[float, float]


@dataclass(frozen=True)
class Coating:
    """A family of bodies.

    Attributes:
        weight: relative frequency.
        counts: numbers of bands that it is printed with.
        watts: positions in `WATTS` of its power ratings.
        colours: of the coating, sRGB; one is drawn.
        slenderness: diameter over length, tips included.
        waist: diameter of the middle over that of the caps.
        cap: length of a cap with its shoulder, in body lengths.
        round_off: length over which a cap closes, in diameters.
        tip: length of the coating that runs out on the wire, in body lengths.
        band: width of a band, in body lengths.
        gloss: intensity of highlights, 0 matt to 1 lacquered.
    """

    weight: float
    counts: tuple[int, ...]
    watts: tuple[int, ...]
    colours: tuple[Srgb, ...]
    slenderness: Range
    waist: Range
    cap: Range
    round_off: Range
    tip: Range
    band: Range
    gloss: Range


_TAN = ((152, 113, 65), (178, 126, 42), (196, 160, 112), (205, 175, 130), (150, 105, 85))
_BLUE = ((34, 130, 150), (80, 163, 131), (48, 120, 178), (60, 140, 190), (90, 170, 205))
_OTHER = (
    (58, 92, 72), (140, 175, 130), (150, 190, 150),  # greens
    (146, 97, 89), (200, 140, 130),  # pinks
    (112, 44, 40), (90, 60, 45),  # dark reds and browns
)  # fmt: skip
_PALE = ((131, 131, 126), (159, 160, 149), (164, 153, 126), (205, 200, 185), (222, 218, 205))
# Shapes: data sheets give bodies of 1/8 W 3.4×1.8 mm, 1/4 W 6.3×2.3 mm, 1/2 W 9×3.2 mm, 1 W
# 11×4.5 mm and 2 W 15×5.5 mm; coatings add tips, and a camera that looks from the side shortens
# bodies. Every number of bands and power rating has a family.
COATINGS = {
    "carbon film": Coating(
        0.34, (3, 4, 5), (0, 1, 2), _TAN, (0.30, 0.46), (0.74, 0.93), (0.20, 0.34), (0.28, 0.62),
        (0.015, 0.06), (0.045, 0.095), (0.25, 1.0),
    ),
    "metal film": Coating(
        0.32, (4, 5, 6), (0, 1, 2), _BLUE, (0.30, 0.46), (0.72, 0.93), (0.20, 0.34), (0.28, 0.62),
        (0.015, 0.08), (0.040, 0.090), (0.3, 1.0),
    ),
    "small, other colour": Coating(
        0.09, (4, 5, 6), (0, 1, 2), _OTHER + _PALE, (0.30, 0.46), (0.74, 0.95), (0.20, 0.34),
        (0.28, 0.62), (0.015, 0.06), (0.040, 0.090), (0.1, 1.0),
    ),
    "carbon film power": Coating(
        0.08, (3, 4, 5), (3, 4), _TAN, (0.26, 0.38), (0.86, 0.97), (0.15, 0.25), (0.16, 0.36),
        (0.01, 0.03), (0.024, 0.055), (0.1, 0.7),
    ),
    "metal oxide": Coating(
        0.17, (3, 4, 5, 6), (3, 4), _PALE + _OTHER + _BLUE, (0.28, 0.44), (0.86, 0.97),
        (0.16, 0.30), (0.16, 0.48), (0.01, 0.035), (0.022, 0.062), (0.0, 0.4),
    ),
}  # fmt: skip

# Colours of the bands, sRGB. `PAINTS` holds the RAL colours that IEC 60757 and makers name for the
# code; `MEASURED` what photos of the 37 categories show, under a camera (`parts.BAND_COLOURS`).
PAINTS: dict[str, Srgb] = {
    "black": (14, 14, 16),  # RAL 9005
    "brown": (115, 66, 34),  # RAL 8003
    "red": (175, 43, 30),  # RAL 3000
    "orange": (246, 120, 40),  # RAL 2003
    "yellow": (238, 201, 0),  # RAL 1021
    "green": (72, 164, 63),  # RAL 6018
    "blue": (0, 124, 176),  # RAL 5015
    "violet": (118, 104, 154),  # RAL 4005
    "grey": (122, 136, 142),  # RAL 7000
    "white": (227, 217, 198),  # RAL 1013
    "gold": (165, 120, 58),  # metal flakes: no RAL colour; bronze to pale brass
    "silver": (160, 160, 158),
}
# How far makers and cameras move a hue at most: natural logarithm of linear red, green and blue.
# Two parts in five have such paints: red to crimson, orange to vermilion, yellow to lime, grey to
# slate, gold to olive, brown to maroon, black to blue-black and violet to blue. Each colour of such
# a part moves by a share of its own: brown can be maroon where orange is bright.
MOVED = 0.4
HUE_SHIFTS: dict[str, tuple[float, float, float]] = {
    "red": (0.0, -0.3, 0.7),
    "orange": (0.0, -0.8, -0.1),
    "yellow": (-0.4, 0.0, 0.0),
    "grey": (-0.4, -0.1, 0.15),
    "gold": (-0.1, 0.1, -0.7),
    "brown": (0.1, -0.35, 0.0),
    "black": (-0.2, 0.0, 0.25),
    "violet": (-0.35, -0.05, 0.1),
}
# Standard deviations, natural logarithm of linear light.
PAINT_SHARED = 0.22  # all bands of a part: a thicker or older paint
PAINT_BRIGHTNESS = 0.26  # one band
BROWN_BRIGHTNESS = 0.4  # brown bands: from milk chocolate to nearly black
PAINT_CHANNEL = 0.12  # one channel of one band: hue; half as much for all bands of a part
METAL_BRIGHTNESS = 0.38  # gold and silver: flakes lie as they dried
COATING_BRIGHTNESS = 0.35
COATING_CHANNEL = 0.13
ANY_COATING = 0.05  # share of the bodies of any colour at all: no list of makers is complete
# What lacquer scatters before light reaches the paint, linear: black is never quite black.
SCATTER: Range = (0.0, 0.008)
# Standard deviation of the tint of what lacquer mirrors, such as a blue sky; bluish on average.
MIRROR_TINT, MIRROR_BLUE = 0.12, (-0.08, 0.0, 0.10)
MAX_REFLECTANCE = 0.92  # of fresh titanium white

# Diameter of the wire over that of the body, by power rating: 0.45 mm on 1.8 mm to 0.8 on 5.5 mm.
LEADS = (0.24, 0.20, 0.17, 0.145, 0.125)
LEAD_FACTOR: Range = (0.85, 1.2)

# Opacity of paint. Two makers in five print so thinly that the coating decides on the hue as well:
# brown on grey is almost grey, yellow on blue is lime, orange on blue is red or brown.
OPACITY: Range = (0.8, 1.0)
THIN, THIN_OPACITY = 0.4, (0.35, 0.85)
METAL_OPACITY: Range = (0.25, 1.0)  # metal flakes in clear lacquer
FLAKES: Range = (-0.9, 0.9)  # metal flakes thin out towards the edges, or collect there
SPARKLE: Range = (0.0, 0.7)  # standard deviation of the light of single flakes, natural logarithm

# Where bands stand, in body lengths. Makers space them evenly, or leave a gap before the tolerance.
FIRST: Range = (0.12, 0.27)
LAST: Range = (0.70, 0.88)
LAST_OF_THREE: Range = (0.55, 0.8)  # codes of three bands stop in the middle: share of the way
GAP: Range = (1.15, 2.4)  # of the last gap over the others
EVEN = 0.3  # share of the parts without a wider gap
GAP_SPREAD, WIDTH_SPREAD = 0.06, 0.10  # standard deviations, natural logarithm
WIDEST = 0.72  # of the smallest pitch: bands do not touch
LAST_WIDTH: Range = (0.9, 1.45)  # the tolerance band is often wider

# How bands are printed. Edges: softness in pixels of the crop, raggedness in body lengths.
SOFTNESS: Range = (1.0, 3.0)
RAGGED, RAGGEDNESS = 0.2, (0.003, 0.011)  # share of the parts with ragged bands
WORN, WEAR = 0.12, (0.2, 0.6)  # share of the parts with worn bands, and how much is gone
LEAN = 0.012  # standard deviation of a band's slant, body lengths over the radius
# The coating's tone from place to place; three times as much on one body in seven.
MOTTLE: Range = (0.0, 0.10)
MOTTLED = 0.15

# What the detector leaves: standard deviations of length (logarithm), position along and across
# (body lengths) and angle (radians). In one crop of eight it is twice as far off.
LENGTH_ERROR, ALONG_ERROR, ACROSS_ERROR, ANGLE_ERROR = 0.07, 0.03, 0.025, 0.05
FAR_OFF, FAR_FACTOR = 0.12, 2.2
BULGE = 0.22  # bands bend where the camera looks from the side: standard deviation, radii
CUT, CUT_SHARE = 0.06, (0.02, 0.24)  # crops at the photo's edge, and how much of them lies beyond

# Light: height of the main lamp above the table, radians, and the share from everywhere else.
LAMP_HEIGHT: Range = (0.35, 1.4)
AMBIENT: Range = (0.25, 0.95)
# Mirror images: of the main lamp, of a second and of a third; from windows and light boxes (broad)
# to bare bulbs (sharp). Intensity: mean and standard deviation of the natural logarithm.
LAMPS = (0.8, 0.35, 0.2)
SHARPNESS: Range = (8, 400)
LAMP_INTENSITY = (-0.7, 0.9)
# Rings of lights, as on microscopes: share of the parts, and sizes along (body lengths) and across
# (radii) of each spot.
RING = 0.33
SPOT_ALONG: Range = (0.006, 0.08)
SPOT_ACROSS: Range = (0.03, 0.14)
SPOT_INTENSITY = (0.0, 0.8)
FALLING_LIGHT = 0.3  # standard deviation of the slope of the light over the crop's width
# Shadow: reach in radii, and darkness.
SHADOW_REACH: Range = (0.0, 1.4)
SHADOW_DARKNESS: Range = (0.0, 0.85)
# A lamp that the lens or the table scatters: share of the crops, and its natural logarithm.
GLARE, GLARE_LIGHT = 0.12, (-3.0, 0.2)

# Wires: share that is bent within the crop, and where, in body lengths; standard deviation of the
# angle against the axis. A second wire or a drawn line lies close to one part in seven.
BENT, BEND = 0.45, (0.06, 0.35)
WIRE_ANGLE = 0.12
CLUTTER = 0.15

# Camera: exposure of white paper; 1 just reaches white. Microscopes are as dark as 0.1, light
# boxes as bright as 3. Three in five lie around 0.45, as automatic exposure makes paper grey.
EXPOSURE: Range = (0.10, 2.8)
AUTOMATIC, AUTOMATIC_EXPOSURE, AUTOMATIC_SPREAD = 0.6, 0.45, 0.55
# Standard deviation of white balance along daylight (red against blue), and of green. One camera
# in five is far off, such as one that balances the red of a wooden table.
WARMTH, FAR_WARMTH, TINT = 0.13, 0.38, 0.06
FAR_BALANCE = 0.2
SATURATION: Range = (0.55, 1.5)
# Standard deviation of the crosstalk between channels: cameras without a colour profile show
# orange as red, red as crimson and yellow as lime, all at once, while white stays white.
CROSSTALK, FAR_CROSSTALK = 0.03, 0.08
FAR_PROFILE = 0.1  # share of the cameras without a good profile
HAZY, HAZE = 0.2, (0.0, 0.12)  # stray light, of the exposure
TONE = 0.18  # standard deviation of the logarithm of the tone curve's exponent
KNEE: Range = (0.7, 1.0)  # below 1 highlights roll off instead of clipping abruptly
CONTRAST: Range = (-0.2, 0.9)  # of the S curve
# Length of the body in pixels of the photo: small camera modules give 50, cameras more than a crop.
BODY_PIXELS: Range = (40, 260)
# Focus: share of sharp photos; standard deviation in pixels of the crop, where a band is 8 wide.
SHARP = 0.65
BLUR: Range = (0.4, 3.3)
SHAKEN, SHAKE = 0.08, (2.0, 8.0)  # motion blur, pixels of the crop
NOISE: Range = (0.3, 4.0)  # standard deviation, levels of 255
SHARPENED, SHARPENING, HALO = 0.5, (0.2, 2.0), (0.6, 2.0)  # amount, and radius in pixels
COMPRESSED, JPEG_QUALITY = 0.3, (25, 92)
