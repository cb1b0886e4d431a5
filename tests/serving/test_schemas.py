"""Every response is one that the OpenAPI description has."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resistor_cls.inference import Prediction
from resistor_cls.serving.schemas import OnePrediction
from tests.helpers.served import photo

Described = dict[str, Any]
_SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=9)


@pytest.fixture
def client(served: Callable[..., TestClient], tmp_path: Path) -> TestClient:
    return served(token="right", review=tmp_path / "review", limits={"bytes": 4000, "photos": 2})


@pytest.fixture
def described(client: TestClient) -> Described:
    found = client.get("/openapi.json", headers={"Authorization": "Bearer right"})
    return dict(found.json())


def check(response: Any, described: Described) -> None:
    """Checks status, content type and content of a response."""
    path, method = response.request.url.path, response.request.method.lower()
    documented = described["paths"][path][method]["responses"]
    assert str(response.status_code) in documented, (path, response.status_code, response.text)
    content = documented[str(response.status_code)]["content"]
    kind = response.headers["content-type"].partition(";")[0]
    assert kind in content
    if kind == "application/json":
        schema = {**content[kind]["schema"], "components": described["components"]}
        jsonschema.validate(response.json(), schema)


def test_the_description_names_every_field_of_a_prediction() -> None:
    assert list(OnePrediction.model_fields) == list(Prediction(None).as_json())


def test_every_field_has_a_meaning(described: Described) -> None:
    fields = [
        (name, field, one.get("description", ""))
        for name, schema in described["components"]["schemas"].items()
        for field, one in schema["properties"].items()
    ]
    assert {name for name, _, _ in fields} >= {"Prediction", "Candidate", "Box", "Problem"}
    assert [one for one in fields if not one[2] or "None" in one[2]] == []


def test_the_description_has_all_operations(described: Described) -> None:
    operations = {(path, one) for path, item in described["paths"].items() for one in item}
    assert operations == {
        ("/predict", "post"), ("/corrections", "post"), ("/model", "get"), ("/metrics", "get"),
        ("/health", "get"),
    }  # fmt: skip
    for item in described["paths"].values():
        for operation in item.values():
            assert operation["description"].endswith(".")
    assert "security" in described["paths"]["/predict"]["post"]
    references = re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described))
    assert set(references) <= set(described["components"]["schemas"])


def test_usual_responses_are_described(client: TestClient, described: Described) -> None:
    right = {"Authorization": "Bearer right"}
    for path in ("/model", "/metrics", "/health"):
        check(client.get(path), described)
        check(client.get(path, headers=right), described)
        check(client.get(path, headers=right | {"Origin": "http://evil.example"}), described)
    sent = [("photos", ("a.png", photo(1))), ("photos", ("b.png", b"text"))]
    for query in ("", "?all=true", "?top=1"):
        response = client.post(f"/predict{query}", files=sent, headers=right)
        assert response.status_code == 200
        check(response, described)
    stored = client.post(
        "/corrections", files={"photo": ("a", photo(1))}, data={"value": "4k7"}, headers=right
    )
    assert stored.status_code == 201
    check(stored, described)


REQUESTS = st.fixed_dictionaries(
    {
        "path": st.sampled_from(["/predict", "/corrections"]),
        "query": st.dictionaries(st.sampled_from(["all", "top", "x"]), _SCALARS, max_size=3),
        "field": st.sampled_from(["photos", "photo", "value", "ü"]),
        "name": st.text(max_size=12),
        "content": st.binary(max_size=80) | st.sampled_from([photo(1), bytes(5000)]),
        "value": st.text(max_size=9) | st.sampled_from(["4k7", "1K_1-4W"]),
        "kind": st.sampled_from(["multipart/form-data", "image/png", "text/plain", "", "multi/x"]),
        "token": st.sampled_from(["right", "wrong"]),
    }
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request_=REQUESTS)
def test_whatever_is_sent_the_response_is_described(
    request_: dict[str, Any], client: TestClient, described: Described
) -> None:
    how: dict[str, Any] = {"content": request_["content"]}
    headers = {"Authorization": f"Bearer {request_['token']}"}
    if request_["kind"] == "multipart/form-data":
        files = {request_["field"]: (request_["name"], request_["content"])}
        how = {"files": files, "data": {"value": request_["value"]}}
    else:
        headers["Content-Type"] = request_["kind"]
    response = client.post(request_["path"], params=request_["query"], headers=headers, **how)
    check(response, described)
