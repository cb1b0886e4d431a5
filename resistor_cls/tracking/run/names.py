"""Names of runs: what was trained or evaluated, and on which photos."""

from pathlib import Path

_SHORT = 8  # characters that identify a run of a store


def training_name(backbone: str, photos: str, experiment: str | None = None) -> str:
    """Names a training: `quickstart: resnet10t on rendered`.

    Args:
        backbone: name of timm, whose tag of weights is left out.
        photos: name of their source, such as `rendered` or `folder my_photos`.
        experiment: the option of the config that was chosen; None for none.
    """
    prefix = f"{experiment}: " if experiment else ""
    return f"{prefix}{backbone.partition('.')[0]} on {photos}"


def sweep_name(keys: str, experiment: str | None = None) -> str:
    """Names the parent of a sweep: `leak_check: sweep over data.split, seed`.

    Args:
        keys: that are swept; empty for none.
        experiment: see `training_name`.
    """
    prefix = f"{experiment}: " if experiment else ""
    return f"{prefix}sweep over {keys or 'nothing'}"


def evaluation_name(reference: str, photos: str) -> str:
    """Names an evaluation: `evaluate best.ckpt on 577 validation photos of rendered`.

    Args:
        reference: of the model.
        photos: in words, with their number.
    """
    return f"evaluate {model_name(reference)} on {photos}"


def model_name(reference: str) -> str:
    """A reference to a model in few words, without the folders of a machine."""
    if reference == "rendered":
        return "the rendered model"
    if reference.startswith("models:/"):
        return reference.removeprefix("models:/")
    if reference.startswith("runs:/"):
        run, _, artifact = reference.removeprefix("runs:/").partition("/")
        name = Path(artifact).name
        return f"run {run[:_SHORT]}" if name == "model" else f"{name} of run {run[:_SHORT]}"
    return Path(reference).name
