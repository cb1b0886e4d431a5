"""Findings about the bodies in boxes: too small, or at the edge of the photo."""

from collections.abc import Iterator

from resistor_cls.data.audit.findings.finding import Finding, Sections
from resistor_cls.data.sources.boxes import FILE
from resistor_cls.errors import many

THIN = 36  # pixels: a twelfth of a body is one band, which needs three pixels to have a colour


def body_findings(sections: Sections) -> Iterator[Finding]:
    """Boxes that cannot be read, small bodies, and bodies that are cut off."""
    bodies = sections["bodies"]
    if bodies["error"]:
        yield Finding(
            "boxes",
            "note",
            f"{FILE} cannot be read",
            f"{bodies['error']}.",
            "Without it, sizes of bodies are not known.",
            "Fix the table, or remove it.",
            "light",
        )
    if bodies["boxes"] and bodies["at_image_size"] < THIN:
        yield Finding(
            "small_body",
            "risk",
            "Bodies too small to show their bands",
            f"The median body is {bodies['median']:.0f} pixels long in the photo, and "
            f"{bodies['at_image_size']:.0f} in what a model gets.",
            f"A band is about a twelfth of a body: below {THIN} pixels it is thinner than "
            "three, and its colour mixes with the next.",
            "Raise data.image_size, crop around the part, or move the camera closer.",
            "light",
        )
    if bodies["cut"]:
        yield Finding(
            "cut_off",
            "note",
            "Bodies at the edge of the photo",
            f"{many(len(bodies['cut']), 'body')} of {bodies['boxes']:,} with a box.",
            "Bands may lie outside the picture.",
            "Look at them, and remove those that do not show all bands.",
            "light",
            photos=bodies["cut"],
        )
