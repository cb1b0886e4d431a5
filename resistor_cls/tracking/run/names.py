"""What runs are called: what was trained or evaluated, and on which photos."""

from pathlib import Path

_SHORT = 8  # characters that tell the ids of a store's runs apart


def photos_name(source: str, root: str | None = None, table: str | None = None) -> str:
    """Names a source of photos: `rendered`, `folder my_photos`, `table labels.csv`.

    Args:
        source: of the photos.
        root: the folder, for a source that is one.
        table: the file, for a source that is one.
    """
    place = {"folder": root, "table": table}.get(source)
    return source if place is None else f"{source} {Path(place).expanduser().absolute().name}"


def training_name(backbone: str, photos: str, experiment: str | None = None) -> str:
    """Names a training: `quickstart: resnet10t on rendered`.

    Args:
        backbone: name of timm, whose tag of weights is left out.
        photos: see `photos_name`.
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


def evaluation_name(reference: str, count: int, subset: str, photos: str) -> str:
    """Names an evaluation: `evaluate best.ckpt on 577 validation photos of rendered`.

    Args:
        reference: of the model.
        count: of the photos.
        subset: of the photos, `all` for all.
        photos: see `photos_name`.
    """
    return f"evaluate {model_name(reference)} on {count} {photos_of(subset, photos)}"


def photos_of(subset: str, photos: str) -> str:
    """Names a part of the photos: `validation photos of rendered`.

    Args:
        subset: `all` for all.
        photos: see `photos_name`.
    """
    return f"photos of {photos}" if subset == "all" else f"{subset} photos of {photos}"


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
