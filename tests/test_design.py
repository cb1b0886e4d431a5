"""The rules of the house: which room may import which, and what stays behind its boundary."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "resistor_cls"
# A room may import the rooms before it; what is `SHARED` is everyone's.
ORDER = ["rendering", "data", "model", "evaluation", "tracking", "inference"]
SHARED = {
    "errors", "categories", "colour_code", "csv_tables", "own_code", "markings", "calling",
}  # fmt: skip
COMMANDS = {path.stem for path in PACKAGE.glob("*.py")} - SHARED - {"__init__"}
CONFIG = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.glob("config/*.py")}
# What runs inside MLflow's own process imports the predictor there.
EXCEPTIONS = {("tracking/served_model.py", "inference")}


def imports(path: Path) -> set[str]:
    """Every module that a file imports, at its top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            if node.module == "resistor_cls":
                found |= {f"resistor_cls.{alias.name}" for alias in node.names}
    return found


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms_import_only_rooms_before_them(path: Path) -> None:
    name = path.relative_to(PACKAGE).as_posix()
    room = name.split("/")[0]
    used = {module.split(".")[1] for module in imports(path) if module.startswith("resistor_cls.")}
    assert not used & COMMANDS - {room.removesuffix(".py")}, "nothing imports a command"
    if room not in ORDER:
        return
    allowed = SHARED | set(ORDER[: ORDER.index(room) + 1])
    # Evaluation is pure functions: it takes arrays, and needs none of the rooms before it.
    allowed -= set(ORDER[:3]) if room == "evaluation" else set()
    allowed |= {other for file, other in EXCEPTIONS if file == name}
    assert used <= allowed


@pytest.mark.parametrize(
    ("library", "keepers"),
    [
        ("hydra", CONFIG),
        ("omegaconf", CONFIG | {f"{name}.py" for name in COMMANDS}),
        (
            "mlflow",
            {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.glob("tracking/*.py")},
        ),
        ("albumentations", {"data/augmentation.py"}),
        ("timm", {"model/backbone.py", "model/layers.py", "model/pooling.py"}),
        ("pytorch_grad_cam", {"model/saliency.py"}),
    ],
)
def test_libraries_stay_behind_their_boundary(library: str, keepers: set[str]) -> None:
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in files()
        if any(module.split(".")[0] == library for module in imports(path))
    }
    assert users <= keepers


def test_importing_the_commands_loads_nothing_heavy() -> None:
    heavy = ("torch", "lightning", "mlflow", "hydra", "cv2", "timm", "pandas")
    names = ", ".join(f"resistor_cls.{name}" for name in sorted(COMMANDS))
    code = f"import sys, {names}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
