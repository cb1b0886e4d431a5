"""System metrics of a run: use of processor, memory, disk and GPU, by MLflow's monitors."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from resistor_cls.tracking.run.outbox import Outbox

PERIOD = 5.0  # seconds: a short run shows some points too


@contextmanager
def measuring(outbox: Outbox, first_step: int = 0) -> Iterator[None]:
    """Logs `system/…` metrics as long as the context lasts, from a step on.

    MLflow's own loop asks the store every few seconds whether the run goes on, and stops for good
    where the store does not reply.
    """
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    monitor = SystemMetricsMonitor(str(outbox.run["run_id"]))
    ended = threading.Event()

    def measure() -> None:
        step = first_step
        while not ended.is_set():
            monitor.collect_metrics()
            ended.wait(PERIOD)
            now = int(time.time() * 1000)
            found = monitor.aggregate_metrics()
            try:
                outbox.put(
                    "metrics",
                    values=[(f"system/{name}", value, now, step) for name, value in found.items()],
                )
            except OSError:  # disk full: other writers report it
                return
            for part in monitor.monitors:
                part.clear_metrics()
            step += 1

    thread = threading.Thread(target=measure, name="system metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
