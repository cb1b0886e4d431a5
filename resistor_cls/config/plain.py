"""A composed config as plain values."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from resistor_cls.errors import plain_without_passwords

if TYPE_CHECKING:
    from omegaconf import DictConfig

# Keys that decide how weights are made, and among them those that do not.
_RECIPE = ("seed", "data.", "augment.", "model.", "optimizer.", "scheduler.", "trainer.")
_OF_THE_MACHINE = (
    *("data.augment.", "data.root", "data.cache", "data.workers", "data.test"),
    *("trainer.resume", "trainer.checkpoint_"),
    "augment.pipeline.file",
)


def flatten(config: "DictConfig", resolve: bool = True) -> dict[str, Any]:
    """A nested config as dotted keys and plain values, without `_target_` and its like."""
    found = leaves(config, resolve=resolve, hidden=False)
    return {key: value for key, value in found.items() if value != {}}


def leaves(config: "DictConfig", *, resolve: bool = False, hidden: bool = True) -> dict[str, Any]:
    """A nested config as dotted keys and plain values; an empty node is a value.

    Args:
        config: the config.
        resolve: replace interpolations by their values.
        hidden: take `_target_` and its like too.
    """
    from omegaconf import OmegaConf

    def flat(node: Any, prefix: str) -> Iterator[tuple[str, Any]]:
        if not isinstance(node, dict) or (prefix and not node):
            yield prefix, node
            return
        for key, value in node.items():
            if hidden or not str(key).startswith("_"):
                yield from flat(value, f"{prefix}.{key}" if prefix else str(key))

    return dict(flat(OmegaConf.to_container(config, resolve=resolve), ""))


def resolved(config: "DictConfig") -> str:
    """A config as YAML, with values instead of interpolations."""
    from omegaconf import OmegaConf

    return OmegaConf.to_yaml(config, resolve=True)


def recipe(config: "DictConfig") -> Any:
    """The keys that decide how weights are made, as plain values without passwords."""
    values = {key: one for key, one in flatten(config).items() if key.startswith(_RECIPE)}
    kept = {key: one for key, one in values.items() if not key.startswith(_OF_THE_MACHINE)}
    return plain_without_passwords(kept)


def trainer_options(config: "DictConfig") -> dict[str, Any]:
    """The keys of `trainer` as arguments of `build_trainer`."""
    return {str(key): value for key, value in config.trainer.items() if key != "resume"}


def report_options(config: "DictConfig") -> dict[str, Any]:
    """The keys of a report as arguments of `ReportOptions`."""
    same = {key: config[key] for key in ("costs", "gallery", "saliency")}
    return {"robustness": config.stress, "ood": config.unknown, **same}


def known_values(config: "DictConfig") -> dict[str, Any]:
    """The values that are known before a job begins, as dotted keys and plain values.

    Raises:
        omegaconf.errors.OmegaConfBaseException: an interpolation that cannot be resolved.
    """
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    values = {}
    for key, value in leaves(config).items():
        if key.startswith("hydra."):
            continue
        try:
            known = OmegaConf.select(config, key) if "${" in str(value) else value
        except OmegaConfBaseException as error:
            if "HydraConfig" not in str(error):
                raise
            continue  # a name such as ${hydra:job.num} is known in the job alone
        if not OmegaConf.is_config(known):
            values[key] = known
    return values
