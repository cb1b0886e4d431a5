"""How Lightning writes and reads checkpoints: whole, and by the names of the network."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lightning.fabric.plugins import TorchCheckpointIO

from resistor_cls.model.checkpoint.checkpoints import read_checkpoint, write_checkpoint

# A checkpoint is of the network alone: what its task calls `network.backbone` is `backbone` there.
_NETWORK = "network."
# Lightning's keys of weights; the second where `best.ckpt` holds their moving average.
_WEIGHTS = ("state_dict", "current_model_state")


class WholeCheckpointIO(TorchCheckpointIO):
    """Writes beside the old file, then replaces it; reads nothing that is damaged."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Saves a checkpoint; see `write_checkpoint`."""
        write_checkpoint(_renamed(checkpoint, lambda name: name.removeprefix(_NETWORK)), Path(path))

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Reads a checkpoint that a training continues from, onto the CPU.

        Raises:
            ModelError: see `ResistorNetwork.load`.
        """
        return _renamed(read_checkpoint(path), lambda name: _NETWORK + name)


def _renamed(checkpoint: Mapping[str, Any], rename: Callable[[str], str]) -> dict[str, Any]:
    weights = {
        key: {rename(name): tensor for name, tensor in checkpoint[key].items()}
        for key in _WEIGHTS
        if key in checkpoint
    }
    return {**checkpoint, **weights}
