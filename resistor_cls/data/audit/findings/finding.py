"""One thing that an audit found, and how it is worded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SEVERITIES = ("problem", "risk", "note")
Sections = Mapping[str, Any]  # of an audit; see `resistor_cls.data.audit.audit_photos`


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        id: the same in every report.
        severity: `problem`, something is wrong; `risk`, a model can be misled or overrated;
            `note`, good to know.
        title: in a few words.
        found: what, in numbers.
        why: it matters, in one sentence.
        do: about it, in one sentence.
        section: of the report that shows it.
        photos: file names that it is about; empty where it is about all.
        categories: that it is about, likewise.
    """

    id: str
    severity: str
    title: str
    found: str
    why: str
    do: str
    section: str
    photos: Sequence[str] = field(default=())
    categories: Sequence[str] = field(default=())


def first_of(texts: Sequence[str], count: int = 3) -> str:
    """The first of some texts, and how many more there are."""
    rest = f" and {len(texts) - count} more" if len(texts) > count else ""
    return ", ".join(texts[:count]) + rest
