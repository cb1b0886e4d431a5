"""Runs `train` and accounts for each second.

python accounted.py OUT.json WORD …

Libraries are imported in the order in which `train` would import them, each under the clock; what
`train` calls is measured by functions put around it. The sum of the parts is the whole.
"""

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from resistor_cls.errors import end_process
from resistor_cls.garbage import rare_searches

BEGAN = time.time()  # as `command_rows` reads the clock before it starts this process
# Stage → modules, in the order of their first use.
LIBRARIES = {
    "import of Hydra and of the commands": ("hydra", "resistor_cls.train"),
    "import of PyTorch": ("torch",),
    "import of Lightning": ("lightning",),
    "import of timm": ("timm",),
    "import of pandas, SciPy and scikit-learn": ("pandas", "scipy", "sklearn.metrics"),
    "import of Matplotlib": ("matplotlib.figure",),
    "import of albumentations and OpenCV": ("albumentations",),
    "import of MLflow": ("mlflow",),
    "import of the package": (
        "resistor_cls.inference.evaluate_model", "resistor_cls.model.task",
        "resistor_cls.model.training.trainer", "resistor_cls.tracking.run.training_callback",
    ),
}  # fmt: skip
# Stage → module and name of what is called once or more. Inner ones are taken off the outer ones.
CALLS = {
    "choices of the config": ("resistor_cls.train", "_choices"),
    "trial without memory": ("resistor_cls.model.training.dry_run", "dry_run"),
    "photos: listing, decoding, split": ("resistor_cls.train", "_set_up"),
    "opening of the store": ("resistor_cls.tracking.run.opening", "connect"),
    "description of the run": ("resistor_cls.train", "_describe"),
    "saving figures, tables and texts": ("resistor_cls.tracking.run.saving", "save_results"),
    "end of the run: what is left is sent": ("resistor_cls.tracking.run.opening", "_close"),
    "calibration and saving of the model": ("resistor_cls.train", "_save_model"),
    "report": ("resistor_cls.inference.evaluate_model", "evaluate_model"),
    "trainer, around its loop": ("resistor_cls.model.training.trainer", "fit"),
}

seconds: dict[str, float] = defaultdict(float)
_inner: list[float] = []  # seconds of the calls within each open call


def under_the_clock(stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, whose own time counts for a stage."""

    def measured(*words: Any, **named: Any) -> Any:
        began = time.perf_counter()
        _inner.append(0.0)
        try:
            return call(*words, **named)
        finally:
            taken = time.perf_counter() - began
            seconds[stage] += taken - _inner.pop()
            if _inner:
                _inner[-1] += taken

    return measured


def main() -> None:
    """Runs the command."""
    out, *words = sys.argv[1:]
    with rare_searches():  # as `train` imports them
        for stage, modules in LIBRARIES.items():
            under_the_clock(stage, lambda names=modules: [import_module(name) for name in names])()
    for stage, (module, name) in CALLS.items():
        put_around(import_module(module), name, stage)
    from lightning.pytorch.loops.fit_loop import _FitLoop

    _FitLoop.run = under_the_clock("training loop", _FitLoop.run)
    from resistor_cls.train import main as train

    command = under_the_clock("composition of the config, and the rest", train)
    status = command(words)
    seconds["began"], seconds["ended"] = BEGAN, time.time()
    Path(out).write_text(json.dumps(seconds), encoding="utf-8")
    end_process(status)


def put_around(module: Any, name: str, stage: str) -> None:
    """Replaces a function wherever the package has imported it."""
    call = getattr(module, name)
    measured = under_the_clock(stage, call)
    for one in list(sys.modules.values()):
        if getattr(one, "__name__", "").startswith("resistor_cls") and (
            vars(one).get(name) is call
        ):
            setattr(one, name, measured)


if __name__ == "__main__":
    main()
