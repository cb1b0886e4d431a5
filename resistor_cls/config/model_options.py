"""Options of the commands that load a model."""

import argparse
import os

from resistor_cls.custom_code import FLAG


def add_model_option(group: argparse._ActionsContainer) -> None:
    """Adds `--model`, by default the model of the package."""
    group.add_argument(
        "--model",
        default="rendered",
        metavar="REF",
        help="checkpoint file, ONNX file of export, runs:/RUN_ID/model or models:/NAME@ALIAS; by "
        "default the model that comes with the package, which reads the bands of any resistor",
    )


def add_code_option(group: argparse._ActionsContainer) -> None:
    """Adds the flag that allows custom code."""
    group.add_argument(
        FLAG,
        action="append",
        default=[],
        metavar="PACKAGE",
        help="let the model use custom code from this package, see docs/extend.md",
    )


def add_store_option(group: argparse._ActionsContainer) -> None:
    """Adds `--tracking-uri`."""
    group.add_argument(
        "--tracking-uri",
        default=os.environ.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db"),
        metavar="URI",
        help="MLflow store that runs:/ and models:/ are looked up in (default: "
        "$MLFLOW_TRACKING_URI, else sqlite:///mlflow.db)",
    )
