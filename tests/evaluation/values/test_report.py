"""Numbers on values: of all photos and of groups, with intervals of whole parts."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from resistor_cls.evaluation.figures import band_confusion_figure, value_risk_figure
from resistor_cls.evaluation.pages.values import cards, summary, value_page
from resistor_cls.evaluation.values import (
    ValuePredictions,
    value_groups,
    value_report,
    value_rows,
)
from tests.helpers.figures import legend_texts, pixels
from tests.helpers.pages import Page

CODE = ("yellow", "violet", "red", "gold")


def readings() -> ValuePredictions:
    """Eight photos of four parts by two people; the last two are wrong, one with confidence."""
    ohms = np.array([4700.0] * 6 + [470.0, np.nan])
    return ValuePredictions(
        names=tuple(f"{number}.jpg" for number in range(8)),
        ohms_true=np.array([4700.0 * (1 + 1e-9)] * 8),
        ohms=ohms,
        probabilities=np.array([0.99, 0.98, 0.97, 0.96, 0.5, 0.95, 0.93, 0.0]),
        accepted=np.array([True] * 4 + [False, True, True, False]),
        bands=(CODE,) * 7 + ((),),
        true_bands=((*CODE[:3], ""),) * 8,
        read_bands=(CODE,) * 6 + (("yellow", "violet", "brown", "gold"), ("none",) * 4),
        clusters=np.arange(8) // 2,
        cluster_name="part",
        threshold=0.9,
        groups={
            "photographer": ("ann",) * 4 + ("bob",) * 4,
            "light": ("dark", "dark", "", "", "bright", "bright", "bright", "bright"),
        },
    )


def test_groups_state_accuracy_coverage_and_wrong_values() -> None:
    table = value_groups(readings()).set_index(["by", "group"])
    rows: dict[Any, Any] = table.to_dict("index")
    whole, bob = rows["all", "all"], rows["photographer", "bob"]
    assert (whole["photos"], whole["clusters"], whole["right"]) == (8, 4, 6)
    assert whole["accuracy"] == 0.75 and whole["low"] < 0.75 < whole["high"] == 1
    assert (whole["accepted"], whole["accepted_wrong"]) == (6, 1)
    assert bob["accuracy"] == 0.5 and bob["accepted_wrong_share"] == 0.5
    assert (bob["low"], bob["high"]) == (0, 1)  # whole parts: both photos of one are wrong
    dark = rows["light", "dark"]
    assert dark["photos"] == 2 and np.isnan(dark["low"])  # a single part has no interval
    assert ("light", "") not in rows


def test_the_report_has_plain_values() -> None:
    report = value_report(readings())
    assert report["unread"] == 1 and report["cluster"] == "part"
    confusion = report["band_confusion"]
    assert (confusion["bands"], confusion["right"], confusion["photos"]) == (24, 20, 8)
    assert [curve["name"] for curve in report["risk_coverage"]] == ["all", "ann", "bob"]
    assert report["risk_coverage"][0]["points"][-1] == [1.0, 0.25]
    assert report["risk_coverage"][1]["risk"] == 0

    unknown = replace(readings(), true_bands=((),) * 8, read_bands=((),) * 8, groups={})
    report = value_report(unknown)
    assert report["band_confusion"] is None and len(report["risk_coverage"]) == 1
    assert "No" not in summary(report)[0]
    pixels(value_risk_figure(report["risk_coverage"], 0.9))
    assert "no photo" in band_confusion_figure(None).texts[0].get_text()


def test_the_table_has_the_columns_of_predictions() -> None:
    table = readings().table()
    row = table.iloc[6]
    assert row["ohms"] == 470 and not row["value_correct"] and row["value_accepted"]
    assert row["bands"] == "yellow violet red gold"
    assert row["bands_true"] == "yellow violet red ?"
    assert row["bands_read"] == "yellow violet brown gold"
    assert table["ohms"].isna().sum() == 1


def test_figures_show_every_photographer_and_the_colours() -> None:
    report = value_report(readings())
    figure = value_risk_figure(report["risk_coverage"], 0.9)
    pixels(figure)
    assert legend_texts(figure)[2] == "bob: 50.0 % accepted, 50.0 % wrong"
    figure = band_confusion_figure(report["band_confusion"], "of $a$ table")
    pixels(figure)
    assert len(figure.axes[0].patches) == 24  # a swatch for each name


@pytest.mark.parametrize("accepted", [True, False])
def test_the_page_states_the_numbers_and_shows_names_as_text(accepted: bool) -> None:
    predictions = readings()
    if not accepted:
        predictions = replace(predictions, accepted=np.zeros(8, dtype=bool))
    predictions = replace(predictions, names=("<b>.jpg", *predictions.names[1:]))
    values = value_report(predictions)
    report = {
        "title": "photos of table t.csv",
        "model": "rendered",
        "data": {"name": "table t.csv", "subset": "all", "fingerprint": "ab", "seen": ""},
        "made": "2026-11-24T01:02:03",
        "counts": {"photos": 8, "values": 1},
        "values": values,
    }
    rows = value_rows(predictions)
    page = Page(value_page(report, rows, {}, lambda name: np.zeros((64, 192, 3), np.uint8), 3))
    spoken = page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "75.0 %" in spoken and "<b>.jpg" in spoken
    assert {"values", "galleries", "predictions", "method"} <= page.ids()
    text = " ".join(summary(values))
    if accepted:
        assert "75.0 % of the readings are accepted, and 1 of these 6 is wrong (16.7 %)" in text
        assert "is wrong for bob: 1 of 2 (50.0 %)." in text
        assert [card["tone"] for card in cards(values)][2] == "warn"
    else:
        assert "no reading is accepted" in text and len(cards(values)) == 3
