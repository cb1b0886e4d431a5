"""What a file of a model must hold, beside its tensors: one schema for all kinds of files.

Files come from anywhere. Whatever is in them is checked here, once, before it is used; the same
schema checks the settings of a model that is made, so that what is trained can always be loaded.
"""

import re
import reprlib
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    FailFast,
    Field,
    ValidationError,
    model_validator,
)

from resistor_cls.errors import ConfigError, ModelError

# Pixels: such a square in float32 takes 0.8 GB, and more is a slip or an attack.
MAX_SIDE = 8_192
MAX_CHANNELS = 65_536  # of arrays instead of photos; hyperspectral cameras have hundreds
# Values within values, deeper than any settings of ours; Python's recursion ends at 1,000.
MAX_DEPTH = 64
# The metadata name each photo that trained, by 16 to 64 characters: ten million values are more
# than any set of photos needs, and few enough to be walked through in seconds.
MAX_VALUES, MAX_CHARACTERS = 10_000_000, 500_000_000
# A pickle of 1 KB can stand for 2^100 values: lists that hold the list before twice.
MAX_REPEATS = 1_000
MAX_BITS = 64  # of a whole number; one of a million digits takes minutes to print
REMEDY = "use a file that this version of resistor_cls wrote, or the version that wrote it"


def _once(names: list[str]) -> list[str]:
    """Names that are all different."""
    if len(set(names)) < len(names):
        raise ValueError("each name once")
    return names


def _size(size: Any) -> Any:
    """An image size: a whole number of pixels, or rows and columns."""
    sides = size if isinstance(size, list) and len(size) == 2 else [size]
    if not all(type(side) is int and 1 <= side <= MAX_SIDE for side in sides):
        raise ValueError(f"1 to {MAX_SIDE} pixels, or [rows, columns]")
    return size


Size = Annotated[Any, AfterValidator(_size)]
Names = Annotated[list[str], FailFast()]
Share = Annotated[float, Field(ge=0, le=1)]
LessThanOne = Annotated[float, Field(ge=0, lt=1)]
Flag = bool | int  # a person may have written 1 for true, and trained with it
NotNegative = Annotated[float, Field(ge=0)]


class _Values(BaseModel):
    """Values that are all known: another key is an error."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Settings(_Values):
    """Arguments of a `ResistorNetwork`, as they are saved with it.

    Files of earlier versions do not have all of them: the others have their defaults. Whether a
    name is known (of a backbone, pool, loss, normalization) is checked by what knows the names.
    """

    categories: Annotated[list[str], FailFast(), Field(min_length=2), AfterValidator(_once)]
    backbone: str
    pool: str = "avg"
    dropout: LessThanOne = 0.0
    drop_path: LessThanOne = 0.0
    image_size: Size = 224
    channels: Annotated[int, Field(ge=1, le=MAX_CHANNELS)] = 3
    normalization: str = "simple"
    steps: dict[str, Any] | None = None
    locate: bool = False
    views: int = 1
    mixed_precision_inference: bool = False
    probability_threshold: Share = 0.0
    loss: str = "bce"
    activation: str | None = None  # of a custom loss; those of others follow from their names
    focal_gamma: NotNegative = 2.0
    band_weight: NotNegative = 0.0


class DataSettings(BaseModel):
    """Arguments of a `PhotoDataModule`; further ones are those of the source of the photos."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)

    image_size: Size
    source: str = "folder"
    root: str | None = None
    batch_size: int = 32
    drop_last: Flag = True
    skip_unreadable: Flag = False
    split: str = "stratified"
    folds: int = 5
    fold: int = 0
    split_seed: int = 0
    gap: int = 3
    shots: int = 3
    validation_size: float | None = None
    validation: str | None = None
    test: str | None = None
    sample: float = 1.0
    sample_of: str = "both"
    train_on_validation: Flag = False
    table: str | None = None
    categories: str | None = None


class FamiliarityValues(_Values):
    """What `resistor_cls.evaluation.calibration.Familiarity.to_dict` gives."""

    references: str
    size: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=2, max_length=2)]
    limit: Annotated[float, Field(ge=0, le=2)]

    @model_validator(mode="after")
    def _whole(self) -> "FamiliarityValues":
        try:
            values = np.frombuffer(b64decode(self.references, validate=True), dtype="<f2")
        except ValueError as error:
            raise ValueError("references of float16 numbers in base64") from error
        if len(values) != self.size[0] * self.size[1] or not np.isfinite(values).all():
            raise ValueError(f"references of {self.size[0]} × {self.size[1]} finite numbers")
        lengths = np.linalg.norm(values.reshape(self.size).astype(np.float32), axis=1)
        if lengths.max() > 1.01:  # rounded to float16
            raise ValueError("references of unit length")
        return self


class CalibrationValues(BaseModel):
    """What `resistor_cls.evaluation.calibration.Calibration.to_dict` gives, and its photos.

    Written down here because every entrance reads a model through this package, and this package
    does not import evaluation.
    """

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)

    temperature: Annotated[float, Field(gt=0)]
    thresholds: dict[str, Share | None]
    cuts: dict[str, Share]
    confidence: Share
    photos: Annotated[int, Field(ge=0)]
    pixels: Names
    familiarity: FamiliarityValues | None = None


class Metadata(BaseModel):
    """Plain values that are saved with a model; further ones are those of users."""

    model_config = ConfigDict(strict=True, extra="allow")

    data: DataSettings | None = None
    trained_on: Names = []
    calibration: CalibrationValues | None = None


class DetectorValues(_Values):
    """What belongs to the detector of a checkpoint beside its weights."""

    threshold: Share
    margin: Annotated[float, Field(ge=0, lt=1000)]
    shape: Annotated[list[int], Field(min_length=2, max_length=2)]
    record: dict[str, Any]


class CheckpointMetadata(_Values):
    """Our part of a checkpoint, beside Lightning's."""

    format: int
    weights_from: str
    record: Metadata
    version: str | None = None  # of the package that wrote it; versions up to 0.2.0 wrote none
    locator: DetectorValues | None = None
    digest: str | None = None  # earlier versions wrote none


class Checkpoint(BaseModel):
    """What a checkpoint must hold; the rest is Lightning's. `state_dict` is checked by itself."""

    hyper_parameters: Settings
    resistor_cls: CheckpointMetadata


class WeightsHeader(_Values):
    """The header of a file of weights."""

    format: int
    settings: Settings
    card: Metadata
    digest: str | None = None


class ExportedHeader(_Values):
    """The header of the file of an exported model."""

    format: int
    version: str  # of the package that wrote it
    license: str | None  # of the weights; None where nobody has said
    precision: str  # of the weights
    settings: Settings
    card: Metadata
    weights_from: str
    reads_bands: bool
    reads_any_value: bool
    features: bool  # whether it gives them
    detector: DetectorValues | None
    digest: str


class DetectorHeader(_Values):
    """The header of a file of a detector."""

    format: int
    threshold: Share
    record: dict[str, Any]
    digest: str | None = None


def check_values(values: Any, schema: type[BaseModel], path: Path) -> None:
    """Checks the values of a file.

    Raises:
        ModelError: names the first value that is not as the schema says.
    """
    fault = _not_plain(values) or _fault(values, schema)
    if fault is not None:
        raise misfit(path, fault)


def check_settings(settings: Mapping[str, Any]) -> None:
    """Checks the settings of a model that is made.

    Raises:
        ConfigError: names the first that could not be loaded again.
    """
    fault = _not_plain(settings) or _fault(settings, Settings)
    if fault is not None:
        raise ConfigError(f"model.{fault}")


def check_plain(values: Any) -> None:
    """Checks that values can be saved and read without executing anything.

    Raises:
        ModelError: names the first that is not a plain value.
    """
    fault = _not_plain(values)
    if fault is not None:
        raise ModelError(f"the model cannot be saved: {fault}; put plain values into its metadata")


def misfit(path: Path, fault: str) -> ModelError:
    """The error of a file that does not hold what it should."""
    return ModelError(f"{path} does not fit its own model: {fault}; {REMEDY}")


def _fault(values: Any, schema: type[BaseModel]) -> str | None:
    """The first thing that is not as a schema says, as words; None where all is."""
    try:
        schema.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "its content"
        if first["type"] == "missing":
            return f"{place} is missing"
        found = reprlib.repr(first["input"])
        if first["type"] == "extra_forbidden":
            return f"{place}={found} is not a key that this version knows"
        return f"{place}={found}: expected {_SCHEMA_WORDS.sub('', first['msg'])}"
    return None


# What pydantic says beside what is expected: "Input should be a valid dictionary or instance of X".
_SCHEMA_WORDS = re.compile(
    r"^Value error, |^Input should be |^List should have | or instance of \w+"
    r"| after validation, not \d+"
)


def _not_plain(values: Any) -> str | None:
    """The first value that is none of JSON's, or is nested or repeated beyond sense; else None.

    Without recursion: what a file nests must not end in an error of Python's.
    """
    waiting: list[tuple[str, Any, int]] = [("", values, 0)]
    count, characters, repeats, known = 0, 0, 0, set()
    while waiting:
        place, value, depth = waiting.pop()
        count += 1
        if type(value) is str:
            characters += len(value)
        elif isinstance(value, dict | list | tuple) and value:
            repeats += id(value) in known
            known.add(id(value))
        if (
            depth > MAX_DEPTH
            or count > MAX_VALUES
            or characters > MAX_CHARACTERS
            or repeats > MAX_REPEATS
        ):
            return (
                f"it has values nested deeper than {MAX_DEPTH}, repeated {MAX_REPEATS} times, or "
                f"more than {MAX_VALUES:,}: expected the settings and the metadata of a model"
            )
        if type(value) in (dict, OrderedDict):
            if not all(type(key) is str for key in value):
                return f"{place or 'its content'} has keys that are not text: expected text alone"
            characters += sum(len(key) for key in value)
            waiting += (
                (f"{place}.{key}" if depth else key, one, depth + 1) for key, one in value.items()
            )
        elif type(value) in (list, tuple):
            waiting += ((place, one, depth + 1) for one in value)
        elif type(value) is int:
            if value.bit_length() > MAX_BITS:
                return f"{place} is a number of {value.bit_length()} bits: expected {MAX_BITS}"
        elif type(value) not in (str, float, bool, type(None)):
            return f"{place or 'its content'} is a {type(value).__name__}: expected a plain value"
    return None
