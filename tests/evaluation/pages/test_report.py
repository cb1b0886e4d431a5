"""The report page has the numbers of the report, each photo once, and shows names as text."""

import re
from collections import Counter
from html import escape, unescape
from typing import Any

import numpy as np
import pytest

from resistor_cls.evaluation.pages.cards import cards_of
from resistor_cls.evaluation.pages.matrix import MAX_LISTED, PART
from resistor_cls.evaluation.pages.report import GALLERY, MAX_PICTURES, MAX_ROWS, report_page
from tests.helpers.pages import Page

Report = dict[str, Any]
SVG = '<svg width="468pt" height="300pt" xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>'
FIGURES = ("reliability", "risk_coverage", "unknown", "roc", "precision_recall", "stress")


def made(names: list[str], photos: int, wrong: int) -> Report:
    """A report of photos whose first ones are taken for the next category; no section beyond."""
    size = len(names)
    labels = [number % size for number in range(photos)]
    predictions = [(label + (number < wrong)) % size for number, label in enumerate(labels)]
    rows = [
        {
            "photo": f"{names[label]}/{number}.jpg",
            "label": names[label],
            "prediction": names[predicted],
            "correct": label == predicted,
            "probability": 0.75,
            "label_probability": 0.75 if label == predicted else 0.125,
            "loss": 0.25 + 1 / (1 + number) if label == predicted else 2.0 + 1 / (1 + number),
            "confidence": None,
            "accepted": None,
            "candidates": None,
            "unknown": None,
            "located": None,
        }
        for number, (label, predicted) in enumerate(zip(labels, predictions, strict=True))
    ]
    counts = Counter(zip(labels, predictions, strict=True))
    confused = [(cell, count) for cell, count in counts.most_common() if cell[0] != cell[1]][:20]
    support = Counter(labels)
    none = dict.fromkeys(("precision", "recall", "f1", "roc_auc"))
    return {
        "version": 1,
        "title": "best epoch",
        "model": "runs:/1/model",
        "data": {"name": "drawn", "subset": "validation", "fingerprint": "abc", "seen": ""},
        "made": "2026-11-24T01:02:03",
        "categories": names,
        "counts": {
            "photos": photos,
            "categories": size,
            "right": photos - wrong,
            "bursts": 3,
            "not_located": None,
        },
        "metrics": [
            {"name": name, "words": words, "value": None, "low": None, "high": None}
            for name, words in [("accuracy", "top-1 accuracy"), ("roc_auc", "ROC AUC")]
        ],
        "per_category": [
            {"category": name, **none, "support": support[place]}
            for place, name in enumerate(names)
        ],
        "empty": [name for place, name in enumerate(names) if not support[place]],
        "confusion": {
            "cells": [[*cell, count] for cell, count in counts.items()],
            "order": list(range(size))[::-1],
        },
        "pairs": [
            {
                "label": names[label],
                "prediction": names[predicted],
                "photos": count,
                "share": count / support[label],
                "back": 0,
                "names": [
                    row["photo"]
                    for row in rows
                    if row["label"] == names[label] and row["prediction"] == names[predicted]
                ],
            }
            for (label, predicted), count in confused
        ],
        "trade": None,
        "calibration": None,
        "unknown": None,
        "attention": None,
        "stress": None,
        "predictions": rows,
    }


def full() -> Report:
    """A report with every section, and numbers that occur once."""
    report = made([f"{number}R" for number in range(37)], 470, 12)
    report["data"]["seen"] = "12 of 453 photos were TRAINED ON"
    report["metrics"] = [
        {"name": "accuracy", "words": "top-1 accuracy", "value": 0.9745, "low": 0.951, "high": 1.0},
        {"name": "roc_auc", "words": "ROC AUC", "value": 0.99876, "low": None, "high": None},
    ]
    predicted = {"judged": 470, "right": 463, "share": 0.9851, "low": 0.9712, "high": 0.9934}
    report["trade"] = {
        "value": predicted,
        "watts": None,
        "decades": {
            "mean": 0.017,
            "worst": 4.8,
            "histogram": [{"up_to": 0, "photos": 463}, {"up_to": None, "photos": 7}],
        },
        "worst": [],
        "cost": {"mean": 0.314, "least": 0.223, "name": "costs.csv"},
    }
    bins = [{"from": 0.9, "to": 1.0, "photos": 461, "confidence": 0.987, "accuracy": 0.991}]
    pair = {"before": 0.0127, "after": 0.0064}
    level = {"wrong": 1, "accepted": 441, "oracle_coverage": 0.998, "reason": ""}
    report["calibration"] = {
        "basis": "cross-fitted",
        "photos": 470,
        "temperature": 1.43,
        "reliability": {"before": bins, "after": bins},
        **dict.fromkeys(("ece", "brier", "log_loss"), pair),
        "risk_coverage": [[1.0, 0.02]],
        "aurc": 0.00042,
        "reject": [
            {
                **level,
                "risk": 0.001,
                "threshold": None,
                "reason": "too few photos: 2,995 would do",
                "coverage": None,
                "realised": None,
            },
            {**level, "risk": 0.01, "threshold": 0.9312, "coverage": 0.938, "realised": 0.0023},
        ],
        "promised": 0.01,
        "confidence": 0.95,
        "method": "Learn then Test",
        "sets": [{"level": 0.9, "coverage": 0.953, "mean_size": 1.07, "sizes": [[1, 459]]}],
    }
    kind = {"photos": 203, "auroc": 0.993, "fpr95": 0.021, "accepted": 3, "not_located": None}
    report["unknown"] = {
        "score": "1 - confidence",
        "kinds": [{"kind": "empty tables", **kind}],
        "known": 470,
        "histogram": {},
    }
    painted = {"photos": 301, "accuracy": 0.433}
    report["attention"] = {
        "on_body": {"photos": 301, "mean": 0.812, "area": 0.12},
        "accuracy": 0.974,
        "body_painted": painted,
        "background_painted": None,
        "most_frequent": 0.053,
        "warning": "the model relies on the background instead of the resistor",
    }
    report["stress"] = {
        "plain": {"accuracy": 0.974, "coverage": None},
        "rows": [
            {
                "kind": "blur",
                "strength": 2,
                "name": "mild",
                "amount": "sigma 1.5 px",
                "accuracy": 0.871,
                "coverage": None,
                "wrong_accepted": None,
                "photos": 470,
            }
        ],
    }
    return report


def crop(name: str) -> np.ndarray:
    """A picture for each name."""
    shade = np.random.default_rng(list(name.encode("utf-8", "surrogateescape"))).integers(0, 255, 6)
    picture = np.zeros((8, 20, 3), dtype=np.uint8)
    picture[:, :10], picture[:, 10:] = shade[:3], shade[3:]
    return picture


def pictures(page: str) -> list[str]:
    return re.findall(r"^\.[po]\d+ \{ background-image: url\((.*)\); \}$", page, re.MULTILINE)


def test_the_page_says_what_the_report_says() -> None:
    page = Page(report_page(full(), dict.fromkeys(FIGURES, SVG), crop))
    spoken = re.sub(r"\s+", " ", page.text)
    for words in [
        *(
            "97.5 %",
            "95.1 % to 100 %",
            "0.9988",
            "458 of 470 photos",
            "12 of 453 photos were TRAINED",
        ),
        *("98.5 %", "97.1 % to 99.3 %", "0.017", "4.8", "0.314", "0.223", "costs.csv"),
        *("1.43", "0.0127", "0.0064", "0.9312", "93.8 %", "1 of 441", "0.00042", "1.07", "1: 459"),
        *("Not guaranteed: too few photos: 2,995 would do", "Learn then Test", "98.7 %", "99.1 %"),
        *("empty tables", "203", "0.993", "2.1 %", "81.2 %", "43.3 %", "5.3 %", "sigma 1.5 px"),
        *("on the background instead of the resistor", "2 mild", "87.1 %", "-10.3", "0R read as"),
        *("10 Ω", "27 Ω"),
    ]:
        assert words in spoken, words
    assert page.ids() >= {"trade", "calibration", "unknown", "attention", "stress", "curves"}
    for row in full()["predictions"]:
        assert row["photo"] in spoken


def test_the_card_of_ood_photos_has_each_risk_level_and_the_limit_of_a_guarantee() -> None:
    report = full()
    (card,) = (card for card in cards_of(report) if "OOD" in card["name"])
    assert (card["value"], card["tone"]) == ("1.5 %", "")  # 3 of 203
    row = report["unknown"]["kinds"][-1]
    row |= {"accepted": 50, "accepted_at": {"0.001": None, "0.01": 50, "0.05": 101}}
    (card,) = (card for card in cards_of(report) if "OOD" in card["name"])
    assert (card["value"], card["tone"]) == ("24.6 %", "warn")
    for words in ("0.1 % risk: not guaranteed", "1 % risk: 50 of 203", "5 % risk: 101 of 203"):
        assert words in card["note"]
    assert "only for photos like those that the calibration was fitted on" in card["note"]
    report["unknown"] = None
    (card,) = (card for card in cards_of(report) if "out-of-distribution" in card["name"])
    assert card["note"].startswith("No such photo was evaluated")


def test_a_page_in_a_frame_scrolls_and_enlarges_by_itself() -> None:
    """What a browser does with it was tried by hand; here is that the parts are in place."""
    text = report_page(full(), {}, crop)
    assert "scrollIntoView" in text
    assert "showModal" in text
    shots = re.findall(r'<(\w+)[^>]* class="shot p\d+', text)
    assert set(shots) == {"button"}  # what enlarges can be reached by keys
    assert "prefers-color-scheme: dark" in text


def test_a_risk_that_too_few_folds_guarantee_is_named() -> None:
    report = full()
    row = report["calibration"]["reject"][1]
    row |= {"accepted": None, "wrong": None, "coverage": None, "realised": None}
    row["reason"] = "guaranteed by all photos together"
    spoken = Page(report_page(report, {}, crop)).text
    assert "Not evaluated here: guaranteed by all photos together" in spoken
    assert "None" not in spoken


def test_a_section_without_data_is_left_out_with_its_link() -> None:
    page = report_page(made(["a", "b"], 8, 0), {}, crop)
    ids = Page(page).ids()
    left = {"pairs", "curves", "trade", "calibration", "unknown", "attention", "stress"}
    assert not ids & left
    assert ids >= {"metrics", "confusion", "categories", "galleries", "predictions", "method"}
    assert "nan" not in page.lower().replace("nan(", "")  # isNaN(
    Page(report_page(made(["a", "b"], 0, 0), {}, crop))


@pytest.mark.parametrize("figures", [{}, dict.fromkeys(FIGURES, SVG)])
def test_the_page_needs_nothing_beside_it(figures: dict[str, str]) -> None:
    text = report_page(full(), figures, crop)
    page = Page(text)
    for tag, name, value in page.attributes:
        assert tag not in {"link", "iframe", "object"}
        if name == "src":
            assert value.startswith("data:image/svg+xml;base64,")
        if name == "href":
            assert value[0] == "#"
            assert value[1:] in page.ids()
    assert sum(name == "src" for _, name, _ in page.attributes) == len(figures)
    assert all(address.startswith("data:image/jpeg;base64,") for address in pictures(text))
    assert not re.search(r"https?://|@import|url\((?!data:)", text)


def test_a_cell_opens_its_photos_and_each_picture_is_there_once() -> None:
    report = full()
    asked: list[str] = []

    def thumbnail(name: str) -> np.ndarray:
        asked.append(name)
        return crop(name)

    worst = max(report["predictions"], key=lambda row: row["loss"])["photo"]
    text = report_page(report, {}, thumbnail, {worst: crop("overlay"), "elsewhere": crop("x")})
    addresses, data = pictures(text), Page(text).cells
    assert len(asked) == len(set(asked)) == len(addresses) - 1
    assert len(set(addresses)) == len(addresses)
    assert text.count("data:image/jpeg") == len(addresses)
    shown = {
        (label, predicted): (count, photos) for label, predicted, count, photos in data["cells"]
    }
    assert {cell: count for cell, (count, _) in shown.items()} == {
        (label, predicted): count for label, predicted, count in report["confusion"]["cells"]
    }
    names = report["categories"]
    for (label, predicted), (count, photos) in shown.items():
        rows = [data["photos"][number] for number in photos]
        assert len(rows) == count
        assert {row[0] for row in rows} == {
            row["photo"]
            for row in report["predictions"]
            if (row["label"], row["prediction"]) == (names[label], names[predicted])
        }
        for name, *_, picture in rows:
            assert picture >= 0 or label == predicted
            assert picture < 0 or asked[picture] == name


def test_a_confused_pair_is_beside_a_right_photo_of_the_predicted_category() -> None:
    report = made(["a", "b", "c"], 30, 1)
    text = report_page(report, {}, crop)
    (pair,) = re.findall(r'<section id="pairs">.*?</section>', text, re.DOTALL)
    assert "a read as b" in pair
    confident = min(
        (row for row in report["predictions"] if row["label"] == "b"), key=lambda r: r["loss"]
    )
    assert re.findall(r'aria-label="(.*?)"', pair) == ["a/0.jpg", confident["photo"]]


def test_names_are_text_and_never_run() -> None:
    names = [
        "</script><b>",
        "$a$",
        "|",
        "'\"><script>alert(1)</script>{{ 7 * 7 }}",
        "x\udcff",
        "Ω é",
    ]
    text = report_page(made(names, 30, 9), {}, crop)
    text.encode("utf-8")
    page = Page(text)
    assert "<script>alert" not in text
    assert "{{ 7 * 7 }}" in page.text
    assert text.count("</script>") == 2
    assert page.cells["names"][:4] == names[:4]
    assert escape(names[0]) in text
    assert names[3] in unescape(text)


def test_150_categories_are_all_in_the_matrix() -> None:
    text = report_page(made([f"{number}R" for number in range(150)], 3000, 300), {}, crop)
    page = Page(text)
    cells = {value for value in page.ids() if value.startswith("cell-")}
    assert len(cells) == 300  # each category right, and taken for the next
    assert sorted(page.cells["orders"]["value"]) == list(range(150))
    assert len(page.cells["orders"]["together"]) == 150
    assert len(text) < 4_000_000  # pictures of this test are small


def test_of_1000_categories_the_most_confused_are_shown_and_the_rest_is_said() -> None:
    report = made([f"{number}R" for number in range(1000)], 6000, 1500)
    report["predictions"] = report["predictions"][:MAX_ROWS]
    text = report_page(report, {}, crop)
    page = Page(text)
    shown = {int(value.split("-")[1]) for value in page.ids() if value.startswith("cell-")}
    assert len(shown) == PART
    assert shown <= set(range(502))  # the first 500 are taken for the next twice
    assert f"Of 1,000 categories these are the {PART}" in page.text
    assert f"{MAX_ROWS:,} of 6,000 photos: those of the highest and of the lowest" in page.text
    assert len(pictures(text)) <= MAX_PICTURES
    assert len(text) < 6_000_000


def test_many_photos_are_named_and_some_shown() -> None:
    report = made(["a", "b"], 4000, 3000)
    text = report_page(report, {}, crop)
    data = Page(text).cells
    assert all(len(photos) == MAX_LISTED for *_, photos in data["cells"])
    assert len(pictures(text)) < 4 * MAX_LISTED + 4 * GALLERY
