"""Every key has one description, and the table of keys, `--help` and `--cfg` show it."""

import re

import pytest
import yaml

from resistor_cls.config import run_hydra
from resistor_cls.config.help import annotated
from resistor_cls.config.keys import KEYS, PARITY, SECTIONS, description_of
from resistor_cls.config.keys_page import defaults, page
from resistor_cls.train import main as train
from tests.helpers import ROOT


@pytest.fixture(scope="module")
def composed() -> set[str]:
    """Every key of every option of every command; of Hydra's, those that are described."""
    return {key for key in defaults() if not key.startswith("hydra.") or key in KEYS}


def test_every_key_has_one_description(composed: set[str]) -> None:
    assert sum(map(len, SECTIONS.values())) == len(KEYS)
    assert [key for key in sorted(composed) if description_of(key) is None] == []


def test_every_described_key_exists(composed: set[str]) -> None:
    for key in KEYS:
        # `data.augment` is `augment`, `data.mix` is `mix`.
        alias = re.sub(r"^data\.(augment|mix)\.", r"\1.", key)
        parent, _, last = key.rpartition(".")
        if parent == "*":
            assert any(one.endswith(f".{last}") for one in composed), key
        elif last == "*":
            assert KEYS[parent].values.has_keys, key
        else:
            assert alias in composed, key


def test_every_meaning_is_a_sentence() -> None:
    for name, (values, meaning) in KEYS.items():
        assert re.fullmatch(r"[A-Z].*\.", meaning), name
        assert values.words, name


def test_the_page_of_keys_is_up_to_date() -> None:
    written = (ROOT / "docs" / "keys.md").read_text(encoding="utf-8")
    assert written.rstrip("\n") == page(), "python -m resistor_cls.config.keys_page > docs/keys.md"


def test_keys_for_parity_are_settings_of_hydrogen_torch() -> None:
    text = (ROOT / "docs" / "hydrogen_torch.md").read_text(encoding="utf-8")
    assert [key for key in SECTIONS[PARITY] if f"`{key}" not in text and key != "mix.kind"] == []


def test_help_explains_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert train(["--help", "trainer.ema", "find"]) == 0
    shown = capsys.readouterr().out
    assert re.findall(r"^[\w.]+(?=:)", shown, re.MULTILINE) == [
        "trainer.ema",
        "find.lr",
        "find.batch_size",
    ]
    assert "more than 0 and less than 1, or null. Decay of" in shown


@pytest.mark.parametrize("words", [["job"], ["all"], ["job", "--resolve"], ["job", "-p", "model"]])
def test_cfg_shows_meanings_and_stays_yaml(
    words: list[str], workplace: object, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "a run " * 40  # folded over several lines
    assert run_hydra(print, "train", "", [f"tracking.name={long}", "--cfg", *words]) == 0
    shown = capsys.readouterr().out
    assert f"dropout: 0.0  # {KEYS['model.dropout'].meaning}" in shown
    read = yaml.safe_load(shown)
    assert read == yaml.safe_load(re.sub(r"  # .*", "", shown))
    assert "model" not in read or read["tracking"]["name"] == long


def test_a_text_of_several_lines_gets_no_comment() -> None:
    text = "tracking:\n  name: one\n    two\nseed: 0\nfigures: {}\nallow:\n- subset"
    assert yaml.safe_load(annotated(text)) == yaml.safe_load(text)
    assert "name: one\n" in annotated(text) and "seed: 0  # " in annotated(text)


def test_hydra_is_used_by_its_public_modules() -> None:
    private = re.compile(
        r"(hydra|omegaconf)(\.\w+)*\._(?!target_)[a-z]|\._get_(full_key|parent|node)|\"_(key|get)"
    )
    for path in (ROOT / "resistor_cls").rglob("*.py"):
        assert private.search(path.read_text(encoding="utf-8")) is None, path
