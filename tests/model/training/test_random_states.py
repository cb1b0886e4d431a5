"""Random numbers continue where they were, from plain values."""

import io
import random

import numpy as np
import torch

from resistor_cls.model.training.random_states import random_states, restore_random_states


def drawn() -> list[float]:
    return [random.gauss(), float(np.random.standard_normal()), float(torch.randn(()))]


def test_all_generators_continue() -> None:
    drawn()  # leaves a spare normal in Python's and NumPy's
    file = io.BytesIO()
    torch.save(random_states(), file)
    expected, more = drawn(), drawn()
    file.seek(0)
    restore_random_states(torch.load(file, weights_only=True))
    assert (drawn(), drawn()) == (expected, more)
