"""Everything that is drawn in one photo, as plain values.

Lengths are fractions of the photo's side, so that a scene is the same picture at any size; x runs
to the right and y down, angles are radians from x towards y. Colours and light are linear.
"""

from dataclasses import dataclass

Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class Body:
    """The body with its rings.

    Attributes:
        kind: key of `parts.KINDS`.
        bands: colours of the rings, first digit first.
        centres: of the rings, as fractions of the body's length from the first end.
        widths: of the rings, as fractions of the body's length.
        paint: colour of each ring, linear.
        colour: of the coating, linear.
        x: of the body's centre.
        y: of the body's centre.
        angle: direction from the first ring to the last.
        length: coating tips included.
        diameter: of the end caps.
        waist: diameter of the middle over that of the caps.
        cap: length of a cap with its shoulder, as a fraction of the length.
        round_off: length over which a cap closes, in diameters.
        tip: length of the coating that runs out on the wire, as a fraction of the length.
        bulge: how far rings bend along the axis because the camera looks from the side, in radii.
        gloss: strength of the mirror highlight.
        mottle: how much the coating's tone varies.
        smear: raggedness of the rings' edges, as a fraction of the length.
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
    """One wire, as the bends that a hand gave it.

    Attributes:
        length: along the wire.
        width: of the wire.
        bends: (where along the wire from 0 to 1, turn in radians, over which part of the wire).
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
        grain: contrast of the grain or of the paper's texture.
        edge_angle: direction in which the paper ends; without effect where there is no edge.
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
        glare: strength of the reflection of the window on the table.
        glare_x: its place.
        glare_y: its place.
        glare_size: its radius.
        shadow: darkness of the shadow, 0 to 1.
        shadow_reach: how far a shadow falls, in heights of the thing that casts it.
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
        exposure: white paper's brightness per channel, linear; 1 is the brightest that the
            camera can show. Holds the white balance.
        saturation: 1 leaves colours as they are.
        lift: power of the light that the camera shows; below 1 it lifts what is dark and holds
            back what is bright, as phones do on dark wood.
        contrast: 0 is a plain gamma curve, 1 a strong S.
        blur: standard deviation, fraction of the side.
        motion: length of the smear by a moving camera, fraction of the side; 0 is none.
        motion_angle: direction of the smear.
        sharpening: strength of the camera's own.
        noise: standard deviation at 700 px, in steps of 255.
        noise_seed: which noise.
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
