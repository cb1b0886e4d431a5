"""A scene: everything that is drawn in one photo, as plain values.

Lengths are fractions of the photo's side, so that a scene is the same picture at any size. x runs
to the right and y down, angles are radians from x towards y. Colours and light are linear.
"""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

# Red, green, blue: linear light, and levels from 0 to 255 of sRGB.
Rgb = tuple[float, float, float]
Srgb = tuple[int, int, int]
# A float32 array with a number or a colour for each pixel. OpenCV's own types do not tell the
# dtype of its results.
Map = NDArray[Any]
# A uint8 array (height, width, 3), RGB.
Photo = NDArray[Any]


@dataclass(frozen=True)
class Body:
    """The body with its bands.

    Attributes:
        kind: key of `parts.KINDS`.
        bands: colours of the bands, first digit first.
        centres: of the bands, as fractions of the body's length from the first end.
        widths: of the bands, as fractions of the body's length.
        paint: colour of each band, linear.
        colour: of the coating, linear.
        x: of the body's centre.
        y: of the body's centre.
        angle: direction from the first band to the last.
        length: coating tips included.
        diameter: of the end caps.
        waist: diameter of the middle over that of the caps.
        cap: length of a cap with its shoulder, as a fraction of the length.
        round_off: length over which a cap closes, in diameters.
        tip: length of the coating that runs out on the wire, as a fraction of the length.
        bulge: how far bands bend along the axis because the camera looks from the side, in radii.
        gloss: intensity of the mirror highlight.
        mottle: how much the coating's tone varies.
        smear: raggedness of the bands' edges, as a fraction of the length.
        seed: of the small irregularities.
    """

    kind: str
    bands: tuple[str, ...]
    centres: tuple[float, ...]
    widths: tuple[float, ...]
    paint: tuple[Rgb, ...]
    colour: Rgb
    x: float
    y: float
    angle: float
    length: float
    diameter: float
    waist: float
    cap: float
    round_off: float
    tip: float
    bulge: float
    gloss: float
    mottle: float
    smear: float
    seed: int


@dataclass(frozen=True)
class Lead:
    """One wire with its bends.

    Attributes:
        length: along the wire.
        width: of the wire.
        bends: position along the wire (0 to 1), turn in radians, and the part of the wire that
            the bend takes (0 to 1).
    """

    length: float
    width: float
    bends: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class Background:
    """What the part lies on.

    Attributes:
        place: key of `places.PLACES`.
        angle: of the wood's grain.
        scale: of the wood's grain; 1 is usual.
        shift_x: which part of the surface is seen, 0 to 1.
        shift_y: the same across.
        grain: contrast of the grain or of the paper's texture; 1 is usual.
        edge_angle: direction in which the paper ends; no effect where the edge is out of sight.
        edge_offset: distance of the paper's edge from the photo's centre in that direction.
    """

    place: str
    angle: float
    scale: float
    shift_x: float
    shift_y: float
    grain: float
    edge_angle: float
    edge_offset: float


@dataclass(frozen=True)
class Light:
    """Where light comes from and what it does.

    Attributes:
        azimuth: direction in the photo from which the light comes.
        height: of the light above the table, radians.
        ambient: share of light that comes from everywhere.
        falloff: how much darker the far side of the photo is.
        glare: intensity of the reflection of the window on the table.
        glare_x: of the centre of that reflection.
        glare_y: of the centre of that reflection.
        glare_size: radius of that reflection.
        shadow: darkness of the shadow, 0 to 1.
        shadow_reach: how far a shadow falls, in heights of the object that casts it.
        shadow_blur: softness of the shadow, in the same unit.
    """

    azimuth: float
    height: float
    ambient: float
    falloff: float
    glare: float
    glare_x: float
    glare_y: float
    glare_size: float
    shadow: float
    shadow_reach: float
    shadow_blur: float


@dataclass(frozen=True)
class Camera:
    """What the camera does with the light.

    Attributes:
        exposure: brightness of white paper per channel, linear, white balance included; 1 is
            the maximum that the camera can show.
        saturation: 1 leaves colours as they are.
        lift: exponent of the tone curve; below 1 it brightens dark areas and compresses bright
            ones, as phones do on dark wood.
        contrast: 0 is a plain gamma curve, 1 a strong S.
        blur: standard deviation, fraction of the photo's side.
        motion: length of the motion blur, fraction of the photo's side; 0 is none.
        motion_angle: direction of the motion blur.
        sharpening: amount of the camera's own sharpening.
        noise: standard deviation at 700 px, in levels of 255.
        noise_seed: of the noise.
        vignette: how much darker the corners are.
        jpeg_quality: 0 to 100.
    """

    exposure: Rgb
    saturation: float
    lift: float
    contrast: float
    blur: float
    motion: float
    motion_angle: float
    sharpening: float
    noise: float
    noise_seed: int
    vignette: float
    jpeg_quality: int


@dataclass(frozen=True)
class Scene:
    """Everything that is drawn in one photo of a category."""

    category: str
    body: Body
    leads: tuple[Lead, Lead]
    background: Background
    light: Light
    camera: Camera
