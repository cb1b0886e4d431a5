"""The summary: one paragraph at the top of an evaluation's page, made from the report alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scipy.stats import binom

from resistor_cls.errors import many
from resistor_cls.evaluation.pages.readings import reading
from resistor_cls.evaluation.wording import digits, level, share

Row = Mapping[str, Any]

_SIGNIFICANCE = 0.05  # probability of so many wrong predictions if the risk is as guaranteed


def summary_of(report: Row) -> list[str]:
    """The sentences of the paragraph, for a person who reads nothing else."""
    return [text for text in (make(report) for make in SUMMARY.values()) if text]


def accepted_row(report: Row) -> Row | None:
    """The row of the risk level that the page reports; None where none is guaranteed."""
    calibration = report["calibration"]
    risk = calibration and calibration.get("promised")
    if not risk:
        return None
    (row,) = (row for row in calibration["reject"] if row["risk"] == risk)
    found: Mapping[str, Any] | None = row
    return found


def exceeds(row: Row) -> bool:
    """Whether a larger share of the accepted predictions is wrong than the risk level says."""
    return row["realised"] is not None and row["realised"] > row["risk"]


def refutes(row: Row) -> bool:
    """Whether so many are wrong that chance does not explain it (exact binomial test, 5 %)."""
    tail = binom.sf((row["wrong"] or 0) - 1, row["accepted"] or 0, row["risk"])
    return exceeds(row) and bool(tail < _SIGNIFICANCE)


def all_ood(report: Row) -> Row | None:
    """The numbers of all out-of-distribution photos together; None where there were none."""
    return report["unknown"]["kinds"][-1] if report["unknown"] else None


def name_with_reading(name: str) -> str:
    """A category as `22R_1-4W (22 Ω, 0.25 W)`."""
    stated = reading(name, tolerance=False)
    return f"{name} ({stated})" if stated else name


def verb(count: int) -> str:
    """`is` or `are`."""
    return "is" if count == 1 else "are"


def interval_of(row: Row) -> str:
    """The 95 % interval of a share as `, 95 % interval 97.1 % to 99.3 %`, empty where undefined."""
    if row.get("low") is None or row.get("high") is None:
        return ""
    return f", 95 % interval {share(row['low'])} to {share(row['high'])}"


def change_of(calibration: Row) -> str:
    """Whether calibration makes confidences `better`, `worse`, `mixed` or leaves them as they are.

    Log loss and calibration error are compared with the digits that the page shows.
    """
    signs = {
        (float(digits(pair["after"], 4)) > float(digits(pair["before"], 4)))
        - (float(digits(pair["after"], 4)) < float(digits(pair["before"], 4)))
        for pair in (calibration["log_loss"], calibration["ece"])
    } - {0}
    if not signs:
        return "unchanged"
    return {1: "worse", -1: "better"}[signs.pop()] if len(signs) == 1 else "mixed"


def _right(report: Row) -> str:
    counts, value = report["counts"], (report["trade"] or {}).get("value")
    if not counts["photos"]:
        return "No photo was evaluated."
    metrics = {row["name"]: row for row in report["metrics"]}
    part = f"{share(counts['right'] / counts['photos'])}{interval_of(metrics['accuracy'])}"
    photos = many(counts["photos"], "photo")
    if not value or not value["judged"]:
        return f"The predicted category is right for {counts['right']:,} of {photos} ({part})."
    which = photos
    if value["judged"] < counts["photos"]:
        which = f"{many(value['judged'], 'photo')} whose label states ohms"
    return (
        f"The predicted value in ohms is right for {value['right']:,} of {which} "
        f"({share(value['share'])}{interval_of(value)}), the category for {counts['right']:,} of "
        f"{counts['photos']:,} ({part})."
    )


def _confusion(report: Row) -> str:
    pairs = report["pairs"]
    if not pairs:
        return "No photo is confused." if report["counts"]["photos"] else ""
    top = pairs[0]["photos"]
    if len(pairs) > 1 and top == 1:
        return "No two categories are confused in more than one photo."
    tied = len(pairs) > 1 and pairs[1]["photos"] == top
    which = "One of the most frequent confusions" if tied else "The most frequent confusion"
    return f"{which} is {confusion_text(pairs[0])}: {many(top, 'photo')}."


def confusion_text(pair: Row) -> str:
    """A confusion in ohms, such as `220 Ω, 2 W read as 22 Ω, 0.25 W`.

    Labels are named where ohms and watts do not tell the two apart, or are not known.
    """
    label, predicted = (reading(pair[key], tolerance=False) for key in ("label", "prediction"))
    if label and predicted and label != predicted:
        return f"{label} read as {predicted}"
    return f"{name_with_reading(pair['label'])} read as {name_with_reading(pair['prediction'])}"


def _accepted(report: Row) -> str:
    if not report["calibration"]:
        return "There is no calibration, so no risk level is guaranteed."
    row = accepted_row(report)
    if row is None:
        last = report["calibration"]["reject"][-1]
        reason = f" ({level(last['risk'])}: {last['reason']})" if last["reason"] else ""
        return f"No risk level is guaranteed{reason}."
    if row["accepted"] is not None:
        return _accepted_text(row)
    text = f"{level(row['risk'])} risk cannot be evaluated on these photos: {row['reason']}."
    larger = (other for other in report["calibration"]["reject"] if other["risk"] > row["risk"])
    others = [other for other in larger if None not in {other["threshold"], other["accepted"]}]
    return " ".join([text, *map(_accepted_text, others[:1])])


def _accepted_text(row: Row) -> str:
    risk = level(row["risk"])
    if not row["accepted"]:
        return f"At {risk} risk the model accepts none of the photos."
    wrong, accepted = row["wrong"], row["accepted"]
    text = (
        f"At {risk} risk the model accepts {share(row['coverage'])} of the photos, and "
        f"{wrong:,} of the {accepted:,} accepted {verb(wrong)} wrong ({share(row['realised'])})"
    )
    if exceeds(row):
        text += f", which is more than {risk}"
    if refutes(row):
        text += (
            ", and chance does not explain it: the guarantee does not hold for photos like these"
        )
    return f"{text}."


def _ood(report: Row) -> str:
    row = all_ood(report)
    if row is None:
        return "No out-of-distribution photo was evaluated."
    photos, accepted = many(row["photos"], "out-of-distribution photo"), row["accepted"]
    if accepted is None:
        return (
            f"{photos} {verb(row['photos'])} separated from the known ones with AUROC "
            f"{digits(row['auroc'])}."
        )
    risk = report["calibration"].get("promised") if report["calibration"] else None
    at = f" at {level(risk)} risk" if risk else ""
    return (
        f"Of {photos} (none of the categories) the model accepts {accepted:,}{at} "
        f"({share(accepted / row['photos'])}){_worst_kind(report['unknown']['kinds'][:-1])}."
    )


def _worst_kind(kinds: Sequence[Row]) -> str:
    """The kind of out-of-distribution photos that is accepted most often, where there are more."""
    if len(kinds) < 2:
        return ""
    worst = max(kinds, key=lambda row: row["accepted"] / row["photos"])
    if not worst["accepted"]:
        return ""
    return f", most often of “{worst['kind']}”: {worst['accepted']:,} of {worst['photos']:,}"


def _worse_calibration(report: Row) -> str:
    calibration = report["calibration"]
    if not calibration or change_of(calibration) not in {"worse", "mixed"}:
        return ""
    return calibration_change(report)


def calibration_change(report: Row) -> str:
    """What calibration does to the confidences of these photos, in one sentence."""
    calibration = report["calibration"]
    if not calibration:
        return ""
    loss, ece = (
        f"{words} {digits(pair['before'], 4)} before, {digits(pair['after'], 4)} after"
        for words, pair in (
            ("log loss", calibration["log_loss"]),
            ("calibration error (ECE)", calibration["ece"]),
        )
    )
    start = {
        "better": "Calibration makes the confidences better",
        "worse": "Calibration makes the confidences worse on these photos",
        "mixed": "Calibration makes one figure better and the other worse on these photos",
        "unchanged": "Calibration leaves the confidences as they are",
    }[change_of(calibration)]
    return f"{start}: {loss}; {ece}."


SUMMARY: dict[str, Callable[[Row], str]] = {
    "right": _right,
    "confusion": _confusion,
    "accepted": _accepted,
    "ood": _ood,
    "worse_calibration": _worse_calibration,
}
