"""The examples of docs/extend.md run as they are written."""

import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
import torch

from resistor_cls.custom_code import VARIABLE
from tests.helpers import ROOT

PAGE = ROOT / "docs" / "extend.md"
BLOCK = re.compile(
    r"(?:\*\*`(?P<file>[^`]+)`\*\*\n\n)?```(?P<kind>\w+)\n(?P<text>.*?)```", re.DOTALL
)
# As small as it gets: what the page leaves open.
SMALL = ("data.batch_size=8", "data.folds=4", "data.workers=0", "trainer=cpu",
         "trainer.max_epochs=1", "trainer.precision=32-true", "unknown=0", "gallery=2",
         "tracking=none")  # fmt: skip
NET = "model.backbone=test_resnet.r160_in1k model.pretrained=false data.image_size=32"
WORDS = {"train": SMALL, "evaluate": (*SMALL[-4:], "trainer=cpu"), "predict": (), "audit": ()}


@pytest.fixture
def place(photos: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with the files of the page, and photos whose names begin with labels."""
    (workplace / "flat_photos").mkdir()
    for path in photos.glob("*/*.jpg"):
        shutil.copy(path, workplace / "flat_photos" / f"{path.parent.name}__{path.name}")
    for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        if block["file"]:
            file = workplace / block["file"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block["text"], encoding="utf-8")
    monkeypatch.syspath_prepend(str(workplace))
    monkeypatch.setenv(VARIABLE, "")
    yield workplace
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_package"]:
        del sys.modules[name]


def run(line: str, monkeypatch: pytest.MonkeyPatch) -> int:
    words = shlex.split(line)
    if words[0] == "export":
        monkeypatch.setenv(*words[1].split("="))
        return 0
    assert words[:2] == ["python", "-m"]
    command = words[2].removeprefix("resistor_cls.")
    main: Callable[[list[str]], int] = import_module(words[2]).main
    return main([*words[3:], *WORDS[command]])


def test_the_page_works(
    place: Path, photos: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        line
        for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8"))
        if block["kind"] == "sh"
        for line in block["text"].splitlines()
    ]
    assert len(lines) == 5
    for line in lines:
        assert run(line, monkeypatch) == 0, f"{line}\n{capsys.readouterr().err}"
    assert (place / "my_run" / "figures" / "losses.png").is_file()
    saved = torch.load(place / "my_run" / "checkpoints" / "best.ckpt", weights_only=True)
    settings = saved["hyper_parameters"]
    assert settings["backbone"] == "my_package.nets:TinyNet"
    assert (settings["loss"], settings["activation"]) == ("my_package.losses.Poly", "softmax")
    assert saved["resistor_cls"]["record"]["data"]["source"] == "my_package.photos:read_flat"
    resolved = (place / "my_run" / "config" / "resolved.yaml").read_text(encoding="utf-8")
    assert "my_package.augment.Dust" in resolved
    shown = capsys.readouterr()
    assert "test/loss is cross_entropy: the model was trained with my_package.losses.P" in shown.err
    assert shown.out.count("%") >= 32  # a prediction of each photo
    monkeypatch.setenv(VARIABLE, "somebody_else")
    model = "my_run/checkpoints/best.ckpt"
    for line in (
        f"predict flat_photos --model {model}",
        f"evaluate model={model}",
        f"train data=folder data.root={photos} {NET} pseudo.photos=. pseudo.teacher={model}",
    ):
        assert run(f"python -m resistor_cls.{line}", monkeypatch) == 2
        assert "add --allow-code my_package, or set RESISTOR_CLS" in capsys.readouterr().err
