"""`predict` with what a user says about the values."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from resistor_cls.categories import parse_name
from resistor_cls.predict import main
from resistor_cls.synthetic import draw, sample_scene


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic photo of 68 kΩ."""
    scene = sample_scene(parse_name("68K_1W"), np.random.default_rng(4))
    file = tmp_path_factory.mktemp("photos") / "a.png"
    Image.fromarray(draw(scene).photo).save(file)
    return file


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("named").write_text("1K\nblue one\n")
    Path("precise").write_text("1K\n4K711\n")


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main([*words]) == 0
    return capsys.readouterr().out


def test_a_value_can_be_expected_listed_and_counted(
    photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    free = ("--threshold", "0")
    (found,) = json.loads(printed(capsys, str(photo), *free, "--format", "json"))
    assert found["ohms"] == 68e3
    assert found["bands"][:3] == ["blue", "grey", "orange"]
    assert found["category"] is None
    text = printed(capsys, str(photo), "--expect", "4k7", "--format", "json")
    assert json.loads(text)[0]["verdict"] in ("no", "unsure")
    stock = tmp_path / "stock.txt"
    stock.write_text("68K_1W\n4K7\n")
    text = printed(capsys, str(photo), *free, "--categories", str(stock), "--format", "json")
    assert json.loads(text)[0]["category"] == "68K_1W"
    assert "1   68 kΩ" in printed(capsys, str(photo), *free, "--count")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--series", "E12"), "--series E12: expected one of any, E24, E96"),
        (("--expect", "blue"), "--expect: 'blue' is not a resistance: expected one such as 4k7"),
        (("--expect",), "--expect: give a value, such as --expect 4k7"),
        (("--categories", "named"), "line 2 of named: 'blue one' has no value"),
        (("--categories", "precise"), "line 2 of precise: '4K711' is 4.711 kΩ, which no colour"),
        (("--count", "--format", "html"), "--count with --format html: the page counts by itself"),
    ],
)
@pytest.mark.usefixtures("lists")
def test_what_cannot_be_used_is_named_with_its_remedy(
    photo: Path, words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(photo), *words]) == 2
    assert message in capsys.readouterr().err
