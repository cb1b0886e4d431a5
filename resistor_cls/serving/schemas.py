"""The shapes of requests and responses, for the OpenAPI description."""

import inspect
import re
from typing import Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from resistor_cls.inference.prediction import OF_EXPECTED, Box, Candidate, Prediction


class _Exact(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Problem(_Exact):
    """Why a request is refused."""

    detail: str = Field(description="a sentence: what was found, and what was expected")


class RequestLimits(_Exact):
    """What one request may hold."""

    bytes: int = Field(description="of the body of one request")
    pixels: int = Field(description="of one photo")
    photos: int = Field(description="in one request")


class ModelDescription(_Exact):
    """The model that predicts."""

    model: str = Field(description="how it was named; of a file its name without folders")
    version: str = Field(description="of resistor_cls")
    reads: Literal["values", "categories"] = Field(
        description="whether any value is read, or the categories of the model are predicted"
    )
    categories: list[str] | None = Field(
        description="that are predicted; null where any value is read"
    )
    threshold: float | None = Field(
        description='probability below which the text is "don\'t know"; null where none is known'
    )
    limits: RequestLimits = Field(description="of requests")
    review: bool = Field(description="whether POST /corrections stores photos")


class Health(_Exact):
    """The service runs."""

    status: Literal["ok"] = Field(description="there is no other")


class Stored(_Exact):
    """A correction that was stored."""

    category: str = Field(description="under which the photo is stored")
    photo: str = Field(description="SHA-256 of the photo, with the suffix of its kind of file")


def _model_of(kind: type, **changed: Any) -> type[BaseModel]:
    """The fields of a dataclass, none of which is left out, with what its docstring says of them.

    Args:
        kind: the dataclass.
        **changed: other types of some fields; None leaves one out.
    """
    meanings = _meanings(kind)
    kinds = {name: one for name, one in (get_type_hints(kind) | changed).items() if one is not None}
    fields: dict[str, Any] = {
        name: (one, Field(description=meanings[name])) for name, one in kinds.items()
    }
    summary = (kind.__doc__ or "").partition("\n")[0]
    return create_model(kind.__name__, __base__=_Exact, __doc__=summary, **fields)


def _meanings(kind: type) -> dict[str, str]:
    """What the docstring of a class says of each attribute, in the words of JSON."""
    _, _, attributes = inspect.getdoc(kind).partition("Attributes:\n")  # type: ignore[union-attr]
    parts = re.split(r"^    (\w+): ", attributes, flags=re.MULTILINE)[1:]
    texts = (re.sub(r"\bNone\b", "null", " ".join(text.split())) for text in parts[1::2])
    plain = (text.replace("`", "").rstrip(".") for text in texts)
    return dict(zip(parts[::2], plain, strict=True))


_Candidate, _Box = _model_of(Candidate), _model_of(Box)
OnePrediction = _model_of(
    Prediction,
    photo=str | None,
    box=_Box | None,
    candidates=list[_Candidate],  # type: ignore[valid-type]
    **dict.fromkeys((*OF_EXPECTED, "label")),
)
Predictions: type[BaseModel] = create_model(
    "Predictions",
    __base__=_Exact,
    __doc__="One prediction per photo; with all=true one per body.",
    predictions=(
        list[OnePrediction],  # type: ignore[valid-type]
        Field(description="in the order of the photos"),
    ),
)

_KINDS = ("jpeg", "png", "webp", "tiff", "bmp")
_BINARY = {"type": "string", "format": "binary"}


def _form(**fields: dict[str, Any]) -> dict[str, Any]:
    """The content of a body that is a form, all of whose fields are required."""
    schema = {"type": "object", "properties": fields, "required": list(fields)}
    return {"multipart/form-data": {"schema": schema}}


PHOTOS_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            **_form(photos={"type": "array", "items": _BINARY, "minItems": 1}),
            # Any image/* is taken; these kinds of files can be read.
            **{f"image/{kind}": {"schema": _BINARY} for kind in _KINDS},
        },
    }
}
CORRECTION_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": _form(
            photo=_BINARY,
            value={
                "type": "string",
                "minLength": 1,
                "description": "a resistance such as 4k7, or a category of the model",
            },
        ),
    }
}

_REFUSALS = {
    401: "the token is missing or wrong",
    403: "a page of another site, or another machine without a token",
    404: "there is nothing at this address",
    408: "the body did not arrive in time",
    413: "too many bytes, pixels or photos",
    415: "another content type than those of the request body",
    422: "an argument, a form or a photo that cannot be read",
    503: "too many photos wait, or there was no time; send the request again",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The responses of an operation to requests that are refused.

    Args:
        statuses: beside 401 and 403, which every operation with a token has.
    """
    return {
        status: {"model": Problem, "description": _REFUSALS[status]}
        for status in (401, 403, *statuses)
    }
