"""What a user does with the registry: train, promote, and use the champion."""

from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient

from resistor_cls.evaluate import main as evaluate
from resistor_cls.predict import main as predict
from resistor_cls.promote import main as promote


def check_registry(
    client: MlflowClient,
    train: Callable[..., int],
    photos: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Trains in an empty registry, promotes, evaluates and predicts."""
    assert train("tracking.register=true", "unknown=0", "trainer.max_epochs=1") == 0
    (version,) = client.search_model_versions("name = 'resistor_cls'")
    reference = f"runs:/{version.run_id}/model"
    assert f"promote --model {reference}" in capsys.readouterr().err
    assert promote(["--model", reference]) == 0
    assert "models:/resistor_cls/1 is the champion now" in capsys.readouterr().out
    champion = "models:/resistor_cls@champion"
    assert evaluate([f"model={champion}", "unknown=0", "trainer=cpu"]) == 0
    one = next(photos.rglob("*.jpg"))
    assert predict([str(one), "--model", champion, "--format", "csv"]) == 0
    assert str(one.name) in capsys.readouterr().out
    model = client.get_logged_model(str(version.source).removeprefix("models:/"))
    assert {"best/val/accuracy", "test/accuracy"} <= {one.key for one in model.metrics or ()}
