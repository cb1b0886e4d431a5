"""The page in headless Chromium, on drawn photos, with the predictions of a stand-in service."""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from resistor_cls.categories import parse_value
from resistor_cls.colour_code import SWATCHES, encode, ohms_in_words
from resistor_cls.evaluation.wording import share
from tests.helpers.browser import CHROMIUM, Browser
from tests.helpers.stand_in_service import StandInService, served

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

NO_BREAK = "\N{NO-BREAK SPACE}"
BANDS = ["yellow", "violet", "red", "gold"]
BODY = {"x": 200.0, "y": 100.0, "length": 120.0, "width": 40.0, "degrees": 0.0}
HOSTILE = "<img src=x onerror=alert(1)>.jpg"


def candidate(text: str, ohms: float, probability: float) -> dict[str, Any]:
    numbers = {"ohms": ohms, "probability": probability, "confidence": probability}
    return {"text": text, "category": None, **numbers}


def reading(**changes: Any) -> dict[str, Any]:
    """A prediction as the service sends it."""
    guesses = [candidate("4.7 kΩ ±5 %", 4700, 0.97), candidate("470 Ω ±5 %", 470, 0.02)]
    return {
        "photo": "4k7.jpg", "text": "4.7 kΩ ±5 %", "ohms": 4700.0, "tolerance": 0.05,
        "watts": None, "bands": BANDS, "markings": [BANDS], "category": None, "confidence": 0.97,
        "calibrated": True, "accepted": True, "reason": None, "located": True, "familiar": None,
        "box": BODY, "candidates": guesses, "error": None, "body": 1, **changes,
    }  # fmt: skip


def doubt(
    reason: str | None = "the second band is red or orange", **changes: Any
) -> dict[str, Any]:
    """A prediction that is not accepted."""
    nothing: dict[str, Any] = {
        "ohms": None,
        "tolerance": None,
        "bands": None,
        "markings": [],
        "accepted": False,
    }
    return reading(text="don't know", reason=reason, confidence=0.8, **nothing) | changes


NO_BODY = doubt("the detector finds no resistor body in the photo") | {
    "text": "no resistor found", "located": False, "confidence": None, "box": None, "body": None,
}  # fmt: skip
BOTH_WAYS = doubt("the code reads both ways") | {
    "text": "10 kΩ ±1 % or 120 Ω ±1 %: the code reads both ways",
    "candidates": [candidate("10 kΩ ±1 %", 1e4, 0.5), candidate("120 Ω ±1 %", 120, 0.4)],
}
PREDICTIONS: dict[str, list[dict[str, Any]] | str] = {
    "4k7.jpg": [reading()],
    "doubt.jpg": [doubt()],
    "both.jpg": [BOTH_WAYS],
    "claim.jpg": [doubt(text="4.7 kΩ ±5 %", ohms=4700.0, bands=BANDS, markings=[BANDS])],
    "none.jpg": [NO_BODY],
    "two.jpg": [reading(), doubt(body=2, box=BODY | {"x": 300.0, "y": 240.0, "degrees": 30.0})],
    "turned.jpg": [reading()],
    "broken.jpg": "The file is cut off: save it again.",
    HOSTILE: [reading(photo=HOSTILE)],
}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drawn photo of 400 × 300 pixels under each name; one of them lies on its side."""
    folder = tmp_path_factory.mktemp("photos")
    photo = Image.new("RGB", (400, 300), "#808080")
    draw = ImageDraw.Draw(photo)
    draw.rectangle((140, 80, 260, 120), "#e0c890")
    for place, colour in enumerate(BANDS):
        draw.rectangle((155 + 26 * place, 80, 163 + 26 * place, 120), SWATCHES[colour])
    for name in PREDICTIONS:
        photo.save(folder / name, quality=95)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise to be upright
    photo.rotate(90, expand=True).save(folder / "turned.jpg", exif=exif, quality=95)
    return folder


@pytest.fixture(scope="module")
def service() -> Iterator[StandInService]:
    with served(StandInService(PREDICTIONS)) as service:
        yield service


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, service: StandInService) -> Iterator[Browser]:
    yield opened(browser, service)
    browser.run("sessionStorage.clear()")


def opened(browser: Browser, service: StandInService) -> Browser:
    """The page as in a new tab."""
    browser.emulate()
    browser.open(service.address)
    browser.events.clear()
    return browser


def read(page: Browser, folder: Path, names: Sequence[str]) -> None:
    """Chooses photos and waits for their cards."""
    page.choose_files("#files", [folder / name for name in names])
    wait_for_cards(page, len(names))


def wait_for_cards(page: Browser, photos: int) -> None:
    page.wait_for(
        f"document.querySelectorAll('.result').length === {photos} && "
        "!document.querySelector('.waiting') && !document.querySelector('.frame:empty')"
    )


def text(page: Browser, selector: str) -> str:
    """The text of all elements of a selector, with plain spaces."""
    script = f"[...document.querySelectorAll({json.dumps(selector)})].map(one => one.textContent)"
    return " | ".join(page.run(script)).replace(NO_BREAK, " ")


def call(page: Browser, module: str, function: str, *arguments: Any) -> Any:
    """Calls a function of a module of the page."""
    words = ", ".join(json.dumps(one) for one in arguments)
    return page.run(f"(await import('/page/{module}.js')).{function}({words})")


def test_a_reading_has_value_bands_and_confidence(page: Browser, photos: Path) -> None:
    read(page, photos, ["4k7.jpg"])
    assert text(page, ".card .main") == "4.7 kΩ" and text(page, ".card .rest") == "±5 %"
    assert text(page, ".confidence") == "Confidence 97.0 %"
    assert text(page, ".bands .colour") == "yellow | violet | red | gold"
    assert text(page, ".bands .meaning") == "4 | 7 | × 100 | ±5 %"
    assert text(page, ".bands .role") == "digit | digit | multiplier | tolerance"
    assert text(page, ".second") == "Second candidate: 470 Ω ±5 %, 2.0 %"
    assert text(page, "#spoken p") == (
        "4k7.jpg: 4.7 kiloohms, plus or minus 5 percent, bands yellow, violet, red, gold, "
        "confidence 97 percent."
    )
    points = page.run("document.querySelector('.outlines .line').getAttribute('points')")
    assert points.split()[0] == "134.4,74.4"  # with a margin of 0.14 widths
    assert page.errors() == []
    hosts = {one.split("/")[2] for one in page.requests() if one.startswith("http")}
    assert len(hosts) == 1


@pytest.mark.parametrize("name", ["doubt.jpg", "both.jpg", "claim.jpg", "none.jpg"])
def test_without_acceptance_no_value_is_shown(page: Browser, photos: Path, name: str) -> None:
    read(page, photos, [name])
    guesses = text(page, ".guesses li")
    page.run("document.querySelector('.guesses')?.remove()")
    assert "Ω" not in text(page, "body") and not text(page, ".bands, .main, #counts li")
    assert text(page, "h3") in {"1Don’t know", "No resistor found"}
    assert text(page, ".reason").endswith(".") and text(page, ".remedy").endswith(".")
    assert ("Ω" in guesses) == (name != "none.jpg")


def test_reasons_of_the_package_have_a_remedy_and_name_no_value(page: Browser) -> None:
    from resistor_cls.categories import parse_name
    from resistor_cls.inference.quality import CropQuality, photo_reason
    from resistor_cls.inference.wording import close_readings, not_listed, worded

    values = ["130 kΩ ±5 %", "110 kΩ ±5 %"]
    measures = [(100.0, 30.0, 0.0, 0.01), (100.0, 90.0, 0.5, 0.01), (100.0, 90.0, 0.0, 0.1)]
    measures.append((20.0, 90.0, 0.0, 0.01))
    reasons = [
        photo_reason(length, CropQuality(brightness, clipped, edge_width, colour=20))
        for length, brightness, clipped, edge_width in measures
    ]
    reasons += [close_readings(values), close_readings(values[:1]), close_readings([])]
    reasons += [
        not_listed(values[0], "parts.txt", one).reason for one in ("reads", "probably reads")
    ]
    best = parse_name("4K7_1-4W")
    reasons.append(worded(best, located=True, familiar=False).reason)
    reasons.append(worded(best, located=True, missed_limit="--risk 0.01").reason)
    predictions = [doubt(reason) for reason in reasons]
    found = page.run(f"""
        const {{ reasonOf, remedyOf }} = await import('/page/wording.js');
        {json.dumps(predictions)}.map((one) => [reasonOf(one), remedyOf(one)])""")
    assert all("Ω" not in reason and remedy for reason, remedy in found)
    assert found[4][0] == "Two readings are close."
    assert found[7][0] == "The most likely value is not in parts.txt."
    # Of what a photo lacks, each remedy is another one.
    assert len({remedy for _, remedy in found[:4]}) == 4


def test_several_bodies_and_a_correction(
    page: Browser, service: StandInService, photos: Path
) -> None:
    read(page, photos, ["two.jpg"])
    assert text(page, ".frame .number") == text(page, ".card .number") == "1 | 2"
    assert text(page, "#counts li") == "4.7 kΩ× 1"
    page.run("document.querySelectorAll('.correction button')[1].click()")
    field = "document.querySelector('.correction input')"
    page.run(f"{field}.value = 'nonsense'; {field}.form.requestSubmit()")
    page.wait_for("document.querySelector('.status').textContent")
    assert text(page, ".status") == "'nonsense' is not a resistance."
    page.run(f"{field}.value = '4k7'; {field}.form.requestSubmit()")
    page.wait_for("document.querySelector('.stored')")
    assert text(page, ".stored") == "Saved for review as 4.7 kΩ."
    assert text(page, "#counts li") == "4.7 kΩ× 2"
    ((value, body),) = service.corrections
    assert value == "4k7"
    # Only the surroundings of this body: the label is not that of the other one.
    picture = body[body.index(b"\xff\xd8") : body.rindex(b"\xff\xd9") + 2]
    assert Image.open(io.BytesIO(picture)).size == (240, 240)


def test_corrections_are_offered_only_with_a_review_folder(browser: Browser, photos: Path) -> None:
    with served(StandInService(PREDICTIONS, review=False)) as service:
        page = opened(browser, service)
        read(page, photos, ["4k7.jpg"])
        assert text(page, ".card h3") and not text(page, ".correction")


def test_a_photo_that_lies_on_its_side_is_shown_upright(page: Browser, photos: Path) -> None:
    read(page, photos, ["turned.jpg"])
    view = page.run("document.querySelector('.outlines').getAttribute('viewBox')")
    assert view == "0 0 400 300"
    ratio = "document.querySelector('img.photo')"
    page.wait_for(f"{ratio}.complete")
    assert page.run(f"{ratio}.naturalWidth / {ratio}.naturalHeight") == pytest.approx(4 / 3)
    # The close-up shows the body: its middle has the colour of the body, not of the background.
    red, _, blue = page.run("""
        const picture = document.querySelector('.close-up');
        await picture.decode();
        const canvas = new OffscreenCanvas(1, 1);
        const [x, y] = [picture.naturalWidth / 2, picture.naturalHeight / 2];
        const context = canvas.getContext('2d');
        context.drawImage(picture, x, y, 1, 1, 0, 0, 1, 1);
        [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)]""")
    assert red - blue > 40


def test_the_token_is_asked_for_once(browser: Browser, photos: Path) -> None:
    with served(StandInService(PREDICTIONS, token="secret")) as service:
        page = opened(browser, service)
        for token in ("wrong", "secret"):
            page.wait_for("document.querySelector('#token').open")
            page.run(f"""
                const form = document.querySelector('#token form');
                form.elements.token.value = '{token}';
                form.requestSubmit()""")
            page.wait_for(
                "document.querySelector('#model').textContent || "
                "document.querySelector('#token .problem').textContent"
            )
        read(page, photos, ["4k7.jpg", "two.jpg", "none.jpg", "doubt.jpg"])
        assert not page.run("document.querySelector('#token').open")
        assert text(page, "#model") == (
            "Model stand-in: reads any value, “don’t know” below 90.0 % · resistor_cls 1.0"
        )


def test_refusals_are_shown_as_they_are(browser: Browser, photos: Path) -> None:
    with served(StandInService(PREDICTIONS, max_bytes=100)) as service:
        page = opened(browser, service)
        read(page, photos, ["4k7.jpg"])
        assert "at most 0.0 MB are accepted" in text(page, ".reason")
        assert not any("predict" in one for one in page.requests())
    with served(StandInService(PREDICTIONS)) as service:
        page = opened(browser, service)
        read(page, photos, ["broken.jpg", "4k7.jpg"])
        assert text(page, ".reason") == "The file is cut off: save it again."
        assert text(page, ".card .main") == "4.7 kΩ"
    page.choose_files("#files", [photos / "4k7.jpg"])  # the service has ended
    wait_for_cards(page, 1)
    assert text(page, ".reason").startswith("The service cannot be reached.")
    # It is not lost where other photos are shown, and is tried again from the history.
    assert text(page, "#rows .words") == "Not read | 4.7 kΩ ±5 % | Not read"
    page.run("document.querySelector('#rows button').click()")
    page.wait_for("document.activeElement.matches('.card.unreadable')")
    page.run("document.querySelector('.card button').click()")
    wait_for_cards(page, 1)
    assert page.run("document.querySelectorAll('#rows li').length") == 3


def test_pasted_and_dropped_photos_and_hostile_names(page: Browser, photos: Path) -> None:
    page.run(f"""
        const transfer = new DataTransfer();
        transfer.items.add(new File(['x'], {json.dumps(HOSTILE)}, {{ type: 'image/jpeg' }}));
        const pasted = new ClipboardEvent('paste', {{ clipboardData: transfer, bubbles: true }});
        document.body.dispatchEvent(pasted)""")
    wait_for_cards(page, 1)
    assert text(page, "figcaption") == HOSTILE
    assert not page.run("document.querySelector('[onerror]')")
    page.drop([photos / "4k7.jpg"])
    wait_for_cards(page, 1)
    assert text(page, "figcaption") == "4k7.jpg" and text(page, ".card .main") == "4.7 kΩ"
    page.drop([photos])
    wait_for_cards(page, len(PREDICTIONS))
    assert page.run("document.querySelector('#veil').hidden")


def test_the_camera_at_a_desk(page: Browser) -> None:
    page.run("document.querySelector('#take').click()")
    page.wait_for("!document.querySelector('#camera .take').disabled")
    page.run("document.querySelector('#camera .close').click()")
    page.wait_for("!document.querySelector('#camera video').srcObject")
    page.run("document.querySelector('#take').click()")
    page.wait_for("!document.querySelector('#camera .take').disabled")
    page.press("Enter", "\r")  # the button has the focus
    wait_for_cards(page, 1)
    assert re.fullmatch(r"camera \d\d-\d\d-\d\d\.jpg", text(page, "figcaption"))
    assert not page.run("document.querySelector('#camera').open")


def test_history_survives_a_reload_and_is_saved_as_csv(page: Browser, photos: Path) -> None:
    read(page, photos, ["4k7.jpg"])
    read(page, photos, ["doubt.jpg"])
    assert text(page, "#rows .words") == "Don’t know | 4.7 kΩ ±5 %"
    # By keyboard: a row shows its photo again, and its card has the focus.
    page.run("document.querySelectorAll('#rows button')[1].focus()")
    page.press("Enter", "\r")
    page.wait_for("document.activeElement.matches('.card.read')")
    rows = page.run("JSON.parse(sessionStorage.getItem('resistor_cls.history'))")
    page.open(page.run("location.href"))
    assert text(page, "#rows .words") == "Don’t know | 4.7 kΩ ±5 %"
    assert all(row["picture"].startswith("data:image/jpeg") for row in rows)
    rows[0]["photo"] = '=cmd,"x".jpg'
    content = call(page, "history", "asCsv", rows)
    assert content.startswith("\ufeff")
    first, second = csv.DictReader(io.StringIO(content[1:], newline=""))
    assert first["photo"] == '\'=cmd,"x".jpg'
    assert (first["value"], first["ohms"], first["bands"]) == (
        "4.7 kΩ ±5 %", "4700", "yellow violet red gold",
    )  # fmt: skip
    assert (second["value"], second["ohms"], second["accepted"]) == ("", "", "false")
    assert second["possible_readings"].startswith("4.7 kΩ ±5 % | ")


def test_narrow_screens_need_no_scrolling_aside(page: Browser, photos: Path) -> None:
    for width in (320, 390):
        page.emulate(width, 800, mobile=True)
        read(page, photos, ["two.jpg"])
        assert page.run("document.documentElement.scrollWidth") <= width


def test_the_colour_code_is_that_of_the_package(page: Browser) -> None:
    assert page.run("(await import('/page/colour_code.js')).SWATCHES") == SWATCHES
    values = [0.47, 1, 4.7, 10, 330, 999, 1e3, 4700, 11e6, 2.2e9, 0.1]
    script = "const code = await import('/page/colour_code.js');"
    words = page.run(f"{script} {values}.map(code.ohmsInWords)")
    assert [one.replace(NO_BREAK, " ") for one in words] == [ohms_in_words(one) for one in values]
    typed = ["4k7", "4.7k", "4.7 kΩ", "0R47", "4700", "2M2", "220R", "1G", "10"]
    assert page.run(f"{script} {json.dumps(typed)}.map(code.parseOhms)") == [
        pytest.approx(parse_value(one)) for one in typed
    ]
    assert page.run(f"{script} ['', 'x', '4k7k', '-3'].map(code.parseOhms)") == [None] * 4
    shares = [0, 0.0001, 0.02, 0.984, 0.9999, 1]
    words = page.run(f"{script} {shares}.map(code.shareInWords)")
    assert [one.replace(NO_BREAK, " ") for one in words] == [share(one) for one in shares]
    codes = [encode(4700, 0.2, 3), encode(0.47), encode(51.1e3, 0.01, 5)]
    codes.append(encode(1.21e6, 0.005, 6, 50))
    found = page.run(f"{script} {json.dumps(codes)}.map(code.meanings)")
    assert [[one["meaning"].replace(NO_BREAK, " ") for one in code] for code in found] == [
        ["4", "7", "× 100"],
        ["4", "7", "× 0.01", "±5 %"],
        ["5", "1", "1", "× 100", "±1 %"],
        ["1", "2", "1", "× 10k", "±0.5 %", "50"],
    ]
