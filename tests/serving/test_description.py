import re
from collections.abc import Callable
from pathlib import Path

from fastapi.testclient import TestClient

from tests.helpers.pages import Page

Served = Callable[..., TestClient]


def test_the_page_describes_every_request_without_other_hosts(
    served: Served, tmp_path: Path
) -> None:
    client = served(token="right", review=tmp_path)
    found = client.get("/docs")
    assert found.headers["content-type"].startswith("text/html")
    page = Page(found.text)
    operations = ("POST /predict", "POST /corrections", "GET /model", "GET /metrics", "GET /health")
    for text in (
        *operations,
        "Authorization: Bearer TOKEN",
        "multipart/form-data",
        "number or null",
    ):
        assert text in " ".join(page.text.split())
    links = [value for _, name, value in page.attributes if name in ("href", "src")]
    assert not [link for link in links if "//" in link]
    assert {link[1:] for link in links if link.startswith("#")} <= page.ids()
    for link in links:
        if link.startswith("/"):
            assert client.get(link).status_code == 200
    assert not re.search(r"<script|style=", found.text)


def test_the_page_says_nothing_of_what_is_not_there(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "/corrections</" not in page and "TOKEN" not in page


def test_pages_that_name_no_icon_find_one(served: Callable[..., TestClient]) -> None:
    icon = served(token="right").get("/favicon.ico")
    assert icon.status_code == 200 and icon.headers["content-type"] == "image/svg+xml"
