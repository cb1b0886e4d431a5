import pytest

from resistor_cls.tracking.run import logger as module
from resistor_cls.tracking.run.logger import Point, RunLogger


@pytest.mark.parametrize("tracked", [True, False], ids=["tracked", "not tracked"])
def test_steps_are_kept_each_and_written_together(tracked: bool) -> None:
    writes: list[list[Point]] = []
    logger = RunLogger(writes.append, "1") if tracked else RunLogger()
    wanted = [(step, 1 / (step + 1)) for step in range(1500)]
    for step, value in wanted:
        logger.log_metrics({"train/loss": value, "lr": 0.5}, step)
        logger.save()  # as Lightning does
    logger.finalize("success")
    assert logger.history == {"train/loss": wanted, "lr": [(step, 0.5) for step, _ in wanted]}
    written = [point for points in writes for point in points]
    assert len(written) == (3000 if tracked else 0)
    assert len(writes) < 10


def test_what_has_waited_long_enough_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[list[Point]] = []
    logger = RunLogger(writes.append, "1")
    monkeypatch.setattr(module, "PERIOD", 0.0)
    logger.log_metrics({"val/loss": 1.0}, 3)
    logger.save()
    assert [(name, value, step) for name, value, _, step in writes[0]] == [("val/loss", 1.0, 3)]
