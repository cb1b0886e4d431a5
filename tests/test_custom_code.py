"""Custom code is imported where its package is allowed, and nowhere else."""

from pathlib import Path

import pytest

from resistor_cls.custom_code import VARIABLE, allow_code, import_custom
from resistor_cls.errors import ConfigError, ModelError
from tests.helpers.custom_package import imported, write_package


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    name = f"own_package_{abs(hash(request.node.name))}"
    write_package(tmp_path, monkeypatch, name)
    monkeypatch.setenv(VARIABLE, "")
    return name


@pytest.mark.parametrize("part", ["", ".nets", ".nets:Plain"])
def test_what_is_allowed_is_imported(package: str, part: str) -> None:
    allow_code("another", f"{package}{part}")
    assert import_custom(f"{package}.nets:Plain", "model.backbone").__name__ == "Plain"


@pytest.mark.parametrize("allowed", ["", "another", "{}s", "{}.losses", "{}.nets:lazy", "own"])
def test_what_is_not_allowed_is_not_imported(
    package: str, allowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, allowed.format(package))
    with pytest.raises(ModelError) as raised:
        import_custom(f"{package}.nets:Plain", "model.backbone")
    assert f"is code of the package {package}" in str(raised.value)
    assert f"add --allow-code {package}, or set {VARIABLE}={package}" in str(raised.value)
    assert imported(package) == []


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("{}.nets:Plane", "nets has no Plane; did you mean Plain?"),
        ("{}.nots:Plain", "there is no module {}.nots here: install its package"),
        ("{}.broken:Plain", "{}.broken cannot be imported (ValueError: not today)"),
        ("{}.needy:Plain", "{}.needy needs no_such_library_at_all, which is not installed"),
        ("{}.nets:number", "expected a function or a class that is defined in {}, found int"),
        ("{}.nets:getcwd", "expected a function or a class that is defined in {}, found built"),
        ("{}.nets:nn.Linear", "expected an import path such as my_package.nets:tiny_net"),
        ("{}.nets:", "expected an import path"),
        (":{}", "expected an import path"),
        ("../{}:Plain", "expected an import path"),
    ],
)
def test_what_cannot_be_imported_is_said_in_one_sentence(
    package: str, path: str, message: str
) -> None:
    allow_code(package)
    with pytest.raises(ModelError) as raised:
        import_custom(path.format(package), "model.backbone")
    assert str(raised.value).startswith(f"model.backbone={path.format(package)}")
    assert message.format(package) in str(raised.value)


@pytest.mark.parametrize("word", ["", "a b", "a;b", "/tmp/mine", "mine.py:", "mine:a.b"])
def test_a_package_is_a_name(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    with pytest.raises(ConfigError, match="expected the name of a package"):
        allow_code(word)
