"""Addresses of runs in MLflow's UI."""

import pytest

from resistor_cls.tracking.store.addresses import run_address, ui_command


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("sqlite:////a/mlflow.db", "http://127.0.0.1:5000/#/experiments/1/runs/2?"),
        ("https://me:***@host:8443/mlflow/", "https://host:8443/mlflow/#/experiments/1/runs/2?"),
    ],
)
def test_a_run_has_an_address(uri: str, address: str) -> None:
    assert run_address(uri, "1", "2").startswith(address)
    assert bool(ui_command(uri)) == uri.startswith("sqlite")


def test_databricks_has_other_addresses() -> None:
    assert run_address("databricks://work", "1", "2") == ""
    assert ui_command("databricks://work") == ""
