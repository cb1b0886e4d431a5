"""Files to batches: reads labelled photos, checks them, splits them, augments them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from resistor_cls.data.augment.serialized import read_pipeline
    from resistor_cls.data.datamodule import PhotoDataModule
    from resistor_cls.data.images.decode import read_photo
    from resistor_cls.data.images.resize import Resize
    from resistor_cls.data.images.resize_batch import resize
    from resistor_cls.data.settings import data_module_from_settings
    from resistor_cls.data.sources.custom import CustomSource
    from resistor_cls.data.sources.folder import FolderSource
    from resistor_cls.data.sources.photo_set import PhotoSet
    from resistor_cls.data.sources.resistor37 import Resistor37Source
    from resistor_cls.data.sources.synthetic import SyntheticSource
    from resistor_cls.data.sources.table import TableSource
    from resistor_cls.data.splits.config import SplitConfig

__all__ = [
    "CustomSource", "FolderSource", "PhotoDataModule", "PhotoSet", "Resistor37Source", "Resize",
    "SplitConfig", "SyntheticSource", "TableSource", "data_module_from_settings", "read_photo",
    "read_pipeline", "resize",
]  # fmt: skip

# Who predicts needs neither PyTorch nor pandas: each name loads its own module alone.
_MODULES = {
    "CustomSource": "sources.custom",
    "FolderSource": "sources.folder",
    "PhotoDataModule": "datamodule",
    "PhotoSet": "sources.photo_set",
    "Resistor37Source": "sources.resistor37",
    "Resize": "images.resize",
    "SplitConfig": "splits.config",
    "SyntheticSource": "sources.synthetic",
    "TableSource": "sources.table",
    "data_module_from_settings": "settings",
    "read_photo": "images.decode",
    "read_pipeline": "augment.serialized",
    "resize": "images.resize_batch",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
