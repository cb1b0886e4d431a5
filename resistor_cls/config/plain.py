"""A composed config as plain values."""

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omegaconf import DictConfig


def flatten(config: "DictConfig", resolve: bool = True) -> dict[str, Any]:
    """A nested config as dotted keys and plain values, without `_target_` and its like.

    Args:
        config: the config.
        resolve: put values in the place of interpolations.
    """
    from omegaconf import OmegaConf

    def flat(node: Any, prefix: str) -> Iterator[tuple[str, Any]]:
        if not isinstance(node, dict):
            yield prefix, node
            return
        for key, value in node.items():
            if not str(key).startswith("_"):
                yield from flat(value, f"{prefix}.{key}" if prefix else str(key))

    return dict(flat(OmegaConf.to_container(config, resolve=resolve), ""))


def resolved(config: "DictConfig") -> str:
    """A config as YAML, with values in the place of interpolations."""
    from omegaconf import OmegaConf

    return OmegaConf.to_yaml(config, resolve=True)


def known_values(config: "DictConfig") -> dict[str, Any]:
    """The values that are known before a job begins, as dotted keys and plain values."""
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    values = {}
    for key, value in flatten(config, resolve=False).items():
        if key.startswith("hydra."):
            continue
        # A name such as ${hydra:job.num} is known in the job alone.
        with suppress(OmegaConfBaseException, ValueError):
            known = OmegaConf.select(config, key) if "${" in str(value) else value
            if not OmegaConf.is_config(known):
                values[key] = known
    return values
