"""The page of `export --format web` in headless Chromium, with its runtime from npm."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from resistor_cls.errors import ConfigError
from resistor_cls.export import main
from resistor_cls.exporting.photos import drawn_photos
from resistor_cls.exporting.web.runtime import runtime_files
from resistor_cls.inference import Predictor
from tests.helpers.browser import CHROMIUM, Browser
from tests.helpers.static_host import static_host

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.xdist_group("browser"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        runtime_files(None)
    except ConfigError as error:
        pytest.skip(f"the runtime of the page is needed: {error}")
    folder = tmp_path_factory.mktemp("web") / "page"
    assert main(["--model", "rendered", "--format", "web", "--output", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    """Drawn photos, and one without a resistor."""
    folder = tmp_path_factory.mktemp("photos")
    drawn = drawn_photos(Predictor().categories, 5, 3, (96, 224), any_value=True)
    for number, one in enumerate(drawn):
        Image.fromarray(one.photo).save(folder / f"{number}.jpg", quality=92)  # type: ignore[arg-type]
    Image.new("RGB", (320, 240), "#c8c4bc").save(folder / "none.png")
    yield sorted(folder.iterdir())


def predicted(browser: Browser, photo: Path, every: bool) -> list[dict[str, Any]]:
    browser.choose_files("#compared", [photo])
    found: list[dict[str, Any]] = browser.run(
        f"await service.predict(field.files[0], {{ every: {json.dumps(every)} }})"
    )
    return found


def opened(browser: Browser, address: str) -> None:
    browser.open(address)
    browser.run(
        """globalThis.service = await import("/page/service.js");
        globalThis.field = document.createElement("input");
        Object.assign(field, { type: "file", id: "compared" });
        document.body.append(field); 1"""
    )


def test_the_page_predicts_like_the_command_line_and_without_a_network(
    page: Path, photos: list[Path], tmp_path: Path
) -> None:
    predictor = Predictor()
    with ExitStack() as until, Browser(tmp_path) as browser:
        address = until.enter_context(static_host(page))
        opened(browser, address)
        for photo in photos:
            for every, ours in (
                (False, [predictor.predict(photo)]),
                (True, predictor.predict_bodies(photo)),
            ):
                expected = [one.as_json() for one in ours]
                found = predicted(browser, photo, every)
                for name in ("text", "accepted", "reason", "ohms", "body", "located"):
                    wanted = [one[name] for one in expected]
                    assert [one[name] for one in found] == wanted, (photo.name, name)
        browser.run("await navigator.serviceWorker.ready; 1")
        assert all(one.startswith((address, "blob:")) for one in browser.requests())
        until.close()  # the host is gone
        opened(browser, address)
        browser.choose_files("#files", [photos[0]])
        browser.wait_for("document.querySelector('.card:not(.waiting)')", seconds=60)
        expected_text = predictor.predict_bodies(photos[0])[0].text
        assert expected_text is not None
        assert predicted(browser, photos[0], True)[0]["text"] == expected_text
        assert browser.errors() == []
