"""The design rules: which package may import which, and what stays behind its boundary."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.helpers import ROOT

PACKAGE = ROOT / "resistor_cls"
# A package may import itself, what is everyone's, and the packages that are named here.
ARROWS = {
    "synthetic": set(),
    "data": {"synthetic"},
    "model": {"synthetic", "data"},
    "evaluation": set(),  # pure functions of arrays
    "inference": {"synthetic", "data", "model", "evaluation"},
    "serving": {"data", "inference"},
    "exporting": {"synthetic", "data", "model", "evaluation", "inference", "serving"},
    "tracking": {"evaluation", "inference"},
    "describing": {"model", "evaluation", "tracking"},
    "config": {"tracking"},
}
EVERYONES = {
    "bands", "categories", "category_codes", "code_priors", "colour_code", "csv_tables",
    "custom_code", "decoding", "e_series", "errors", "garbage", "processes",
    "resistor37", "usable_cores",
}  # fmt: skip
COMMANDS = {path.stem for path in PACKAGE.glob("*.py")} - EVERYONES - {"__init__"}


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


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", files(), ids=name_of)
def test_packages_import_only_packages_before_them(path: Path) -> None:
    package = name_of(path).split("/")[0].removesuffix(".py")
    used = {module.split(".")[1] for module in imports(path) if module.startswith("resistor_cls.")}
    assert not used & COMMANDS - {package}, "nothing imports a command"
    if package in EVERYONES:
        assert used <= EVERYONES
    elif package in ARROWS:
        assert used <= EVERYONES | ARROWS[package] | {package}


def test_no_modules_import_each_other() -> None:
    def module_of(path: Path) -> str:
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        return ".".join(parts).removesuffix(".__init__")

    def targets(path: Path, known: set[str]) -> set[str]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        named = {(str(node.module), alias.name) for node in froms for alias in node.names}
        found = {f"{a}.{b}" if f"{a}.{b}" in known else a for a, b in named}
        return found & known - {module_of(path)}

    # The root hands on names of its packages to users.
    known = {module_of(path) for path in files()} - {"resistor_cls"}
    graph = {module_of(path): targets(path, known) for path in files()}
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize(
    ("library", "keepers"),
    [
        ("hydra", ("config/",)),
        ("omegaconf", ("config/", *(f"{name}.py" for name in COMMANDS))),
        ("mlflow", ("tracking/",)),
        ("albumentations", ("data/augment/",)),
        (
            "timm",
            (
                "model/backbone.py", "model/band_reader.py", "model/pooling.py",
                "model/training/parameter_groups.py",
            ),
        ),
        ("pytorch_grad_cam", ("inference/checks/saliency.py",)),
        (
            "lightning",
            ("data/datamodule.py", "model/task.py", "model/training/", "model/checkpoint/",
             "tracking/run/logger.py", "tracking/run/training_callback.py", "train.py"),
        ),
    ],
)  # fmt: skip
def test_libraries_stay_behind_their_boundary(library: str, keepers: tuple[str, ...]) -> None:
    users = {
        name_of(path)
        for path in files()
        if any(module.split(".")[0] == library for module in imports(path))
    }
    assert {name for name in users if not name.startswith(keepers)} == set()


def test_importing_the_commands_loads_nothing_heavy() -> None:
    heavy = ("torch", "lightning", "mlflow", "hydra", "cv2", "timm", "pandas", "numpy")
    names = ", ".join(f"resistor_cls.{name}" for name in sorted(COMMANDS))
    code = f"import sys, {names}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("module", "libraries"),
    [
        ("inference.predictor", ["torch", "lightning", "mlflow", "pandas"]),
        ("synthetic", ["torch", "hydra", "mlflow"]),
    ],
)
def test_predicting_and_drawing_load_no_libraries_of_training(
    module: str, libraries: list[str]
) -> None:
    code = f"import sys, resistor_cls.{module}; print(sys.modules.keys() & {libraries})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
