"""What trains in the place of photos, such as crops that are drawn meanwhile."""

from collections.abc import Callable, Mapping

from torch import Tensor
from torch.utils.data import Dataset

from resistor_cls.categories import Categories
from resistor_cls.data.augment.augmentation import Augmentation
from resistor_cls.data.images.decode import RGB
from resistor_cls.data.splits.config import SplitConfig
from resistor_cls.errors import ConfigError

# Made of the label space, of the rows and columns of an item, and of what changes items at random.
# A target below 0 is of no category.
OnlineGenerator = Callable[[Categories, tuple[int, int], Augmentation], Dataset[dict[str, Tensor]]]


def check_online_generator(
    split_config: SplitConfig, channels: int, others: Mapping[str, object]
) -> None:
    """Checks that nothing asks more of photos than to validate.

    Args:
        split_config: of the photos.
        channels: of the photos.
        others: further keys that change the training photos → their values; None where one is not
            set.

    Raises:
        ConfigError: names both keys.
    """
    if channels != RGB:
        raise ConfigError(
            f"data.stream draws RGB photos, but model.channels={channels}: leave one of them out"
        )
    changed = {
        f"data.{key}={getattr(split_config, key)}"
        for key in ("validation_size", "validation", "train_on_validation")
        if getattr(split_config, key) != getattr(SplitConfig, key)
    }
    changed |= {key for key, value in others.items() if value is not None}
    if changed:
        raise ConfigError(
            f"{min(changed)} does not go with data.stream, which trains on what it makes while all "
            "photos validate: leave one of them out"
        )
