"""Arrays that stay in their files, also on the way to another process."""

import mmap
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np


def mapped(path: Path, kind: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Maps a file as an array that can only be read.

    NumPy's own maps carry all that they hold when they are pickled, and arrive as copies in memory:
    of cached photos gigabytes for each worker that is not forked. This one carries path, type and
    shape, and is mapped again where it arrives.

    Args:
        path: of the file.
        kind: of the numbers in it.
        shape: of the array, in C order.

    Raises:
        OSError: a file that cannot be read.
        ValueError: one that is too short.
    """
    # Absolute: another process may work in another folder.
    return _Mapped(path.absolute(), dtype=kind, mode="r", shape=shape)


class _Mapped(np.memmap):
    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        # The whole is made of the map itself, a part of it of the whole.
        if isinstance(self.base, mmap.mmap):
            return mapped, (Path(str(self.filename)), self.dtype, self.shape)
        return np.array(self).__reduce_ex__(protocol)
