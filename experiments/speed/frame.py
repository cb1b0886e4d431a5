"""What a row is, and how the package and its reference are measured in one process."""

import os
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class Options:
    """How rows are measured.

    Attributes:
        scratch: folder of photos and caches; rows leave what others can use again.
        repeats: pairs of measurements.
        quick: fewer photos: a look, not a result.
    """

    scratch: Path
    repeats: int
    quick: bool

    def count(self, full: int, quick: int) -> int:
        """A number of photos or steps."""
        return quick if self.quick else full


@dataclass(frozen=True)
class Target:
    """What a row is to reach.

    Attributes:
        of: the median ratio of package to reference, or the median value of the package.
        sense: whether it is a minimum or a maximum.
        bound: the number.
    """

    of: Literal["ratio", "value"]
    sense: Literal[">=", "<="]
    bound: float

    def met(self, value: float, ratio: float | None) -> bool:
        """Whether medians reach the target."""
        found = value if self.of == "value" else ratio
        assert found is not None
        return found >= self.bound if self.sense == ">=" else found <= self.bound

    def __str__(self) -> str:
        return f"{self.of} {self.sense} {self.bound:g}"


@dataclass(frozen=True)
class Measured:
    """What a row has measured.

    Attributes:
        unit: of the values, such as `photos/s`.
        values: of the package, one for each repeat.
        references: of the reference, measured alternately with them; empty without a reference.
        parts: what a value consists of, such as seconds by stage.
        note: what has to be known beside the numbers.
    """

    unit: str
    values: list[float]
    references: list[float] = field(default_factory=list)
    parts: Mapping[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Row:
    """A path of the package and the reference that it is compared with.

    Attributes:
        name: for `--only`.
        title: what is measured, and against what.
        target: None where only the value is of interest.
        function: that measures it, `module.name`, called with `arguments` and `Options`. It is
            named, so that only the process that measures imports what the row needs.
        arguments: see `function`.
        gpu: whether it takes a GPU.
    """

    name: str
    title: str
    target: Target | None
    function: str
    arguments: tuple[Any, ...] = ()
    gpu: bool = False

    def measure(self, options: Options) -> "Measured":
        """Measures it in this process."""
        module, name = self.function.split(".")
        found: Measured = getattr(import_module(module), name)(*self.arguments, options)
        return found


def in_turns(
    unit: str,
    package: Callable[[], float],
    reference: Callable[[], float] | None,
    repeats: int,
    **more: Any,
) -> Measured:
    """Measures the package and its reference alternately.

    A B A B …: a machine that becomes slower or faster meanwhile changes both of a pair.

    Args:
        unit: of what both return.
        package: does the work of the package once.
        reference: does that of the reference; None without one.
        repeats: pairs.
        **more: further fields of `Measured`.
    """
    values, references = [], []
    for _ in range(repeats):
        values.append(package())
        if reference is not None:
            references.append(reference())
    return Measured(unit, values, references, **more)


def summary(row: Row, found: Measured) -> dict[str, Any]:
    """The line of a row in `results.csv`."""
    value = statistics.median(found.values)
    ratios = [one / other for one, other in zip(found.values, found.references, strict=False)]
    ratio = statistics.median(ratios) if ratios else None
    spread = ratios or found.values
    met = "" if row.target is None else "yes" if row.target.met(value, ratio) else "no"
    return {
        "row": row.name,
        "value": value,
        "unit": found.unit,
        "reference": statistics.median(found.references) if ratios else None,
        "ratio": ratio,
        "low": min(spread),  # of the ratios where there are some, else of the values
        "high": max(spread),
        "repeats": len(found.values),
        "target": "" if row.target is None else str(row.target),
        "met": met,
        "note": found.note,
    }


def unmeasured(row: Row, reason: str) -> dict[str, Any]:
    """The line of a row that was not measured."""
    target = "" if row.target is None else str(row.target)
    return {"row": row.name, "target": target, "met": "", "note": reason}


def load() -> float:
    """Processes that wanted a core in the last minute, on average, these included."""
    return round(os.getloadavg()[0], 2)
