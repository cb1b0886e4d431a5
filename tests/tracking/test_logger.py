from typing import Any

import pytest

from resistor_cls.tracking import logger as module
from resistor_cls.tracking.logger import RunLogger


class Store:
    """Takes what an MLflow client would."""

    def __init__(self) -> None:
        self.writes: list[list[Any]] = []

    def log_batch(self, run_id: str, metrics: list[Any]) -> None:
        self.writes.append(metrics)


@pytest.mark.parametrize("tracked", [True, False], ids=["tracked", "not tracked"])
def test_steps_are_kept_each_and_written_together(tracked: bool) -> None:
    store = Store()
    logger = RunLogger(store, "1") if tracked else RunLogger()  # type: ignore[arg-type]
    wanted = [(step, 1 / (step + 1)) for step in range(1500)]
    for step, value in wanted:
        logger.log_metrics({"train/loss": value, "lr": 0.5}, step)
        logger.save()  # as Lightning does
    logger.finalize("success")
    assert logger.history == {"train/loss": wanted, "lr": [(step, 0.5) for step, _ in wanted]}
    written = [metric for write in store.writes for metric in write]
    assert len(written) == (3000 if tracked else 0)
    assert len(store.writes) < 10
    assert max(map(len, store.writes), default=0) <= 1000  # the most that MLflow takes


def test_what_has_waited_long_enough_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    logger = RunLogger(store, "1")  # type: ignore[arg-type]
    monkeypatch.setattr(module, "PERIOD", 0.0)
    logger.log_metrics({"val/loss": 1.0}, 3)
    logger.save()
    assert [(metric.key, metric.step) for metric in store.writes[0]] == [("val/loss", 3)]
