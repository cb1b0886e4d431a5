"""Runs an ONNX graph of a file."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from resistor_cls.errors import ModelError
from resistor_cls.model.checkpoint.schema import misfit

_FOLDER_OF_OTHER_FILES = "session.model_external_initializers_file_folder_path"


class Session:
    """An ONNX graph, ready to run on the CPU; may be run by several threads at once.

    Args:
        path: the file that it is from, for messages.
        graph: its content.
        photo: (rows, columns, channels) of its input, for a trial.
        outputs: their names.

    Raises:
        ModelError: a graph that cannot be run, or with another input or other outputs.
    """

    def __init__(
        self, path: Path, graph: bytes, photo: tuple[int, int, int], outputs: Sequence[str]
    ) -> None:
        self._path, self._outputs = path, list(outputs)
        options = onnxruntime.SessionOptions()
        # Threads take a photo each, and more of them within a photo would only wait.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4  # of 0 to 4; what fails is an exception anyway
        # A graph may name other files as its weights. No file lies below this one.
        options.add_session_config_entry(_FOLDER_OF_OTHER_FILES, os.devnull)
        try:
            self._session = onnxruntime.InferenceSession(
                graph, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # the runtime's errors share no base class
            raise misfit(path, f"its graph cannot be run: {_line(error)}") from error
        inputs = [(one.name, one.type) for one in self._session.get_inputs()]
        names = [one.name for one in self._session.get_outputs()]
        if len(inputs) != 1 or inputs[0][1] != "tensor(uint8)" or not set(outputs) <= set(names):
            raise misfit(
                path,
                f"its graph takes {inputs} and gives {names}: expected one input of uint8, and the "
                f"outputs {self._outputs}",
            )
        self._input = inputs[0][0]
        for output, values in zip(outputs, self(np.zeros((1, *photo), np.uint8)), strict=True):
            if values.dtype != np.float32 or values.shape[:1] != (1,):
                raise misfit(path, f"{output} is {values.shape} {values.dtype}: expected float32")
            if not np.isfinite(values).all():
                raise misfit(path, f"{output} is not finite: expected finite numbers")

    def __call__(self, photos: np.ndarray) -> list[Any]:
        """Runs the graph on (batch, rows, columns, channels) uint8; its outputs, in their order.

        Raises:
            ModelError: a graph that cannot be run on them.
        """
        try:
            return list(
                self._session.run(self._outputs, {self._input: np.ascontiguousarray(photos)})
            )
        except Exception as error:  # the runtime's errors share no base class
            raise ModelError(
                f"{self._path}: its graph fails on photos of {photos.shape}: {_line(error)}; "
                "export the model again"
            ) from error


def _line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]
