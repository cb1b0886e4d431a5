import ctypes
import re
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from PIL import Image

from resistor_cls import __version__
from resistor_cls.inference import Predictor
from tests.helpers.mutations import mutated
from tests.helpers.photo_files import noise, png
from tests.helpers.served import Brightness, photo
from tests.helpers.tiny_training import network

Served = Callable[..., TestClient]


def files(*contents: bytes, field: str = "photos") -> list[tuple[str, tuple[str, bytes]]]:
    return [(field, (f"{place}.png", content)) for place, content in enumerate(contents)]


def detail(response: Any, status: int) -> str:
    """The sentence of a request that is refused, checked."""
    assert response.status_code == status, response.text
    body = response.json()
    assert list(body) == ["detail"]
    assert "Traceback" not in response.text and "/work" not in response.text
    return str(body["detail"])


def wait_for(client: TestClient, line: str) -> None:
    """Waits for a line of the metrics."""
    while f"{line}\n" not in client.get("/metrics").text:
        time.sleep(0.01)


def test_predictions_are_those_of_the_predictor(served: Served) -> None:
    torch.manual_seed(0)
    predictor = Predictor(network(("10R_1W", "4K7_1-4W", "220R_2W")))
    photos = [noise(40, 50, seed) for seed in range(5)]
    expected = [one.as_json() for one in predictor.predict(photos, top=2)]
    contents = []
    for one in photos:
        file = BytesIO()
        Image.fromarray(one).save(file, "PNG")
        contents.append(file.getvalue())
    found = served(predictor).post("/predict?top=2", files=files(*contents)).json()["predictions"]
    assert [one.pop("photo") for one in found] == [f"{place}.png" for place in range(5)]
    for one, other in zip(found, expected, strict=True):
        assert one.keys() | {"photo"} == other.keys()
        assert one["text"] == other["text"] and one["accepted"] == other["accepted"]
        assert one["confidence"] == pytest.approx(other["confidence"], abs=1e-6)
        assert len(one["candidates"]) == 2


def test_one_image_is_the_body(client: TestClient) -> None:
    response = client.post(
        "/predict", content=photo(7, "JPEG"), headers={"Content-Type": "image/jpeg"}
    )
    (one,) = response.json()["predictions"]
    assert (one["photo"], one["ohms"], len(one["candidates"])) == (None, 7.0, 3)
    assert response.headers["cache-control"] == "no-store"


def test_every_body_has_a_prediction(client: TestClient, served: Served) -> None:
    found = client.post("/predict?all=true", files=files(photo(1), photo(2))).json()["predictions"]
    assert [(one["photo"], one["ohms"], one["body"]) for one in found] == [
        ("0.png", 1.0, 1), ("0.png", 1.0, 2), ("1.png", 2.0, 1), ("1.png", 2.0, 2),
    ]  # fmt: skip
    blind = Brightness()
    blind.locates = False
    found = served(blind).post("/predict?all=true", files=files(photo(1))).json()["predictions"]
    assert len(found) == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"), ("C:\\photos\\a b.png", "a b.png"), ("Ω.png", "Ω.png"),
        ("x" * 500, "x" * 255),
    ],
)  # fmt: skip
def test_a_photo_has_the_base_name_of_the_client(name: str, shown: str, client: TestClient) -> None:
    (one,) = client.post("/predict", files={"photos": (name, photo(1))}).json()["predictions"]
    assert one["photo"] == shown


def test_a_photo_that_cannot_be_read_does_not_refuse_the_others(client: TestClient) -> None:
    response = client.post("/predict", files=files(photo(1), b"text", photo(2)[:45], photo(3)))
    assert response.status_code == 200
    found = response.json()["predictions"]
    assert [one["error"] is None for one in found] == [True, False, False, True]
    assert found[1]["error"].startswith("this is not a photo, or its beginning is damaged")
    assert found[1]["text"] is None and found[1]["photo"] == "1.png"
    assert 'outcome="unreadable"} 2.0' in client.get("/metrics").text


def test_photos_none_of_which_can_be_read_are_refused(client: TestClient) -> None:
    found = detail(client.post("/predict", files=files(b"")), 422)
    assert found == "the photo cannot be read: the file is empty: copy the photo again"
    found = detail(client.post("/predict", files=files(b"", photo(1)[:45])), 422)
    empty = "0.png: the file is empty: copy the photo again"
    assert found.startswith(f"none of 2 photos can be read: {empty}; 1.png: ")
    heic = b"\0\0\0\x18ftypheic" + bytes(20)
    assert "HEIC picture" in detail(client.post("/predict", files=files(heic)), 422)


def test_what_is_too_large_is_refused(served: Served) -> None:
    client = served(limits={"bytes": 4000, "pixels": 1000, "photos": 2})
    assert "more than 4,000 bytes" in detail(client.post("/predict", files=files(bytes(5000))), 413)

    def endless() -> Iterator[bytes]:  # without a content length
        for _ in range(100):
            yield bytes(1000)

    kind = {"Content-Type": "image/png"}
    assert "more than 4,000 bytes" in detail(
        client.post("/predict", content=endless(), headers=kind), 413
    )
    bomb = png((60_000, 60_000), 8, 2)
    assert "pixels" in detail(client.post("/predict", files=files(bomb)), 422)
    wide = photo(1, size=(1001, 1))
    assert "at most 1,000" in detail(client.post("/predict", files=files(wide)), 413)
    assert client.post("/predict", files=files(photo(1), wide)).status_code == 200
    three = files(photo(1), photo(2), photo(3))
    assert "more than 2 photos" in detail(client.post("/predict", files=three), 413)


@pytest.mark.parametrize(
    ("status", "found", "request_"),
    [
        (415, "content type is missing", {"content": b"x"}),
        (415, "text/plain", {"content": b"x", "headers": {"Content-Type": "text/plain"}}),
        (415, "urlencoded", {"data": {"photos": "x"}}),
        (422, "field photo: expected the field photos", {"files": files(b"x", field="photo")}),
        (422, "no file in the field photos", {"files": {"photos": (None, "text")}}),
        (422, "boundary", {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}),
        (422, "form", {"content": b"--b\r\n\xff\r\n", "headers": {
            "Content-Type": "multipart/form-data; boundary=b"}}),
        (422, "top: ", {"files": files(b"x"), "params": {"top": "0"}}),
        (422, "top: ", {"files": files(b"x"), "params": {"top": "many"}}),
        (422, "all: ", {"files": files(b"x"), "params": {"all": "often"}}),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused(
    status: int, found: str, request_: dict[str, Any], client: TestClient
) -> None:
    assert found in detail(client.post("/predict", **request_), status)


def test_nothing_at_an_address_is_a_sentence(client: TestClient) -> None:
    assert "nothing at this address" in detail(client.get("/nothing"), 404)
    assert "takes no GET" in detail(client.get("/predict"), 405)
    assert "--review" in detail(client.post("/corrections"), 404)
    assert "no page" in detail(client.get("/"), 404)


def test_a_defect_shows_neither_path_nor_traceback(
    client: TestClient, predictor: Brightness
) -> None:
    predictor.defects = {9.0}
    assert detail(client.post("/predict", files=files(photo(9))), 500) == (
        "a defect of the service; its log says more"
    )
    assert client.post("/predict", files=files(photo(8))).status_code == 200
    assert 'path="/predict",status="500"} 1.0' in client.get("/metrics").text


def test_too_many_waiting_photos_are_refused(served: Served, predictor: Brightness) -> None:
    client = served(limits={"waiting": 3})
    predictor.free.clear()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(client.post, "/predict", files=files(photo(1), photo(2)))
        wait_for(client, "resistor_cls_waiting_photos 2.0")
        refused = client.post("/predict", files=files(photo(3), photo(4)))
        assert refused.headers["retry-after"] == "1"
        assert "at most 3" in detail(refused, 503)
        predictor.free.set()
        assert first.result().status_code == 200
    assert client.post("/predict", files=files(photo(3), photo(4))).status_code == 200


def test_a_request_that_takes_too_long_is_given_up(served: Served, predictor: Brightness) -> None:
    client = served(limits={"seconds": 1.0})
    predictor.free.clear()
    late = client.post("/predict", files=files(photo(1)))
    assert "longer than 1 s" in detail(late, 503)
    assert late.headers["retry-after"] == "10"
    predictor.free.set()
    assert "resistor_cls_waiting_photos 0.0" in client.get("/metrics").text


def test_the_model_is_described(served: Served, tmp_path: Path) -> None:
    described = served(model="best.ckpt", threshold=0.7, review=tmp_path).get("/model").json()
    assert described == {
        "model": "best.ckpt",
        "version": __version__,
        "reads": "categories",
        "categories": ["1K_1-4W", "2K2_1-4W", "2K2_1-2W"],
        "threshold": 0.7,
        "limits": {"bytes": 32 << 20, "pixels": 64_000_000, "photos": 16},
        "review": True,
    }
    described = served(Brightness(reads_any_value=True)).get("/model").json()
    assert (described["reads"], described["categories"]) == ("values", None)
    assert (described["threshold"], described["review"]) == (0.9, False)


def test_health_and_metrics(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    client.post("/predict", files=files(photo(1), photo(2)))
    client.get("/a/" + "x" * 50)
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in (
        'resistor_cls_requests_total{path="/predict",status="200"} 1.0',
        'resistor_cls_requests_total{path="other",status="404"} 1.0',
        'resistor_cls_photos_total{outcome="read"} 2.0',
        "resistor_cls_batch_photos_sum 2.0",
        "resistor_cls_waiting_photos 0.0",
        "process_resident_memory_bytes ",
    ):
        assert line in response.text


def test_the_page_is_served_without_foreign_hosts(served: Served, tmp_path: Path) -> None:
    page = tmp_path / "page"
    page.mkdir()
    (page / "index.html").write_text("<p>page")
    (page / "main.js").write_text("1")
    (tmp_path / "secret").write_text("secret")
    client = served(token="t")  # the page itself asks for the token
    found = client.get("/")
    assert found.text == "<p>page"
    assert found.headers["content-type"].startswith("text/html")
    assert found.headers["content-security-policy"].startswith(
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:"
    )
    assert found.headers["x-content-type-options"] == "nosniff"
    script = client.get("/page/main.js")
    assert "javascript" in script.headers["content-type"]
    assert script.headers["cache-control"] == "no-cache"
    for name in ("/page/../secret", "/page/%2e%2e/secret", "/page/..%2fsecret", "/page/absent"):
        assert client.get(name).status_code in (401, 404)


def test_corrections_are_stored(served: Served, tmp_path: Path) -> None:
    client = served(Brightness(reads_any_value=True), review=tmp_path / "review")
    sent = photo(5, "JPEG")

    def correct(value: str, content: bytes = sent) -> Any:
        return client.post(
            "/corrections", files={"photo": ("../x.jpg", content)}, data={"value": value}
        )

    stored = correct("4k7")
    assert stored.status_code == 201
    (path,) = [one for one in (tmp_path / "review").rglob("*") if one.is_file()]
    assert path.parent.name == stored.json()["category"] == "4K7"
    assert path.name == stored.json()["photo"] and path.read_bytes() == sent
    assert "is not a resistance" in detail(correct("../x"), 422)
    assert "not a photo" in detail(correct("4k7", b"x"), 422)
    assert "cannot be decoded" in detail(correct("4k7", photo(5)[:45]), 422)
    assert "field value" in detail(
        client.post("/corrections", files=files(sent, field="photo")), 422
    )
    assert "more than 1 photo" in detail(
        client.post("/corrections", files=files(sent, sent, field="photo")), 413
    )
    assert detail(client.post("/corrections", content=sent), 415)
    assert len([one for one in (tmp_path / "review").rglob("*") if one.is_file()]) == 1


def test_a_review_folder_that_cannot_be_written_shows_no_path(
    served: Served, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    client = served(review=tmp_path / "file")
    found = client.post("/corrections", files={"photo": ("a", photo(1))}, data={"value": "1K_1-4W"})
    assert str(tmp_path) not in detail(found, 503)


def test_damaged_photos_are_no_defect(client: TestClient) -> None:
    contents = [mutated(number) for number in range(320)]
    for first in range(0, 320, 16):
        response = client.post("/predict", files=files(*contents[first : first + 16]))
        assert response.status_code in (200, 413, 422), response.text
    for content in contents[:80]:
        response = client.post("/predict", content=content, headers={"Content-Type": "image/x"})
        assert response.status_code in (200, 413, 422), response.text
    assert 'status="500"' not in client.get("/metrics").text


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="malloc_trim is of the C library of Linux")
def test_ten_thousand_damaged_photos_leave_no_memory_behind(client: TestClient) -> None:
    def resident() -> float:
        ctypes.CDLL(None).malloc_trim(0)  # free memory that the C library keeps is not lost
        text = client.get("/metrics").text
        (found,) = re.findall(r"^process_resident_memory_bytes (\S+)", text, re.M)
        return float(found) / 2**20

    for first in range(0, 10_000, 16):
        contents = [mutated(number) for number in range(first, first + 16)]
        response = client.post("/predict", files=files(*contents))
        assert response.status_code in (200, 413, 422), response.text
        if first == 2000:
            before = resident()
    assert resident() < before + 64  # MiB


def test_requests_at_the_same_time_get_their_own_predictions(
    client: TestClient, predictor: Brightness
) -> None:
    def ask(number: int) -> bool:
        level = number % 200
        found = client.post("/predict?top=1", files=files(photo(level))).json()["predictions"]
        return bool(found[0]["ohms"] == level)

    predictor.free.clear()
    with ThreadPoolExecutor(32) as pool:
        asked = pool.map(ask, range(200))
        wait_for(client, "resistor_cls_waiting_photos 32.0")
        predictor.free.set()
        assert all(asked)
    assert sum(predictor.batches) == 200
    assert 8 <= max(predictor.batches) <= 16


def test_a_grey_array_of_numpy_is_read(client: TestClient) -> None:
    file = BytesIO()
    np.save(file, noise(5, 6))
    assert client.post("/predict", files=files(file.getvalue())).status_code == 200
