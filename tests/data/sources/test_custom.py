"""A custom source: a function of the user's own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from resistor_cls.custom_code import VARIABLE, allow_code
from resistor_cls.data import CustomSource
from resistor_cls.data.sources.by_name import make_source, options_of
from resistor_cls.errors import ConfigError, ModelError
from tests.helpers.photo_files import write_photo

CODE = """
from pathlib import Path
from resistor_cls.data.sources.photo_set import labelled

def flat(root: Path, separator: str = "__"):
    names = [path.name for path in root.glob("*.jpg")]
    return labelled(root, {name: name.partition(separator)[0] for name in names})

def numbers(count):
    return list(range(count))
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Writes a package that is allowed; gives the import path of a function in it."""
    name = f"custom_photos_{abs(hash(tmp_path))}"  # Python keeps what it has imported
    (tmp_path / f"{name}.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv(VARIABLE, "")
    allow_code(name)
    return lambda function: f"{name}:{function}"


def test_a_function_finds_the_photos(
    package: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for label in ("10R", "4K7"):
        write_photo(tmp_path / "photos" / f"{label}-1.jpg")
    path = package("flat")
    assert options_of(path) == ("root", "separator")
    monkeypatch.chdir(tmp_path)
    source = make_source(path, {"root": "photos", "separator": "-"})
    assert source.name == path
    assert source.settings == {"root": str(tmp_path / "photos"), "separator": "-"}
    photos = source.read()
    assert photos.names == ("10R-1.jpg", "4K7-1.jpg")
    assert photos.categories.names == ("10R", "4K7")


def test_options_are_compared_with_the_arguments(package: Callable[[str], str]) -> None:
    with pytest.raises(
        ConfigError, match=r"data\.seperator is not a key of .*: did you mean|mean "
    ):
        make_source(package("flat"), {"root": "photos", "seperator": "-"})
    with pytest.raises(ConfigError, match=r"data\.root is not set: the source .*:flat needs it"):
        make_source(package("flat"), {"root": None})
    with pytest.raises(ConfigError, match=r"data\.count is not set"):
        make_source(package("numbers"), {})


def test_anything_but_photos_is_refused(package: Callable[[str], str]) -> None:
    with pytest.raises(ConfigError, match=r"returns a list: expected a PhotoSet"):
        CustomSource(package("numbers"), {"count": 3}).read()


def test_code_that_is_not_allowed_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    with pytest.raises(ModelError, match="nothing of it was imported"):
        make_source("os.path:join", {})
