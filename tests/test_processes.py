import os
import threading

import pytest

from resistor_cls.processes import end_with_parent, is_first, is_one_of_several


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "SLURM_PROCID", "NODE_RANK", "LOCAL_RANK", "WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("given", "first", "several"),
    [
        ({}, True, False),
        ({"SLURM_PROCID": "0"}, True, False),
        ({"SLURM_PROCID": "3"}, False, True),
        ({"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "2"}, True, True),
        ({"RANK": "2", "LOCAL_RANK": "0", "WORLD_SIZE": "4"}, False, True),  # of a second machine
        ({"NODE_RANK": "1"}, False, True),
        ({"NODE_RANK": "0", "LOCAL_RANK": "1"}, False, True),
        ({"WORLD_SIZE": "1"}, True, False),
    ],
)
def test_a_launcher_says_which_process_this_is(
    given: dict[str, str], first: bool, several: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert (is_first(), is_one_of_several()) == (first, several)


def test_a_process_ends_when_its_parent_has_died(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    parents = iter([7, 7])
    monkeypatch.setattr("resistor_cls.processes._PERIOD", 0.01)
    monkeypatch.setattr(os, "getppid", lambda: next(parents, 1))
    end_with_parent(lambda status: ended.set())
    assert ended.wait(10)
