"""Ctrl-C ends a run over many photos at once, and leaves output that can be read."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from resistor_cls.usable_cores import usable_cores

# A photo that takes two minutes to decode.
SCRIPT = """
import time
from resistor_cls.__main__ import command
from resistor_cls.inference import photo_bodies

read = photo_bodies.pixels_of

def pixels_of(photo):
    if photo.name == "slow.png":
        time.sleep(120)
    return read(photo)

photo_bodies.pixels_of = pixels_of
command()
"""


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_ctrl_c_waits_for_no_photo(form: str, tmp_path: Path) -> None:
    # Each core predicts 16 photos together, and another 16 are begun before the first are shown.
    for number in range(16 * (usable_cores() + 1)):
        Image.new("RGB", (64, 64), (90, 60, 30)).save(tmp_path / f"{number:04}.png")
    Image.new("RGB", (64, 64)).save(tmp_path / "slow.png")
    command = [sys.executable, "-c", SCRIPT, "predict", str(tmp_path), "--format", form]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        first = run.stdout.readline()
        begin = time.monotonic()
        run.send_signal(signal.SIGINT)
        rest, errors = run.stdout.read(), run.stderr.read()
    assert time.monotonic() - begin < 60  # on an idle machine far less than a second
    assert (run.returncode, errors) == (130, "interrupted\n")
    lines = (first + rest).splitlines()
    found = json.loads("\n".join(lines)) if form == "json" else [json.loads(one) for one in lines]
    assert all(one["text"] == "no resistor found" for one in found)
    assert form == "json" or found
