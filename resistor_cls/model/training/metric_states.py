"""What torchmetrics have collected in an epoch, as plain values that a checkpoint can hold."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor
from torchmetrics import MetricCollection


def metric_states(metrics: MetricCollection | None) -> dict[str, Any]:
    """Name of a metric → its updates so far, and its states."""
    if metrics is None:
        return {}
    return {
        name: {"updates": metric._update_count, "states": _copied(metric.metric_state)}
        for name, metric in metrics.items(keep_base=True)
    }


def restore_metric_states(metrics: MetricCollection | None, states: Mapping[str, Any]) -> None:
    """Gives metrics what `metric_states` has kept; those that it has not are as they were."""
    if metrics is None:
        return
    for name, metric in metrics.items(keep_base=True):
        if name not in states:
            continue
        metric._update_count = states[name]["updates"]
        for state, value in _copied(states[name]["states"]).items():
            setattr(metric, state, value)


def _copied(states: Mapping[str, Any]) -> dict[str, Any]:
    # Metrics add to their tensors in place.
    return {
        name: value.clone() if isinstance(value, Tensor) else [one.clone() for one in value]
        for name, value in states.items()
    }
