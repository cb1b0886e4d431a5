"""The files that a newcomer starts from work as they are documented."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torchvision

from resistor_cls.config import compose
from tests.helpers import ROOT

COMMAND = re.compile(r"(?:python -m resistor_cls\.train|resistor-cls train) ([^\n`#|]+)")


def documented() -> list[str]:
    """Every training command that the documents and the configs name."""
    files = [ROOT / "README.md", ROOT / "Makefile", *(ROOT / "docs").glob("*.md")]
    files += [*(ROOT / "conf").rglob("*.yaml"), *(ROOT / "experiments").rglob("README.md")]
    found = {match for file in files for match in COMMAND.findall(file.read_text())}
    # Examples of custom configs are run by test_extend.
    apart = ("KEY", "[", "--config-dir")
    return sorted(line.strip() for line in found if not any(one in line for one in apart))


@pytest.mark.parametrize("line", documented())
def test_every_documented_command_composes(line: str) -> None:
    words = [word for word in shlex.split(line.removesuffix("\\")) if word not in ("-m", "…")]
    # Of a sweep, its first job; of a search, none of the values between.
    compose("train", [word.split(",")[0] for word in words if "interval(" not in word])


def test_torch_and_torchvision_are_a_pair() -> None:
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    # An operator of torchvision itself: missing where the two are of different builds.
    assert torchvision.ops.nms(boxes, torch.ones(1), 0.5).tolist() == [0]


def test_the_lock_file_pins_and_names_no_host() -> None:
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    names = re.findall(r"^([a-z0-9._-]+)(.*)$", text, re.M)
    assert all(rest.startswith("==") for _, rest in names)
    assert {"torch", "torchvision", "lightning", "mlflow", "hydra-core"} <= {n for n, _ in names}


@pytest.mark.parametrize("what", ["setup", "setup TORCH=cpu"])
def test_setup_installs_nothing_unchecked_but_pytorchs_own(what: str) -> None:
    shown = subprocess.run(
        ["make", "-n", "-W", "requirements.lock", *what.split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lock = ROOT / "requirements.lock"
    lines = [line.replace("requirements.lock", str(lock), 1) for line in shown.splitlines()]
    (of_uv,) = [line for line in lines if "uv.lock" in line and line.startswith("sed")]
    (install,) = [line for line in lines if "-m pip install" in line]
    assert "--require-hashes -r .venv/uv.lock" in install
    kept = run_shell(of_uv.partition(">")[0])
    assert re.findall(r"^[a-z].*==[\d.]+", kept, re.M)[0].startswith("uv==")
    assert "--hash=sha256:" in kept and not re.search(r"^(?!uv)[a-z]", kept, re.M)
    if what == "setup":
        assert "torch-backend" not in shown
        return
    (without_cuda,) = [line for line in lines if line.startswith("awk")]
    names = re.findall(r"^([a-z0-9._-]+)==", run_shell(without_cuda.partition("> .venv")[0]), re.M)
    left_out = set(re.findall(r"^([a-z0-9._-]+)==", lock.read_text(), re.M)) - set(names)
    assert {"torch", "torchvision", "triton", "nvidia-cublas", "cuda-toolkit"} <= left_out
    assert {"lightning", "timm", "torchmetrics", "nvidia-ml-py"} <= set(names)


def run_shell(line: str) -> str:
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.slow
def test_an_installed_wheel_works_from_any_folder(tmp_path: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    wheels, site = tmp_path / "wheels", tmp_path / "site"
    subprocess.run([uv, "build", "--wheel", "--out-dir", wheels, ROOT], check=True)
    (wheel,) = wheels.glob("*.whl")
    subprocess.run([uv, "pip", "install", "--no-deps", "--target", site, wheel], check=True)
    mine = tmp_path / "my_conf" / "experiment" / "mine.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text("# @package _global_\ndefaults: [override /model: my_net]\nseed: 41\n")
    net = tmp_path / "my_conf" / "model" / "my_net.yaml"
    net.parent.mkdir()
    net.write_text("defaults: [_shared]\nbackbone: resnet26.bt_in1k\n")
    for words in (
        ["--config-dir", "my_conf", "experiment=mine"],
        [f"hydra.searchpath=[file://{tmp_path}/my_conf]", "experiment=mine"],
    ):
        done = subprocess.run(
            [sys.executable, "-m", "resistor_cls.train", "--cfg", "job", *words],
            cwd=tmp_path,
            env={"PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert "backbone: resnet26.bt_in1k" in done.stdout
        assert "seed: 41" in done.stdout
    (script,) = site.rglob("resistor-cls")
    listed = subprocess.run(
        [sys.executable, script], env={"PYTHONPATH": str(site)}, capture_output=True, text=True
    )
    assert listed.stdout.startswith("usage: resistor-cls SUBCOMMAND")
    assert (site / "resistor_cls/inference/photo_page.html").is_file()
    assert (site / "resistor_cls/serving/page/index.html").is_file()
    assert (site / "resistor_cls/serving/page/main.js").is_file()
    assert (site / "resistor_cls/exporting/web/engine/model.js").is_file()
    assert (site / "resistor_cls/exporting/web/licences.txt").is_file()
    assert (site / "resistor_cls/py.typed").is_file()
