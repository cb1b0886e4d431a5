"""The OpenAPI description as a page for people, which loads nothing from other hosts."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment

_TEMPLATE = Path(__file__).with_name("description.html")
STYLE = _TEMPLATE.with_suffix(".css")

_Values = Mapping[str, Any]


def description_page(description: _Values) -> str:
    """The page.

    Args:
        description: an OpenAPI document.
    """
    template = Environment(autoescape=True).from_string(_TEMPLATE.read_text(encoding="utf-8"))
    components = description["components"]
    return template.render(
        info=description["info"],
        secured="securitySchemes" in components,
        operations=list(_operations(description["paths"])),
        schemas=[(name, list(_fields(one))) for name, one in components["schemas"].items()],
    )


def _operations(paths: _Values) -> Iterator[dict[str, Any]]:
    for path, item in paths.items():
        for method, operation in item.items():
            bodies = operation.get("requestBody", {}).get("content", {})
            yield {
                "id": f"{method}{path.replace('/', '-')}",
                "method": method.upper(),
                "path": path,
                "description": operation["description"],
                "parameters": operation.get("parameters", []),
                "bodies": [
                    (kind, list(body["schema"].get("properties", ())))
                    for kind, body in bodies.items()
                ],
                "responses": [_response(*one) for one in sorted(operation["responses"].items())],
            }


def _response(status: str, response: _Values) -> tuple[str, str, str, str]:
    """Status, content type, name of the schema or an empty text, and meaning."""
    kind, content = next(iter(response["content"].items()))
    return status, kind, _name(content["schema"]), response["description"]


def _fields(schema: _Values) -> Iterator[tuple[str, str, str]]:
    """Name, type and meaning of each field of a schema."""
    for name, one in schema["properties"].items():
        yield name, _type(one), one.get("description", "")


def _type(schema: _Values) -> str:
    """The type of a field in words, such as `number or null`."""
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema or "const" in schema:
        return " or ".join(schema.get("enum") or [schema["const"]])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return _name(schema) or str(schema.get("type", "anything"))


def _name(schema: _Values) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]
