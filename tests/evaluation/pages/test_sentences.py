"""Every number in a sentence of the report page is a number of the report."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pandas as pd
import pytest

from resistor_cls.categories import Categories
from resistor_cls.evaluation import OcclusionResult, Predictions
from resistor_cls.evaluation.calibration import (
    RISKS,
    CalibratedPredictions,
    apply_calibration,
    cross_fitted,
    fit_calibration,
)
from resistor_cls.evaluation.ood import ood_report
from resistor_cls.evaluation.pages.report import report_page
from resistor_cls.evaluation.pages.sentences import sentences_of
from resistor_cls.evaluation.pages.summary import change_of
from resistor_cls.evaluation.report import plain, report_of, robustness_report, rows_of

Report = dict[str, Any]
NAMES = ["10R_1W", "220R_1-4W", "22R_1-4W", "4K7_1-4W", "cracked"]
HELD_OUT, EVALUATED = 468, 567


def predicted(
    photos: int, skill: float = 6.0, temper: float = 1.0, seed: int = 0, located: bool = True
) -> Predictions:
    """Predictions of a model: `skill` decides how often it is right, `temper` how confidently."""
    rng = np.random.default_rng(seed)
    size = len(NAMES)
    targets = rng.integers(0, size, photos)
    logits = rng.normal(size=(photos, size)) * 2
    logits[np.arange(photos), targets] += skill
    logits *= temper
    likely = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype("f4")
    return Predictions(
        names=tuple(f"{number}.jpg" for number in range(photos)),
        indices=np.arange(photos),
        targets=targets,
        probabilities=likely,
        losses=-np.log(likely[np.arange(photos), targets]),
        categories=Categories(NAMES),
        located=rng.random(photos) > 0.02 if located else None,
        bursts=np.arange(photos) // 3,
    )


def with_features(model: Predictions) -> Predictions:
    noise = np.random.default_rng(3).normal(size=(len(model.names), len(NAMES)))
    return replace(model, features=np.eye(len(NAMES))[model.targets] + noise * 0.1)


def saved(model: Predictions, held_out: Predictions) -> CalibratedPredictions:
    """A calibration that was fitted on other photos."""
    fitted = fit_calibration(
        held_out.probabilities, held_out.targets, held_out.located, held_out.features
    )
    return apply_calibration(model.probabilities, fitted, model.located, model.features)


def folds(model: Predictions) -> CalibratedPredictions | None:
    assert model.bursts is not None
    return cross_fitted(
        model.probabilities, model.targets, model.bursts, model.located, model.features
    )


def report(model: Predictions, found: CalibratedPredictions | None, **more: Any) -> Report:
    """What `report.json` holds, and the rows of photos of a page."""
    model = model.with_calibration(found)
    costs = ("costs.csv", 1 - np.eye(len(NAMES))) if more.pop("costs", False) else None
    most = more.pop("most", None)
    calibration, basis = (None, "") if found is None else (found.calibration, found.basis)
    risk = None if calibration is None else calibration.guaranteed_risk
    made = report_of(model, calibration, basis, costs)
    return {
        **made,
        "title": "photos of a set",
        "model": "best.ckpt",
        "data": {"name": "set", "subset": "all", "fingerprint": "abc", "seen": ""},
        "made": "2026-11-24T01:02:03",
        "unknown": None,
        "stress": None,
        "predictions": rows_of(model, most, risk),
        **more,
    }


def ood(model: Predictions, found: CalibratedPredictions, photos: int = 150) -> Report | None:
    """The part of a report about photos that show none of the categories."""
    other = predicted(photos, skill=0, seed=9, located=model.located is not None)
    there = np.ones(photos, bool) if other.located is None else other.located
    taken = apply_calibration(other.probabilities, found.calibration, there).accepted
    by_risk = {
        str(risk): None if np.isnan(column).any() else {"other parts": column == 1}
        for risk, column in zip(RISKS, taken.T, strict=True)
    }
    guaranteed = found.calibration.guaranteed_risk
    known, scores = (
        model.with_calibration(found).ood_scores,
        {"other parts": other.probabilities.min(axis=1)},
    )
    assert known is not None
    if photos > 1:
        scores |= {"empty tables": np.ones(50)}
        for one in filter(None, by_risk.values()):
            one["empty tables"] = np.zeros(50, dtype=bool)
    accepted = None if guaranteed is None else by_risk[str(guaranteed)]
    return plain(ood_report(known, scores, accepted, accepted_at=by_risk))


def background_reader(model: Predictions) -> Predictions:
    """The same of a model that reads the background."""
    nothing = np.full(len(model.names), np.nan)
    return replace(model, occlusion=OcclusionResult(nothing, nothing, model.targets, model.targets))


def robustness_part(model: Predictions, found: CalibratedPredictions, photos: int) -> Report:
    rows = pd.DataFrame({"kind": ["blur"] * photos, "strength": 1, "correct": True})
    for risk in RISKS:
        rows[f"accepted:{risk}"] = True
    part = robustness_report(rows, model.with_calibration(found), found.calibration.guaranteed_risk)
    named = [{**row, "name": "slight", "amount": "1 px"} for row in part["rows"]]
    return {**part, "rows": named}


@cache
def situations() -> dict[str, Report]:
    """Reports of different situations."""
    held_out, model = predicted(HELD_OUT, seed=1), predicted(EVALUATED)
    other = saved(model, held_out)
    crossed = folds(held_out)
    assert crossed is not None
    worse = predicted(EVALUATED, skill=2, seed=4)
    without = predicted(300, seed=5, located=False)
    few = predicted(40, seed=6)
    right = predicted(90, skill=40, seed=7)
    labels = right.targets.copy()
    labels[[labels.argmin(), labels.argmax()]] = 1, 2
    twice_wrong = replace(right, targets=labels)
    sharp, soft = predicted(HELD_OUT, temper=3, seed=1), predicted(EVALUATED, temper=0.5)
    return {
        "saved": report(model, other, unknown=ood(model, other), costs=True),
        "cross-fitted": report(
            background_reader(held_out),
            crossed,
            stress=robustness_part(held_out, crossed, HELD_OUT),
        ),
        "no calibration": report(few.select(slice(9)), None),
        "no detector": report(without, folds(without)),
        "seen": {
            **report(model, other),
            "data": {
                "name": "set",
                "subset": "all",
                "fingerprint": "",
                "seen": f"12 of {EVALUATED} photos were TRAINED ON",
            },
        },
        "one photo": report(model.select(slice(1)), None),
        "not guaranteed": report(
            few, folds(few), unknown=ood(few, saved(few, few.select(slice(1))))
        ),
        "broken guarantee": report(worse, saved(worse, held_out), most=100),
        "worse calibration": report(soft, saved(soft, sharp)),
        "nothing wrong": report(right, folds(right)),
        "one OOD photo": report(
            model,
            other,
            unknown=ood(model, other, 1),
            stress=robustness_part(model, other, EVALUATED),
        ),
        "unfamiliar photos": report(with_features(model), folds(with_features(model))),
        "two confusions": report(twice_wrong, folds(twice_wrong)),
    }


N, P, D = r"[\d,]+", r"(?:[<>] )?[\d.]+ %", r"\d+\.\d+"
ACCEPTED = (
    rf"At (?P<risk>{P}) risk the model accepts (?P<coverage>{P}) of the photos, and "
    rf"(?P<wrong>{N}) of the (?P<accepted>{N}) accepted (?:is|are) wrong \((?P<realised>{P})\)"
    rf"(?P<more>, which is more than (?P<risk_>{P}))?"
    r"(?P<refuted>, and chance does not explain it: the guarantee does not hold for photos like "
    r"these)?\."
)
BOTH = rf"log loss (?P<loss0>{D}) before, (?P<loss1>{D}) after; "
BOTH += rf"calibration error \(ECE\) (?P<ece0>{D}) before, (?P<ece1>{D}) after\."
WITHIN = rf"(?:, 95 % interval (?P<{{0}}low>{P}) to (?P<{{0}}high>{P}))?"
# Sentence → its forms; groups are named like the numbers that `expected_numbers` returns.
PATTERNS = {
    "summary_right": [
        rf"The predicted value in ohms is right for (?P<ohms>{N}) of (?P<stated>{N}) photos?"
        rf"(?: whose label states ohms)? \((?P<ohms_share>{P}){WITHIN.format('ohms_')}\), the "
        rf"category for (?P<right>{N}) of (?P<photos>{N}) \((?P<share>{P}){WITHIN.format('')}\)\.",
        rf"The predicted category is right for (?P<right>{N}) of (?P<photos>{N}) photos? "
        rf"\((?P<share>{P}){WITHIN.format('')}\)\.",
    ],
    "summary_confusion": [
        r"No photo is confused\.",
        r"No two categories are confused in more than one photo\.",
        rf"(?:One of the|The) most frequent confusions? is (?P<pair>.*): (?P<top>{N}) photos?\.",
    ],
    "summary_accepted": [
        ACCEPTED,
        rf"(?P<guaranteed>{P}) risk cannot be evaluated on these photos: guaranteed by .* "
        + ACCEPTED,
        rf"At (?P<risk>{P}) risk the model accepts none of the photos\.",
        r"There is no calibration, so no risk level is guaranteed\.",
        rf"No risk level is guaranteed \((?P<largest_risk>{P}): (?P<reason>.*)\)\.",
    ],
    "summary_ood": [
        r"No out-of-distribution photo was evaluated\.",
        rf"Of (?P<ood>{N}) out-of-distribution photos? \(none of the categories\) the model "
        rf"accepts (?P<ood_accepted>{N}) at (?P<guaranteed>{P}) risk \((?P<ood_share>{P})\)"
        rf"(?:, most often of “(?P<kind>.*)”: (?P<worst_kind>{N}) of (?P<worst_photos>{N}))?\.",
        rf"(?P<ood>{N}) out-of-distribution photos? (?:is|are) separated from the known ones with "
        rf"AUROC (?P<auroc>{D})\.",
    ],
    "summary_worse_calibration": [
        rf"Calibration makes (?:the confidences worse|one figure better and the other worse) on "
        rf"these photos: {BOTH}"
    ],
    "calibration_change": [rf"Calibration (?P<change>makes|leaves) [a-z ]*: {BOTH}"],
    "calibration_basis": [
        rf"The calibration is cross-fitted: (?P<photos>{N}) photos are evaluated, each by a "
        r"calibration that was fitted on the other folds\.",
        rf"The calibration that is saved with the model was fitted on (?P<fitted>{N}) photos, and "
        rf"is evaluated here on (?P<photos>{N}) others\.",
    ],
    "temperature": [rf".*temperature is (?P<temperature>{D}), which [a-z]+ confidences\."],
    "guarantee": [rf"A prediction below .* with (?P<confidence>{P}) confidence .* fitted on\."],
    "unfamiliar": [
        rf"(?P<unfamiliar>{N}) of (?P<photos>{N}) photos? (?:is|are) unlike the photos that .*"
    ],
    "aurc": [rf"Area under the curve of risk over coverage: (?P<aurc>{D})\."],
    "predicted": [
        rf"(?P<right>{N}) of (?P<photos>{N}) photos? (?:is|are) predicted correctly\."
        rf"(?: In (?P<missed>{N}) photos? the detector found no body, and .*)?"
    ],
    "empty": [rf"(?P<empty>{N}) categor(?:y|ies) ha(?:s|ve) no photo here, .*"],
    "decades": [
        r"In powers of ten: at 1 .* ten times .*\. "
        rf"The mean is (?P<decades>{D}), the worst (?P<worst>{D})\."
    ],
    "cost": [
        rf"By costs\.csv a prediction costs (?P<cost>{D}) on average\. Predicting .* would cost "
        rf"(?P<least>{D})\."
    ],
    "ood_method": [
        rf"Photos that show none of the categories, against (?P<photos>{N}) known photos?, by the "
        r"score 1 - confidence\. AUROC 1 .* 0\.5 is chance\. FPR95 is .* where 95 % of the .*"
    ],
    "robustness": [
        rf"The same photos .* As they are, (?P<share>{P}) are predicted correctly\.",
        rf"The same photos .* As they are, (?P<share>{P}) are predicted correctly and "
        rf"(?P<plain>{P}) are accepted at (?P<guaranteed>{P}) risk\.",
    ],
    "listed": [
        rf"(?P<rows>{N}) of (?P<photos>{N}) photos: those of the highest .*",
        r"The highest loss first\..*",
    ],
    "accepted_means": [
        rf"Accepted means that the confidence suffices for (?P<guaranteed>{P}) risk\."
    ],
    "seen": [rf"12 of (?P<photos>{N}) photos were TRAINED ON\. A model .*"],
    "warning": [
        rf"With the body painted over, (?P<painted>{P}) of the predictions are still right, where "
        rf"always naming the most frequent category gives (?P<frequent>{P}): .*"
    ],
}


def expected_numbers(report: Report) -> dict[str, Any]:
    """The numbers that the sentences must have, from the report."""
    value, counts, metrics = report["trade"]["value"], report["counts"], report["metrics"]
    accuracy = next(row for row in metrics if row["name"] == "accuracy")
    known = {
        "ohms": value["right"],
        "stated": value["judged"],
        "ohms_share": value["share"],
        "ohms_low": value["low"],
        "ohms_high": value["high"],
        "right": counts["right"],
        "photos": counts["photos"],
        "share": accuracy["value"],
        "low": accuracy["low"],
        "high": accuracy["high"],
        "missed": counts["not_located"],
        "empty": len(report["empty"]),
        "rows": len(report["predictions"]),
        "decades": report["trade"]["decades"]["mean"],
        "worst": report["trade"]["decades"]["worst"],
        "top": max((pair["photos"] for pair in report["pairs"]), default=None),
        "largest_risk": max(RISKS),
    }
    if report["trade"]["cost"]:
        known |= {
            key: report["trade"]["cost"][name]
            for key, name in (("cost", "mean"), ("least", "least"))
        }
    if report["attention"]:
        known["painted"] = report["attention"]["body_painted"]["accuracy"]
        known["frequent"] = report["attention"]["most_frequent"]
    if report["unknown"]:
        first, *_, row = report["unknown"]["kinds"]
        known |= {"kind": first["kind"], "worst_kind": first["accepted"]}
        known["worst_photos"] = first["photos"]
        known |= {"ood": row["photos"], "ood_accepted": row["accepted"], "auroc": row["auroc"]}
        known["ood_share"] = None if row["accepted"] is None else row["accepted"] / row["photos"]
    if report["stress"]:
        known["plain"] = report["stress"]["plain"]["coverage"]
    calibration = report["calibration"]
    if calibration:
        known |= {key: calibration[key] for key in ("temperature", "confidence", "aurc")}
        known["fitted"] = calibration["photos"]
        known["unfamiliar"] = (calibration["familiarity"] or {}).get("unfamiliar")
        for key, name in (("loss", "log_loss"), ("ece", "ece")):
            known[f"{key}0"], known[f"{key}1"] = (calibration[name][w] for w in ("before", "after"))
        known["guaranteed"] = guaranteed = calibration["promised"]
        levels = [row for row in calibration["reject"] if guaranteed and row["risk"] >= guaranteed]
        evaluated = [row for row in levels if row["accepted"] is not None]
        for row in (evaluated or levels)[:1]:
            known |= {
                key: row[key] for key in ("risk", "coverage", "wrong", "accepted", "realised")
            }
            known["risk_"] = row["risk"]
        known["reason"] = calibration["reject"][-1]["reason"]
    return known


def check(text: str, value: Any) -> None:
    """Compares a number as it is written with the number that it stands for."""
    if not re.match(r"[<>]?\d", text):
        assert text == value
        return
    digits = text.strip("<> %").replace(",", "")
    scale = 100 if text.endswith("%") else 1
    if text[0] in "<>":
        assert (scale * value < float(digits)) is (text[0] == "<")
    else:
        places = len(digits.partition(".")[2])
        assert float(digits) == pytest.approx(scale * value, abs=0.501 * 10**-places), text


def matched(name: str, text: str) -> re.Match[str]:
    found = [one for way in PATTERNS[name] if (one := re.fullmatch(way, text))]
    assert found, f"{name}: {text}"
    return found[0]


@pytest.mark.parametrize("name", situations())
def test_the_numbers_of_each_sentence_are_those_of_the_report(name: str) -> None:
    report = situations()[name]
    known = expected_numbers(report)
    for sentence, text in sentences_of(report).items():
        if text:
            for group, shown in matched(sentence, text).groupdict().items():
                if shown is not None and group in known:
                    check(shown, known[group])


def test_every_form_of_each_sentence_is_covered() -> None:
    said: dict[str, set[str]] = {name: set() for name in PATTERNS}
    for report in situations().values():
        for name, text in sentences_of(report).items():
            if text:
                said[name].add(matched(name, text).re.pattern)
    assert said == {name: set(ways) for name, ways in PATTERNS.items()}


class Paragraphs(HTMLParser):
    """The text of each paragraph and card of a page, outside of tables."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "p":
            self.texts.append("")
        if tag in {"p", "table", "script"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "p":
            self.texts[-1] += data


def unexplained(page: str, report: Report) -> Iterator[str]:
    """Paragraphs with a number that no sentence of the report has."""
    sentences = sorted(filter(None, sentences_of(report).values()), key=len, reverse=True)
    pairs = [
        f"{pair['label']} read as {pair['prediction']}: {pair['photos']} "
        for pair in report["pairs"]
    ]
    for text in Paragraphs(page).texts:
        rest = " ".join(text.split())
        for sentence in sentences:
            rest = rest.replace(" ".join(sentence.split()), "")
        rest = re.sub(r"\([^()]* (19|20)\d\d\)", "", rest)  # a source
        if any(rest.startswith(pair) for pair in pairs) or rest.endswith("pictured here."):
            continue
        if re.search(r"\d", rest):
            yield rest


@pytest.mark.parametrize("name", situations())
def test_every_number_of_the_page_is_a_number_of_the_report(name: str) -> None:
    report = situations()[name]
    page = report_page(report, {}, lambda _: np.zeros((4, 4, 3), np.uint8))
    found = [text for text in unexplained(page, report) if "Pictures show what" not in text]
    assert found == []


def test_a_calibration_of_other_photos_says_on_what_it_was_fitted_and_evaluated() -> None:
    text = sentences_of(situations()["saved"])["calibration_basis"]
    assert re.findall(r"\d+", text) == [str(HELD_OUT), str(EVALUATED)]
    assert re.search(r"fitted on 468 photos, and is evaluated here on 567 others", text)
    crossed = sentences_of(situations()["cross-fitted"])["calibration_basis"]
    assert re.findall(r"\d+", crossed) == [str(HELD_OUT)]


def test_a_calibration_that_makes_things_worse_is_called_so() -> None:
    report = situations()["worse calibration"]
    losses = report["calibration"]["log_loss"]
    assert losses["after"] > losses["before"]
    assert change_of(report["calibration"]) == "worse"
    page = report_page(report, {}, lambda _: np.zeros((4, 4, 3), np.uint8))
    assert page.count("Calibration makes the confidences worse on these photos") == 2
    assert "Calibration makes it worse" in page  # the card
    assert not sentences_of(situations()["cross-fitted"])["summary_worse_calibration"]


def test_a_guarantee_that_does_not_hold_is_called_so() -> None:
    report = situations()["broken guarantee"]
    text = sentences_of(report)["summary_accepted"]
    assert matched("summary_accepted", text)["refuted"]
    fine = sentences_of(situations()["saved"])["summary_accepted"]
    assert not matched("summary_accepted", fine)["more"]


def test_accepted_photos_are_counted_from_the_predictions() -> None:
    """The numbers of the summary follow from the photos, and not from the report alone."""
    model, held_out = predicted(EVALUATED), predicted(HELD_OUT, seed=1)
    found = saved(model, held_out)
    risk = found.calibration.guaranteed_risk
    assert risk is not None
    taken = found.accepted[:, RISKS.index(risk)] == 1
    wrong = model.probabilities.argmax(axis=1) != model.targets
    shown = matched("summary_accepted", sentences_of(situations()["saved"])["summary_accepted"])
    check(shown["accepted"], int(taken.sum()))
    check(shown["wrong"], int((taken & wrong).sum()))
    check(shown["coverage"], taken.mean())
    right = matched("summary_right", sentences_of(situations()["saved"])["summary_right"])
    ohms = model.targets != NAMES.index("cracked")
    check(right["stated"], int(ohms.sum()))
    check(right["ohms"], int((ohms & ~wrong).sum()))
    check(right["right"], int((~wrong).sum()))
