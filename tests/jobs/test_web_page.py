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
from tests.helpers import exports
from tests.helpers.browser import CHROMIUM, Browser
from tests.helpers.static_host import static_host

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        runtime_files(None)
    except ConfigError as error:
        pytest.skip(f"the runtime of the page is needed: {error}")
    return tmp_path_factory.mktemp("web")


def exported_page(model: str, folder: Path) -> Path:
    page = folder / "page"
    assert main(["--model", model, "--format", "web", "--output", str(page), "--replace"]) == 0
    return page


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    """Drawn photos, and one without a resistor."""
    folder = tmp_path_factory.mktemp("photos")
    drawn = drawn_photos(Predictor().categories, range(5), 3, (96, 224), any_value=True)
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


def compare(browser: Browser, predictor: Predictor, photos: list[Path]) -> None:
    """Compares the predictions of an opened page with those of Python."""
    for photo in photos:
        for every, ours in (
            (False, [predictor.predict(photo)]),
            (True, predictor.predict_bodies(photo)),
        ):
            expected = [one.as_json() for one in ours]
            found = predicted(browser, photo, every)
            for name in ("text", "accepted", "reason", "ohms", "category", "body", "located"):
                wanted = [one[name] for one in expected]
                assert [one[name] for one in found] == wanted, (photo.name, name)


def test_the_page_predicts_like_the_command_line_and_without_a_network(
    folder: Path, photos: list[Path], tmp_path: Path
) -> None:
    predictor, page = Predictor(), exported_page("rendered", folder)
    with ExitStack() as until, Browser(tmp_path) as browser:
        address = until.enter_context(static_host(page))
        opened(browser, address)
        compare(browser, predictor, photos)
        browser.run("await navigator.serviceWorker.ready; 1")
        assert all(one.startswith((address, "blob:")) for one in browser.requests())
        until.close()  # the host is gone
        opened(browser, f"{address}index.html")
        browser.choose_files("#files", [photos[0]])
        browser.wait_for("document.querySelector('.card:not(.waiting)')", seconds=60)
        compare(browser, predictor, photos[:1])
        assert browser.errors() == []


def test_a_model_of_categories_predicts_in_the_page(
    folder: Path, photos: list[Path], tmp_path: Path
) -> None:
    file = tmp_path / "tiny.onnx"
    file.write_bytes(exports.content())
    page = exported_page(str(file), folder)
    with static_host(page) as address, Browser(tmp_path / "profile") as browser:
        opened(browser, address)
        compare(browser, Predictor.load(file), photos[:2])
        model = browser.run("await service.describeModel()")
        assert model["categories"] == list(exports.original().categories.names)
