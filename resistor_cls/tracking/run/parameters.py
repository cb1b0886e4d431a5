"""Which keys of a config are parameters of a run."""

from collections.abc import Mapping
from typing import Any

# Keys that change neither weights nor scores, or are logged elsewhere; config/resolved.yaml has
# all.
_LEFT_OUT = (
    "tracking.",  # where the run is kept, and its name
    "paths.",
    "data.root",  # the path differs between machines: `data.fingerprint` identifies the photos
    "data.cache",
    "trainer.resume",
    "trainer.checkpoint_",
    "data.workers",  # training repeats to the bit with any number of them
    "data.augment.",  # copies of `augment` and `mix`
    "data.mix.",
    "gallery",  # how much the report shows
    "saliency",
    "compare",  # of the parent of a sweep: its tag `sweep.compare`
    "sweep.",
)


def parameters(values: Mapping[str, Any], options: Mapping[str, str]) -> dict[str, Any]:
    """The choices of a training or an evaluation, by which runs are compared.

    Args:
        values: every key of the config, dotted.
        options: group of the config → the option that was chosen, such as `optimizer` → `adamw`.

    Returns:
        Key → value; the groups first.
    """
    chosen = {group: option for group, option in options.items() if f"{group}." not in _LEFT_OUT}
    kept = {key: value for key, value in values.items() if not key.startswith(_LEFT_OUT)}
    return {**chosen, **kept}
