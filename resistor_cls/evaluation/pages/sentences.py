"""The sentences of an evaluation's page that state numbers, each made from the report alone.

Every sentence of the page with a number is made here: the tests read its numbers back and compare
them with those of the report.
"""

from collections.abc import Callable, Mapping
from typing import Any

from resistor_cls.errors import many
from resistor_cls.evaluation.pages.summary import SUMMARY, accepted_row, calibration_change, verb
from resistor_cls.evaluation.wording import digits, level, percent, share

Row = Mapping[str, Any]
_MAX_NAMED = 20  # categories without a photo that a sentence names
HOLDS_FOR = "A risk guarantee holds only for photos like those that the calibration was fitted on."


def sentences_of(report: Row) -> dict[str, str]:
    """Name → sentences, empty where there is nothing to say.

    Args:
        report: what `report.json` holds.
    """
    summary = {f"summary_{name}": make(report) for name, make in SUMMARY.items()}
    return summary | {name: make(report) for name, make in _SENTENCES.items()}


def _calibration_basis(report: Row) -> str:
    calibration = report["calibration"]
    if not calibration:
        return ""
    fitted, evaluated = calibration["photos"], report["counts"]["photos"]
    if calibration["basis"] == "cross-fitted":
        return (
            f"The calibration is cross-fitted: {many(evaluated, 'photo')} are evaluated, each by "
            "a calibration that was fitted on the other folds."
        )
    return (
        f"The calibration that is saved with the model was fitted on {many(fitted, 'photo')}, and "
        f"is evaluated here on {evaluated:,} others."
    )


def _temperature(report: Row) -> str:
    calibration = report["calibration"]
    if not calibration or calibration["temperature"] is None:
        return ""
    value = calibration["temperature"]
    effect = "lowers" if value > 1 else "raises" if value < 1 else "keeps"
    whose = "Fitted on all of them, its" if calibration["basis"] == "cross-fitted" else "Its"
    return f"{whose} temperature is {digits(value, 2)}, which {effect} confidences."


def _guarantee(report: Row) -> str:
    calibration = report["calibration"]
    if not calibration:
        return ""
    return (
        "A prediction below the threshold of its risk level is not accepted: the model says “don't "
        f"know”. A threshold is given only where it keeps to the risk level with "
        f"{percent(calibration['confidence'])} confidence ({calibration['method']}). {HOLDS_FOR}"
    )


def _unfamiliar(report: Row) -> str:
    test = (report["calibration"] or {}).get("familiarity")
    if not test:
        return ""
    unfamiliar, photos = test["unfamiliar"], report["counts"]["photos"]
    return (
        f"{unfamiliar:,} of {many(photos, 'photo')} {verb(unfamiliar)} unlike the photos that the "
        "calibration was fitted on, by the distance to the nearest one. They are accepted at no "
        "risk level, however confident the model is."
    )


def _aurc(report: Row) -> str:
    calibration = report["calibration"]
    if not calibration:
        return ""
    return f"Area under the curve of risk over coverage: {digits(calibration['aurc'], 5)}."


def _predicted(report: Row) -> str:
    counts = report["counts"]
    text = (
        f"{counts['right']:,} of {many(counts['photos'], 'photo')} "
        f"{verb(counts['right'])} predicted correctly."
    )
    missed = counts.get("not_located")
    if missed:
        text += f" In {many(missed, 'photo')} the detector found no body, and the model saw the "
        text += "whole photo."
    return text


def _empty(report: Row) -> str:
    names = report["empty"]
    if not names:
        return ""
    has, its = ("has", "its") if len(names) == 1 else ("have", "their")
    rest = f" and {len(names) - _MAX_NAMED:,} more" if len(names) > _MAX_NAMED else ""
    return (
        f"{many(len(names), 'category')} {has} no photo here, so {its} scores are undefined: "
        f"{', '.join(names[:_MAX_NAMED])}{rest}."
    )


def _decades(report: Row) -> str:
    decades = (report["trade"] or {}).get("decades")
    if not decades or decades["mean"] is None:
        return ""
    return (
        "In powers of ten: at 1 the predicted value is ten times too large or too small. The mean "
        f"is {digits(decades['mean'])}, the worst {digits(decades['worst'], 1)}."
    )


def _cost(report: Row) -> str:
    cost = (report["trade"] or {}).get("cost")
    if not cost or cost["mean"] is None:
        return ""
    text = f"By {cost['name']} a prediction costs {digits(cost['mean'])} on average."
    if cost["least"] is not None:
        text += " Predicting the category of least expected cost instead of the most probable one "
        text += f"would cost {digits(cost['least'])}."
    return text


def _ood_method(report: Row) -> str:
    if not report["unknown"]:
        return ""
    unknown = report["unknown"]
    return (
        f"Photos that show none of the categories, against {many(unknown['known'], 'known photo')}"
        f", by the score {unknown['score']}. AUROC 1 separates all of them, 0.5 is chance. FPR95 is"
        " the share that passes for known where 95 % of the known photos do."
    )


def _robustness(report: Row) -> str:
    checks = report["stress"]
    if not checks:
        return ""
    plain, risk = checks["plain"], checks.get("risk")
    text = (
        "The same photos under corruptions of growing severity. As they are, "
        f"{share(plain['accuracy'])} are predicted correctly"
    )
    if plain["coverage"] is not None:
        at = f" at {level(risk)} risk" if risk else ""
        text += f" and {share(plain['coverage'])} are accepted{at}"
    return f"{text}."


def _listed(report: Row) -> str:
    rows, photos = len(report["predictions"]), report["counts"]["photos"]
    if rows < photos:
        return (
            f"{rows:,} of {many(photos, 'photo')}: those of the highest and of the lowest loss, "
            "and others at random. tables/predictions.csv has all."
        )
    return "The highest loss first. tables/predictions.csv has the probability of every category."


def _accepted_means(report: Row) -> str:
    row = accepted_row(report)
    if row is None:
        return ""
    return f"Accepted means that the confidence suffices for {level(row['risk'])} risk."


def _seen(report: Row) -> str:
    seen = report["data"]["seen"]
    if not seen:
        return ""
    return f"{seen}. A model predicts the photos that it was trained on better than new ones."


def _warning(report: Row) -> str:
    warning = (report["attention"] or {}).get("warning")
    return f"{warning}." if warning else ""


_SENTENCES: dict[str, Callable[[Row], str]] = {
    "calibration_change": calibration_change,
    "calibration_basis": _calibration_basis,
    "temperature": _temperature,
    "guarantee": _guarantee,
    "unfamiliar": _unfamiliar,
    "aurc": _aurc,
    "predicted": _predicted,
    "empty": _empty,
    "decades": _decades,
    "cost": _cost,
    "ood_method": _ood_method,
    "robustness": _robustness,
    "listed": _listed,
    "accepted_means": _accepted_means,
    "seen": _seen,
    "warning": _warning,
}
