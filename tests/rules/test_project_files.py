"""Files of the repository agree with one another."""

import tomllib

import yaml

import resistor_cls
from tests.helpers import ROOT


def test_pre_commit_runs_what_make_lint_runs() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    recipe = (ROOT / "Makefile").read_text().partition("\nlint:")[2].split("\n\n")[0]
    commands = [line.strip().replace("$(BIN)", ".venv/bin") for line in recipe.splitlines()[1:]]
    assert [hook["entry"] for hook in hooks] == commands


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"] == "resistor_cls/__init__.py"
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == resistor_cls.__version__
    assert citation["license"] == project["project"]["license"]
    assert citation["abstract"] == project["project"]["description"]


def test_a_test_file_is_named_like_the_module_or_package_that_it_tests() -> None:
    for path in (ROOT / "tests").rglob("test_*.py"):
        place = path.relative_to(ROOT / "tests")
        if place.parts[0] not in {"jobs", "rules"}:
            tested = ROOT / "resistor_cls" / place.with_name(place.stem.removeprefix("test_"))
            assert tested.is_dir() or tested.with_suffix(".py").is_file(), place
