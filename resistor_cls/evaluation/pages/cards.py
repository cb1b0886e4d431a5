"""The cards of an evaluation's page: the main numbers, each with what it is compared with."""

from collections.abc import Iterator, Mapping
from typing import Any

from resistor_cls.errors import many
from resistor_cls.evaluation.pages.sentences import HOLDS_FOR
from resistor_cls.evaluation.pages.summary import (
    accepted_row,
    all_ood,
    change_of,
    exceeds,
    interval_of,
)
from resistor_cls.evaluation.wording import digits, level, share

Row = Mapping[str, Any]
Card = dict[str, str]

_MAX_ACCEPTED = 0.05  # share of accepted out-of-distribution photos above which the card warns
_NOTES = {"f1_macro": "every category counts the same", "roc_auc": "one category against the rest"}


def cards_of(report: Row) -> list[Card]:
    """Cards in the order of the page: `value`, `name`, `note`, and `tone` (empty or `warn`)."""
    return [*_values(report), *_accepted(report), *_ood(report), *_scores(report)]


def _card(value: str, name: str, note: str, warn: bool = False) -> Card:
    return {"value": value, "name": name, "note": note, "tone": "warn" if warn else ""}


def _values(report: Row) -> Iterator[Card]:
    counts, value = report["counts"], (report.get("trade") or {}).get("value")
    if value and value["judged"]:
        note = f"{value['right']:,} of {many(value['judged'], 'photo')}{interval_of(value)}"
        yield _card(share(value["share"]), "values in ohms right", note)
    for row in report["metrics"]:
        if row["name"] == "accuracy" and row["value"] is not None:
            note = f"{counts['right']:,} of {many(counts['photos'], 'photo')}{interval_of(row)}"
            yield _card(share(row["value"]), "categories right (top-1 accuracy)", note)


def _accepted(report: Row) -> Iterator[Card]:
    calibration = report["calibration"]
    if not calibration:
        return
    row = accepted_row(report)
    if row is None:
        last = calibration["reject"][-1]
        name = f"accepted: {level(last['risk'])} risk is not guaranteed"
        yield _card("none", name, last["reason"], warn=True)
        return
    name = f"of the photos accepted at {level(row['risk'])} risk"
    if row["accepted"] is None:
        yield _card("none", name, row["reason"], warn=True)
        return
    note = f"{row['wrong']:,} of {row['accepted']:,} accepted wrong; “don't know” for the rest"
    yield _card(share(row["coverage"]), name, note, warn=exceeds(row))


def _ood(report: Row) -> Iterator[Card]:
    row = all_ood(report)
    if row is None:
        note = f"No such photo was evaluated. {HOLDS_FOR}"
        yield _card("?", "out-of-distribution photos accepted", note, warn=True)
        return
    auroc = f"AUROC {digits(row['auroc'])}"
    levels = "; ".join(
        f"{level(float(risk))} risk: "
        + ("not guaranteed" if count is None else f"{count:,} of {row['photos']:,}")
        for risk, count in row.get("accepted_at", {}).items()
    )
    note = ". ".join(filter(None, [levels, auroc, HOLDS_FOR]))
    if row["accepted"] is None:
        name = f"AUROC of {many(row['photos'], 'out-of-distribution photo')} (OOD)"
        yield _card(digits(row["auroc"]), name, note.replace(f"{auroc}. ", ""))
        return
    accepted = row["accepted"] / row["photos"]
    name = f"of {many(row['photos'], 'out-of-distribution photo')} (OOD) accepted"
    chosen = accepted_row(report)
    if chosen is not None:
        name += f" at {level(chosen['risk'])} risk"
    yield _card(share(accepted), name, note, warn=accepted > _MAX_ACCEPTED)


def _scores(report: Row) -> Iterator[Card]:
    for row in report["metrics"]:
        if row["name"] in _NOTES and row["value"] is not None:
            text = four if row["name"] == "roc_auc" else digits
            interval = ""
            if row["low"] is not None and row["high"] is not None:
                interval = f"95 % interval {text(row['low'])} to {text(row['high'])}; "
            yield _card(text(row["value"]), row["words"], f"{interval}{_NOTES[row['name']]}")
    calibration = report["calibration"]
    if calibration:
        ece, loss = calibration["ece"], calibration["log_loss"]
        change = change_of(calibration)
        note = (
            f"{digits(ece['before'])} before calibration; log loss {digits(loss['before'])} "
            f"before, {digits(loss['after'])} after"
        )
        if change == "worse":
            note = f"Calibration makes it worse: {note}"
        name = "calibration error (ECE)"
        yield _card(digits(ece["after"]), name, note, warn=change in {"worse", "mixed"})


def four(value: float | None) -> str:
    """A number with four decimals; good models differ in the third."""
    return digits(value, 4)
