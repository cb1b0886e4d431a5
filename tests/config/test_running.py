"""Odd keys, odd values and Hydra's own flags: each works, or gets one sentence."""

import random
from pathlib import Path
from typing import Any

import pytest

from resistor_cls.config import compose, flatten, groups, run_hydra
from resistor_cls.config.checks import check_config
from resistor_cls.errors import ResistorClsError
from resistor_cls.train import _check


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--config-name other", "--config-name: each command reads its own config"),
        ("--config-dir nowhere", "--config-dir nowhere: no such folder"),
        ("--package nothing --cfg job", "--package nothing: no such key"),
        ("--cfg job -m", "--multirun and --cfg do not go together"),
        ("--resolve", "--resolve needs --cfg job"),
        ("+model.views=2", "+model.views: this key exists: write it without the +"),
        ("+model.views=2 ~experiment={}", "+model.views: this key exists"),
        ("--colour", "unrecognized arguments: --colour"),
        ("hydra.run.dir=null", "hydra.run.dir=null is not a value"),
        ("hydra.mode=WALK", "Invalid value 'WALK', expected one of [RUN, MULTIRUN]"),
        ("hydra.sweeper=grid", "hydra.sweeper has no keys any more: expected hydra/sweeper=…"),
        ("data.root=", "data.root= is not a value: expected data.root=…"),
        ("paths.output=null", "paths.output=null is not a value"),
        ("data.batch_size=null", "data.batch_size=None: expected a whole number"),
        ("data.batch_size=1e3", "data.batch_size=1000.0: expected a whole number"),
        ("seed=true", "seed=True: expected a whole number"),
        ("seed=${seed}", "seed: Recursive interpolation detected"),
        ("seed=???", "seed is missing: add seed=…"),
        ("pseudo=null", "pseudo=None: expected keys below it"),
        ("~data.root", "~data.root: the command needs it"),
        ("model=null", "model=null: expected one of band_reader"),
        ("model@data.more=resnet18", "model@data.more=resnet18: expected model=…"),
        ("trainer={devices:2}", "keys below it are set by trainer.…=…"),
        ("trainer=[1,2]", "expected one of auto, cpu"),
        ("trainer.max_epochs=-1", "trainer.max_epochs=-1: expected 1 or more"),
        ("loss.class_weights=[nan,1]", "loss.class_weights=[nan, 1]: expected a finite number"),
        ("model.layer_lr=3", "model.layer_lr=3: expected names of layers"),
        ("-m seed=glob(*)", "seed=glob(*): expected values"),
    ],
)
def test_odd_words_get_one_sentence(
    line: str, message: str, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = line.split(" ")
    assert run_hydra(_check, "train", "", [*words, "tracking.kind=none"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith("error: ")
    assert message in error


def test_flags_go_anywhere_and_custom_options_can_be_added(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workplace / "my configs" / "experiment").mkdir(parents=True)
    mine = workplace / "my configs" / "experiment" / "mine.yaml"
    mine.write_text("# @package _global_\nseed: 41\n", encoding="utf-8")
    seeds = []
    words = ["experiment=mine", "--config-dir", "my configs", "tracking.kind=none"]
    assert run_hydra(lambda config: seeds.append(config.seed), "train", "", words) == 0
    assert run_hydra(_check, "train", "", ["experiment=min", "--config-dir=my configs"]) == 2
    assert "experiment=min: no such option; did you mean mine?" in capsys.readouterr().err
    (workplace / "there").mkdir()
    there = ["hydra.run.dir=there", "hydra.output_subdir=null", "tracking.kind=none"]
    assert run_hydra(lambda config: seeds.append(config.seed), "train", "", there) == 0
    assert seeds == [41, 0]
    assert [path.name for path in (workplace / "there").iterdir()] == ["train.log"]
    assert run_hydra(_check, "train", "", ["seed=7", "--cfg", "job", "data.fold=1"]) == 0
    assert "seed: 7" in capsys.readouterr().out


def test_options_come_from_several_folders_and_packages(
    workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {
        "one/experiment/first.yaml": "# @package _global_\nseed: 41\n",
        "two/optimizer/radam.yaml": "_target_: torch.optim.RAdam\n_partial_: true\nlr: 0.1\n",
        "packed/configs/speed/high.yaml": "limit: 7\n",
        "packed/__init__.py": "",
        "packed/configs/__init__.py": "",
    }
    for name, text in files.items():
        (workplace / name).parent.mkdir(parents=True, exist_ok=True)
        (workplace / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(workplace))
    searched = f"[file://{workplace}/two,pkg://packed.configs]"
    words = ["--config-dir", "one", f"hydra.searchpath={searched}",
             "experiment=first", "optimizer=radam", "+speed=high",
             "tracking.kind=none"]  # fmt: skip
    found: list[Any] = []
    assert run_hydra(found.append, "train", "", words) == 0
    config = found[0]
    assert (config.seed, config.optimizer.lr, config.speed.limit) == (41, 0.1, 7)
    assert run_hydra(_check, "train", "", ["hydra.searchpath=[file://gone]"]) == 2
    assert capsys.readouterr().err == "error: hydra.searchpath=file://gone: no such folder\n"


ODD = [
    "", "null", "true", "nan", "inf", "-1", "0", "1e3", "1e400", "9" * 30, "x", "é", "a,b", "a b",
    "[1,2]", "[]", "{a: 1}", "{}", "{_target_: os.getcwd}", "${seed}", "${nothing}", "${", "'", '"',
    "(1)", "???", "~", "\\", "/no/such/place", "../..", "a" * 300, "range(3)", "glob(*)", "\x00",
]  # fmt: skip


def try_odd_words(number: int) -> None:
    chance = random.Random(f"odd words, {number}")
    keys = [*flatten(compose("train"), resolve=False), *groups(), "hydra.run.dir", "nothing"]
    forms = ["{}", "{}", "{}", "+{}", "++{}", "~{}", "{}.more", "{}@more"]
    words = [
        f"{chance.choice(forms).format(chance.choice(keys))}={chance.choice(ODD)}"
        for _ in range(chance.choice((1, 1, 2)))
    ]
    try:
        config = compose("train", words)
        check_config(config)
        _check(config)
    except ResistorClsError as error:
        assert str(error), words
    except Exception as error:
        raise AssertionError(words) from error


@pytest.mark.parametrize("number", range(25))
def test_only_errors_of_users_come_out(number: int) -> None:
    try_odd_words(number)


@pytest.mark.slow
def test_only_errors_of_users_come_out_of_many() -> None:
    for number in range(25, 300):
        try_odd_words(number)
