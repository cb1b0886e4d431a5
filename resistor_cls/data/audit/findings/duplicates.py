"""Findings about exact duplicates and near-duplicates, within a category and across two."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from resistor_cls.data.audit.findings.finding import Finding, Sections, first_of
from resistor_cls.errors import many


def duplicate_findings(sections: Sections) -> Iterator[Finding]:
    """One picture, or nearly one, under two labels or twice under one."""
    duplicates = sections["duplicates"]
    label_of = {row["photo"]: row["category"] for row in sections["photos"]}
    conflicts: list[list[str]] = []
    copies: list[list[str]] = []
    for group in duplicates["exact"]:
        (conflicts if len({label_of[name] for name in group}) > 1 else copies).append(group)
    across = [pair for pair in duplicates["near"] if pair["across"]]
    within = [pair for pair in duplicates["near"] if not pair["across"]]
    yield from _conflict_findings(conflicts, across, label_of)
    yield from _copy_findings(copies, within)


def _conflict_findings(
    conflicts: Sequence[Sequence[str]],
    across: Sequence[Mapping[str, Any]],
    label_of: Mapping[str, str],
) -> Iterator[Finding]:
    if conflicts:
        yield Finding(
            "label_conflict",
            "problem",
            "One photo under two labels",
            f"{many(len(conflicts), 'photo')} with the same pixels in different categories: "
            + first_of([" = ".join(group) for group in conflicts])
            + ".",
            "One of the labels is wrong: whatever a model predicts, one copy is an error.",
            "Find out what the part is, and remove the wrong copies.",
            "duplicates",
            photos=[name for group in conflicts for name in group],
            categories=sorted({label_of[name] for group in conflicts for name in group}),
        )
    if across:
        yield Finding(
            "near_conflict",
            "risk",
            "Nearly the same photo under two labels",
            f"{many(len(across), 'pair')} of photos of one arrangement in different categories.",
            "Two frames of one part should have one label.",
            "Look at each pair and fix the label that is wrong.",
            "duplicates",
            photos=_pair_names(across),
        )


def _copy_findings(
    copies: Sequence[Sequence[str]], within: Sequence[Mapping[str, Any]]
) -> Iterator[Finding]:
    if copies:
        yield Finding(
            "exact_duplicates",
            "risk",
            "Exact copies within a category",
            f"{many(len(copies), 'group')} of photos with the same pixels, "
            f"{many(sum(len(group) - 1 for group in copies), 'photo')} too many.",
            "Where one copy trains and another validates, the score is too high.",
            "Remove the copies.",
            "duplicates",
            photos=[name for group in copies for name in group],
        )
    if within:
        groups = len({pair["group"] for pair in within})
        yield Finding(
            "near_duplicates",
            "risk",
            "Near-duplicates within a category",
            f"{many(len(within), 'pair')} in {many(groups, 'group')}.",
            "A random split puts one frame into training and its twin into validation.",
            "Keep them together by data.split=grouped or data.split=capture.",
            "duplicates",
            photos=_pair_names(within),
        )


def _pair_names(pairs: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for pair in pairs for name in (pair["first"], pair["second"])))
