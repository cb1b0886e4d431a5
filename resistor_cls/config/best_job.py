"""The best job of a sweep as an option of `experiment`, which `train` takes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from resistor_cls.config.choices import groups
from resistor_cls.config.command_line import quoted

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

    from resistor_cls.tracking import Sweep

OPTION = "best_of_sweep"
# They say where results go, or which jobs there are: none of it belongs to a single job.
_LEFT_OUT = ("tracking", "paths", "sweep", "compare", "hydra")


def save_best(sweep: "Sweep", name: str) -> str:
    """Saves the best job of a sweep as `config/experiment/best_of_sweep.yaml` of the parent.

    Args:
        sweep: whose jobs have ended.
        name: of the command; only `train` has experiments.

    Returns:
        A line that says how to use it; empty where no job has a score.
    """
    best = sweep.best_job() if name == "train" else None
    if best is None:
        return ""
    score = "" if best.score is None else f", {sweep.monitor} {best.score:.4f}"
    title = f"{sweep.job_name(best.overrides)}: the best job of `{sweep.name}`{score}."
    sweep.run.save_text(f"config/experiment/{OPTION}.yaml", experiment(best.overrides, title))
    folder = sweep.run.output / "config"
    return f"\nagain:  python -m resistor_cls.train --config-dir {folder} experiment={OPTION}"


def experiment(overrides: Sequence[str], title: str) -> str:
    """An option of `experiment` that chooses and sets what some words do.

    Args:
        overrides: `key=value` words of a job.
        title: what it is, in one line.

    Returns:
        The text of a YAML file.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from omegaconf import OmegaConf

    words = [
        word
        for word in OverridesParser.create().parse_overrides(list(overrides))
        if not word.key_or_group.startswith(_LEFT_OUT)
    ]
    removed = [str(word.input_line) for word in words if word.is_delete()]
    words = [word for word in words if not word.is_delete()]
    chosen = {word.key_or_group: word.value() for word in words if word.key_or_group in groups()}
    parent = chosen.pop("experiment", None)
    defaults: list[Any] = [] if parent is None else [parent, "_self_"]
    defaults += [{f"override /{group}": option} for group, option in chosen.items()]
    values = OmegaConf.create({"defaults": defaults})
    if parent is not None:  # it may be a sweep itself
        OmegaConf.update(values, "compare", None, force_add=True)
        OmegaConf.update(values, "hydra", {"mode": "RUN", "sweeper": {"params": None}})
    for word in words:
        if word.key_or_group not in groups():
            OmegaConf.update(values, word.key_or_group, _plain(word), force_add=True)
    head = ["# @package _global_", f"# {title}"]
    if removed:  # no file can remove a key
        head.append(f"# Add to the command: {' '.join(map(quoted, removed))}")
    return "\n".join([*head, OmegaConf.to_yaml(values)])


def _plain(word: "Override") -> Any:
    """The value of a word as a config holds it."""
    from hydra.core.override_parser.types import QuotedString

    value = word.value()
    return value.text if isinstance(value, QuotedString) else value
