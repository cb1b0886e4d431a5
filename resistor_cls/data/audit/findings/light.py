"""Findings about light and sharpness."""

from resistor_cls.data.audit.findings.finding import Finding, Sections
from resistor_cls.data.audit.sections import WHITE
from resistor_cls.errors import many


def light_findings(sections: Sections) -> list[Finding]:
    """Photos without a picture, and of unusual exposure or sharpness."""
    light = sections["light"]
    rows = (
        (
            "blank",
            "risk",
            "Photos that are mostly black or white",
            f"all but black, or with a share of burnt-out pixels {100 * WHITE:.0f} points above "
            "the usual one",
            "What is not in the picture cannot be learned; such photos are often cut or padded.",
            "Look at them, and remove those that do not show the part.",
        ),
        (
            "exposure",
            "note",
            "Photos darker or brighter than others on their background",
            "far from the brightness of others on the same background",
            "An odd exposure shifts the colours of the bands.",
            "Look at them; take again what cannot be read.",
        ),
        (
            "soft",
            "note",
            "Photos less sharp than others on their background",
            "far less sharp than others on the same background",
            "Bands that blur into each other cannot be read.",
            "Look at them; take again what is blurred.",
        ),
    )
    return [
        Finding(
            key,
            severity,
            title,
            f"{many(len(light[key]), 'photo')} {what}.",
            why,
            do,
            "light",
            photos=light[key],
        )
        for key, severity, title, what, why, do in rows
        if light[key]
    ]
