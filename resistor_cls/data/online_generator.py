"""An online generator: makes training items while the training runs, such as synthetic crops."""

from collections.abc import Callable, Mapping

from torch import Tensor
from torch.utils.data import Dataset

from resistor_cls.categories import Categories
from resistor_cls.data.augment.augmentation import Augmentation
from resistor_cls.data.images.decode import RGB
from resistor_cls.data.splits.config import SplitConfig
from resistor_cls.errors import ConfigError

# Takes the label space, the rows and columns of an item, and the augmentation; makes the data set
# of training items. A target below 0 is not of any category.
OnlineGenerator = Callable[[Categories, tuple[int, int], Augmentation], Dataset[dict[str, Tensor]]]


def check_online_generator(
    split_config: SplitConfig,
    channels: int,
    online_generator: object,
    pseudo: object = None,
    mix: object = None,
) -> None:
    """Checks `data.stream` and `data.mix`, and that photos only validate where `stream` trains.

    Args:
        split_config: of the photos.
        channels: of the photos.
        online_generator: the value of `data.stream`.
        pseudo: pseudo-labelled photos, or None.
        mix: the value of `data.mix`.

    Raises:
        ConfigError: a value that cannot be called; two keys that do not go together, both named.
    """
    for key, value in (("stream", online_generator), ("mix", mix)):
        if value is not None and not callable(value):
            raise ConfigError(
                f"data.{key}={value}: expected null, or a node with a _target_ that makes one"
            )
    if online_generator is None:
        return
    if channels != RGB:
        raise ConfigError(
            f"data.stream draws RGB photos, but model.channels={channels}: leave one of them out"
        )
    check_only_validate("data.stream", split_config, {"pseudo.photos": pseudo, "mix": mix})


def check_only_validate(
    trains: str, split_config: SplitConfig, others: Mapping[str, object]
) -> None:
    """Checks that photos only validate where others train.

    Args:
        trains: the key that names what trains.
        split_config: of the photos.
        others: key → value of what trains too; None where it does not.

    Raises:
        ConfigError: two keys that do not go together, both named.
    """
    changed = {
        f"data.{key}={getattr(split_config, key)}"
        for key in ("validation_size", "validation", "train_on_validation")
        if getattr(split_config, key) != getattr(SplitConfig, key)
    }
    changed |= {key for key, value in others.items() if value is not None}
    if changed:
        raise ConfigError(
            f"{min(changed)} does not go with {trains}, which trains while all photos validate: "
            "leave one of them out"
        )
