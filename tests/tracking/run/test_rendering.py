"""Figures that several processes render are those that one renders."""

import os
import signal
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from resistor_cls.tracking.run import rendering
from resistor_cls.tracking.run.rendering import render


def figure_of(number: int, kind: type[Figure] = Figure) -> Figure:
    figure = kind(figsize=(2, 1.5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, number, 1])
    axes.set_title(f"figure {number}")
    return figure


def png_of(figure: Figure) -> bytes:
    file = BytesIO()
    figure.savefig(file, format="png", pil_kwargs={"compress_level": 4})
    return file.getvalue()


@pytest.fixture(autouse=True)
def cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "usable_cores", lambda: 3)


@pytest.mark.parametrize("count", [0, 1, 4, 7])
def test_files_are_the_same_as_those_of_one_process(count: int, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(count)]
    render({path: figure_of(number) for number, path in enumerate(paths)})
    for number, path in enumerate(paths):
        assert path.read_bytes() == png_of(figure_of(number))


def test_pixels_are_those_of_savefig(tmp_path: Path) -> None:
    plain, path = tmp_path / "plain.png", tmp_path / "figure.png"
    figure_of(1).savefig(plain)
    render({path: figure_of(1)})
    expected, found = (np.asarray(Image.open(file)) for file in (plain, path))
    assert np.array_equal(found, expected)


def fail() -> None:
    raise ValueError("only here")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hang() -> None:
    signal.pause()


@pytest.mark.parametrize("end", [fail, die, hang])
def test_what_another_process_does_not_finish_is_rendered_here(
    end: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = os.getpid()
    monkeypatch.setattr(rendering, "_PATIENCE", 1.0)

    class Fragile(Figure):
        def savefig(self, *words: Any, **named: Any) -> None:
            if os.getpid() != here:
                Path(words[0]).write_bytes(b"a part")
                end()
            super().savefig(*words, **named)

    paths = [tmp_path / f"{number}.png" for number in range(4)]
    render({path: figure_of(number, Fragile) for number, path in enumerate(paths)})
    for number, path in enumerate(paths):
        assert path.read_bytes() == png_of(figure_of(number))


def test_an_error_of_every_process_is_raised(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    with pytest.raises(FileNotFoundError):
        render({absent / f"{number}.png": figure_of(number) for number in range(4)})
