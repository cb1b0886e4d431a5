"""Paths and free text mean themselves, whatever Hydra's grammar makes of their letters."""

import re
import shutil
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import example, given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from resistor_cls.audit import main as audit
from resistor_cls.config import compose
from resistor_cls.config.command_line import as_reference, quoted, read_words
from resistor_cls.evaluate import main as evaluate
from resistor_cls.predict import main as predict
from resistor_cls.train import main as train
from tests.helpers.tiny import TINY

PRINTABLE = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=30)
ODD = '/x/Grüße (neu), a=b #1 [2] {3} "it\'s" 100 % \\ ~ & $HOME ${y} \\${z}\\'


def means_itself(text: str) -> bool:
    """Not in quotes for Hydra, no interpolation, nothing and not OmegaConf's mark of a gap."""
    in_quotes = text[0] in "'\"" and text[0] == text[-1]
    return bool(
        text.strip()
        and not in_quotes
        and text.lower() != "null"
        and text != "???"
        and "${" not in text
    )


def as_hydra_reads(word: str, multirun: bool = False) -> list[object]:
    """The values that jobs get for a word: parsed by Hydra, resolved by OmegaConf."""
    (override,) = OverridesParser.create().parse_overrides(read_words([word], multirun))
    if not override.is_sweep_override():
        return [OmegaConf.create({"value": override.value()}).value]
    jobs = [f"k={one}" for one in override.sweep_string_iterator()]
    return [
        OmegaConf.create({"value": job.value()}).value
        for job in OverridesParser.create().parse_overrides(jobs)
    ]


@given(PRINTABLE.filter(means_itself))
@example(ODD)
@example("~/x ")
@example("\\")
@example("a\\'b")
@example("1e3")
@example("true")
@example("'a'b")
@example("${")
@example("${nothing}")
@example("choice(a,b)")
@example("/no/letter/\udcff")
def test_any_text_means_itself(text: str) -> None:
    assert as_hydra_reads(f"data.root={text}") == [text]
    assert as_hydra_reads(as_reference(f"model={text}")) == [text]
    (read,) = read_words([f"+tracking.name={text}"])
    assert read_words([read]) == [read]


@given(st.lists(PRINTABLE.filter(means_itself), min_size=1, max_size=3))
def test_quoted_texts_are_swept_as_they_are(texts: list[str]) -> None:
    several = ",".join(quoted(text) for text in texts)
    assert as_hydra_reads(f"data.root={several}", multirun=True) == texts


@pytest.mark.parametrize(
    ("word", "jobs"),
    [
        ("data.root=a,b", ["a", "b"]),
        ("data.root=/x/Grüße, it's", ["/x/Grüße", "it's"]),
        ("data.root='a,b',c", ["a,b", "c"]),
        ("model.locate=true,mine (2).safetensors", [True, "mine (2).safetensors"]),
        ("data.validation=null,b#1", [None, "b#1"]),
        ("data.root=choice(a,b)", ["a", "b"]),
        ("data.root=1,2", ["1", "2"]),
        ("data.root=there,too", ["there,too"]),
    ],
)
def test_commas_sweep_unless_a_file_is_called_so(
    word: str, jobs: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there,too").mkdir()
    assert as_hydra_reads(word, multirun=True) == jobs
    assert len(as_hydra_reads(word.replace("choice", ""))) == 1


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("data.validation=null", None),
        ("data.validation=NULL", None),
        ("model.locate=true", True),
        ("model.pretrained=False", False),
        ("model.pretrained=auto", "auto"),
        ("model.locate={_target_: x.y, steps: 2}", {"_target_": "x.y", "steps": 2}),
        ("data.root='two words'", "two words"),
        ('data.root="two words"', "two words"),
        ("data.root=${oc.env:PLACE}/new", "/x/${y} (1)/new"),
        ("data.root=${oc.env:PLACE}/Grüße", "/x/${y} (1)/Grüße"),
        ("data.root=${there}", "${there}"),
        ("tracking.name=seed ${seed}", "seed 7"),
    ],
)
def test_what_means_something_to_hydra_still_does(
    word: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLACE", "/x/${y} (1)")
    config = compose("train", ["data=folder", "data.root=photos", "seed=7", word])
    assert OmegaConf.to_container(config, resolve=True) is not None
    assert OmegaConf.select(config, word.partition("=")[0]) == value


@pytest.mark.usefixtures("blank_figures")
def test_a_whole_job_in_odd_places(
    photos: Path, workplace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = ODD.replace("/", "")
    shutil.copytree(photos, tmp_path / odd / "photos")
    words = [
        f"data.root={tmp_path / odd / 'photos'}",
        f"paths.cache={tmp_path / odd / 'cache'}",
        f"tracking.artifacts={tmp_path / odd / 'artifacts'}",
        f"tracking.name={odd}",
        f"tracking.experiment={odd}",
    ]
    assert train(["data=folder", *TINY, "trainer.max_epochs=1", *words]) == 0, capsys.readouterr()
    (run,) = re.findall(r"runs:/\w+/model", capsys.readouterr().err)
    model = tmp_path / odd / "my best.ckpt"
    shutil.copy(next((tmp_path / odd / "artifacts").rglob("best.ckpt")), model)
    fast = ["trainer=cpu", "data=folder", *words]
    assert evaluate([f"model={model}", "unknown=0", "tracking=none", *fast]) == 0
    assert audit([f"model={model}", *fast]) == 0
    capsys.readouterr()
    assert predict([str(tmp_path / odd / "photos"), "--model", str(model)]) == 0
    assert odd in capsys.readouterr().out
    assert predict([str(tmp_path / odd / "photos"), "--model", run]) == 0


def test_an_output_folder_that_hydra_cannot_take_is_named(
    workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert train(["paths.output=out/${y}"]) == 2
    assert "out/${y}" in (error := capsys.readouterr().err) and "paths.output" in error
    (workplace / "${here}").mkdir()
    monkeypatch.chdir(workplace / "${here}")
    assert train([]) == 2
    assert "paths.output" in capsys.readouterr().err
