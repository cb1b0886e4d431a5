"""How many threads PyTorch uses."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Lets PyTorch work in the calling thread alone, and in every thread that begins meanwhile.

    Where threads take a photo each, more of them within each photo only wait for one another; and
    a sum that is shared out to another number of threads is another sum in its last digits.
    """
    before = torch.get_num_threads()
    if before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
