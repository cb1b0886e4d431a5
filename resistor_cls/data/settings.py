"""From the flat keys of `data` to a source, a split config and a data module."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from resistor_cls.data.datamodule import PhotoDataModule
from resistor_cls.data.images.preprocessed import ImagePreprocessing
from resistor_cls.data.images.resize import Resize
from resistor_cls.data.online_generator import OnlineGenerator
from resistor_cls.data.sources.by_name import make_source
from resistor_cls.data.splits.config import SplitConfig

_SPLIT_KEYS = tuple(field.name for field in fields(SplitConfig))
_MODULE_KEYS = (
    "batch_size", "augment", "drop_last", "skip_unreadable", "subset", "shards", "pseudo", "mix",
    "workers", "cache",
)  # fmt: skip


def data_module_from_settings(
    source: str = "folder",
    *,
    image_size: int | Sequence[int] = 224,
    preprocess: ImagePreprocessing | None = None,
    stream: OnlineGenerator | None = None,
    **settings: Any,
) -> PhotoDataModule:
    """Makes a data module of the keys of `data`, as `conf/data` and saved models hold them.

    Args:
        source: one of `resistor_cls.data.sources.by_name.SOURCES`, or an import path.
        image_size: side in pixels that photos are resized to, or [rows, columns]; not used if
            `preprocess` is given.
        preprocess: as of `PhotoDataModule`.
        stream: `online_generator` of `PhotoDataModule`.
        **settings: arguments of `PhotoDataModule`, of `SplitConfig` and of the source.

    Raises:
        ConfigError: a key that the source does not take, or a value that cannot be used.
        ModelError: a custom source that is not allowed, or cannot be imported.
    """
    module = {key: settings.pop(key) for key in _MODULE_KEYS if key in settings}
    split = {key: settings.pop(key) for key in _SPLIT_KEYS if key in settings}
    return PhotoDataModule(
        make_source(source, settings),
        SplitConfig(**split),
        preprocess=Resize(image_size) if preprocess is None else preprocess,
        online_generator=stream,
        **module,
    )
