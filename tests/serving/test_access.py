from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

Served = Callable[..., TestClient]
RIGHT = {"Authorization": "Bearer right"}


@pytest.fixture
def guarded(served: Served, tmp_path: Path) -> TestClient:
    return served(token="right", review=tmp_path)


@pytest.mark.parametrize("path", ["/model", "/metrics", "/absent", "/predict"])
@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, "missing"), ({"Authorization": "Bearer wrong"}, "wrong"),
        ({"Authorization": "Basic right"}, "wrong"), ({"Authorization": "Bearer "}, "wrong"),
        ({"Authorization": "Bearer rïght".encode()}, "wrong"),
    ],
)  # fmt: skip
def test_requests_without_the_token_are_refused(
    path: str, given: dict[str, str], found: str, guarded: TestClient
) -> None:
    response = guarded.post(path, headers=given)
    assert response.status_code == 401
    assert response.json() == {
        "detail": f"{'a' if found == 'missing' else 'the'} token is {found}: "
        "expected the header Authorization: Bearer TOKEN"
    }
    assert response.headers["www-authenticate"].startswith('Bearer realm="resistor_cls"')
    assert ("invalid_token" in response.headers["www-authenticate"]) is (found == "wrong")
    assert response.headers["x-content-type-options"] == "nosniff"


def test_requests_with_the_token_are_served(guarded: TestClient) -> None:
    assert guarded.get("/model", headers=RIGHT).status_code == 200
    lower = {"authorization": "bearer right"}
    assert guarded.get("/model", headers=lower).status_code == 200
    for path in ("/health", "/docs", "/docs/style.css", "/openapi.json"):  # open to everyone
        assert guarded.get(path).status_code == 200
    elsewhere = RIGHT | {"Host": "bench.example:8000"}
    assert guarded.get("/model", headers=elsewhere).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200), ("LOCALHOST:1", 200), ("127.0.0.1:8000", 200), ("[::1]:8000", 200),
        ("127.8.8.8", 200), ("evil.example", 403), ("127.0.0.1.evil.example", 403), ("[", 403),
        ("10.0.0.1", 403), ("", 403),
    ],
)  # fmt: skip
def test_without_a_token_only_names_of_this_machine_are_served(
    host: str, status: int, client: TestClient
) -> None:
    assert client.get("/model", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:8000", 200), ("http://localhost:9000", 403), ("null", 403),
        ("https://evil.example", 403), ("http://[", 403),
    ],
)  # fmt: skip
def test_pages_of_other_sites_are_refused(origin: str, status: int, client: TestClient) -> None:
    assert client.get("/model", headers={"Origin": origin}).status_code == status
