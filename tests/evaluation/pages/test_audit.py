"""The audit page has the numbers of the audit, and shows names as text."""

import json
import re
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from resistor_cls.data import FolderSource, PhotoDataModule, Resize
from resistor_cls.data.audit import audit_photos
from resistor_cls.evaluation.pages.audit import MAX_SHOWN, audit_page
from resistor_cls.evaluation.pages.audit_cards import audit_cards
from resistor_cls.evaluation.pages.audit_timeline import marks_of
from resistor_cls.evaluation.wording import percent
from tests.helpers.pages import Page

Audit = dict[str, Any]


@pytest.fixture(scope="module")
def audit(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Audit:
    cache = tmp_path_factory.mktemp("cache")
    data = PhotoDataModule(FolderSource(photos), subset="all", preprocess=Resize(32), cache=cache)
    data.setup()
    return audit_photos(data.photo_set, data.metadata, data.edge_descriptors, {}, progress=False)


def grey(name: str) -> np.ndarray:
    return np.full((32, 32, 3), 128, dtype=np.uint8)


def copy(audit: Audit) -> Audit:
    return json.loads(json.dumps(audit))


def test_the_page_says_what_the_audit_says(audit: Audit) -> None:
    page = audit_page(audit, grey)
    for finding in audit["findings"]:
        for key in ("title", "found", "why", "do"):
            assert escape(finding[key], quote=False) in page.replace("&#39;", "'")
    for row in audit["categories"]:
        assert f"<td>{row['name']}</td>" in page
    border = audit["shortcuts"]["border"]
    assert percent(border["capture"]["accuracy"]).replace(" ", "\N{NO-BREAK SPACE}") in page
    assert page == audit_page(copy(audit), grey)


def test_cards_count_photos_copies_and_pairs(audit: Audit) -> None:
    changed = copy(audit)
    names = [row["photo"] for row in changed["photos"]]
    changed["duplicates"]["exact"] = [names[:3], names[3:5]]
    changed["duplicates"]["near"] = [{"first": names[6], "second": names[7], "across": False}]
    cards = {card["name"]: card for card in audit_cards(changed)}
    assert cards["exact copies"]["value"] == "3"  # two more of the first photo, one of the second
    assert cards["exact copies"]["note"].endswith("in 2 groups")
    assert cards["pair of near-duplicates"]["value"] == "1"
    border = changed["shortcuts"]["border"]
    card = cards["of photos predicted correctly from the border alone"]
    assert card["value"] == percent(border["capture"]["accuracy"])
    assert card["note"].endswith(f"chance is {percent(border['most_frequent'])}")


def test_the_page_needs_nothing_beside_it(audit: Audit) -> None:
    tags = Page(audit_page(audit, grey))
    for tag, name, value in tags.attributes:
        if name in {"src", "href"}:
            assert value.startswith(("#", "data:image/jpeg;base64,")) or value == "audit.json"
        assert tag not in {"link", "iframe", "object"}
    links = {value[1:] for _, name, value in tags.attributes if name == "href" and value[0] == "#"}
    assert links <= {value for _, name, value in tags.attributes if name == "id"}


def test_names_are_text_and_never_run(audit: Audit) -> None:
    evil = "\"'><script>alert(1)</script>{{ 7 * 7 }}\udcff"
    name = audit["categories"][0]["name"]
    text = json.dumps(audit).replace(name, json.dumps(evil)[1:-1])
    page = audit_page(json.loads(text), grey)
    assert "<script>alert" not in page
    assert "{{ 7 * 7 }}" in page
    page.encode("utf-8")
    assert Page(page).attributes


def test_long_lists_are_cut_and_say_so(audit: Audit) -> None:
    long = copy(audit)
    names = [f"{audit['categories'][0]['name']}/{number}.jpg" for number in range(MAX_SHOWN + 7)]
    long["light"]["soft"] = names
    page = audit_page(long, grey)
    assert "and 7 more (audit.json has all)" in page
    assert names[MAX_SHOWN] not in page


def test_a_thumbnail_is_made_once(audit: Audit) -> None:
    asked: list[str] = []

    def thumbnail(name: str) -> np.ndarray:
        asked.append(name)
        return grey(name)

    audit_page(audit, thumbnail)
    assert len(asked) == len(set(asked)) > 0


def marks(*days: tuple[str, int]) -> list[str]:
    rows = [{"date": date, "from": place} for date, place in days]
    return [mark["label"] for mark in marks_of({"photos": 100, "days": rows})]


def test_ticks_of_a_time_axis_name_only_what_changes() -> None:
    assert marks(("2018-04-25", 0), ("2018-04-27", 40), ("2018-05-02", 60)) == [
        "25 Apr 2018",
        "27",
        "2 May",
    ]
    assert marks(("2018-04-25", 0), ("2018-04-27", 99)) == ["25 Apr 2018", ""]
    days = [(f"2018-{1 + place // 25:02d}-{1 + place % 25:02d}", place) for place in range(100)]
    assert marks(*days) == ["Jan 2018", "Feb", "Mar", "Apr"]


def test_likely_label_errors_are_shown(audit: Audit) -> None:
    rows = [
        {"photo": "27.jpg", "label": "a", "reads": "b", "probability": 0.9,
         "label_probability": 0.02},
    ]  # fmt: skip
    labels = {"model": "m", "judged": 50, "trained": 10, "accuracy": 0.96, "rows": rows}
    page = audit_page({**audit, "labels": labels}, grey)
    assert "10 photos that it was trained on were left out" in page
    assert re.search(r"27\.jpg</code>.*?<td>a</td><td>b</td>", page)
