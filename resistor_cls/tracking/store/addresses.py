"""Addresses of runs in MLflow's UI, and the command that starts it."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

LOCAL = "http://127.0.0.1:5000"  # where `make ui` and `mlflow ui` serve a local store
# Without it the UI shows its pages for language models.
_WORKFLOW = "workflowType=machine_learning"


def run_address(uri: str, experiment: str, run: str) -> str:
    """The page of a run.

    Returns:
        Empty for Databricks, which has other addresses.
    """
    server = _server(uri)
    return f"{server}/#/experiments/{experiment}/runs/{run}?{_WORKFLOW}" if server else ""


def artifact_link(experiment: str, run: str, name: str) -> str:
    """An artifact as a link within the UI, for a description."""
    return f"#/experiments/{experiment}/runs/{run}/artifacts/{name}?{_WORKFLOW}"


def run_link(experiment: str, run: str) -> str:
    """A run as a link within the UI, for a description."""
    return f"#/experiments/{experiment}/runs/{run}?{_WORKFLOW}"


def ui_command(uri: str) -> str:
    """The command that starts the UI on a local store; empty for a store on a server.

    Args:
        uri: of the store, without its password.
    """
    if _server(uri) != LOCAL:
        return ""
    return f"{Path(sys.executable).with_name('mlflow')} ui --backend-store-uri {uri}"


def _server(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.scheme == "databricks":
        return ""
    if parts.scheme not in ("http", "https"):
        return LOCAL
    # A browser asks for the password that an address of the store may hold.
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{place}{parts.path}".rstrip("/")
