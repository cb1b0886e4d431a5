"""Entries of an outbox, as MLflow stores them."""

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from mlflow import MlflowClient
from mlflow.data import get_source
from mlflow.entities import LoggedModelOutput
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import BAD_REQUEST

from resistor_cls.evaluation.results import DataSet
from resistor_cls.tracking import open_run
from resistor_cls.tracking.model import logged_model
from resistor_cls.tracking.run.delivery import RACES, Delivery
from resistor_cls.tracking.run.outbox import Refused
from resistor_cls.tracking.store.connection import connect
from tests.helpers.runs import store_uri

PHOTOS = DataSet("folder photos", "0123456789abcdef", "/photos", photos=8, categories=4)


def test_data_sets_say_where_they_come_from(workplace: Path) -> None:
    client = connect(store_uri(workplace))
    address = "https://host/photos.zip"
    with open_run("a", uri=store_uri(workplace), system_metrics=False) as run:
        run.log_data(PHOTOS, "training")
        run.log_data(replace(PHOTOS, digest="1", source=address), "validation")
    folder = client.get_run(run.run_id).info.artifact_uri
    older = {"name": "older", "digest": "2", "folder": "/older", "photos": 1, "categories": 1}
    deliver = Delivery(client, run.run_id, folder, workplace / "a")
    deliver({"call": "data", "use": "test", **older})  # as version 0.2.0 has left it in an outbox
    inputs = client.get_run(run.run_id).inputs.dataset_inputs
    uses = {one.tags[0].value: one.dataset for one in inputs}
    assert {use: (one.source_type, json.loads(one.source)) for use, one in uses.items()} == {
        "training": ("local", {"uri": "/photos"}),
        "validation": ("http", {"url": address}),
        "test": ("local", {"uri": "/older"}),
    }
    assert get_source(uses["validation"]).to_dict() == {"url": address}
    assert json.loads(str(uses["training"].profile)) == {"num_rows": 8, "categories": 4}
    assert (uses["training"].name, uses["training"].digest) == (PHOTOS.name, PHOTOS.digest)


def test_scores_stay_with_the_model_whichever_process_sends_them(workplace: Path) -> None:
    client = connect(store_uri(workplace))
    with open_run("a", uri=store_uri(workplace), system_metrics=False) as run:
        run.log_data(PHOTOS, "validation")
    info = client.get_run(run.run_id).info
    model = client.create_logged_model(info.experiment_id, "model", run.run_id)
    client.log_outputs(run.run_id, [LoggedModelOutput(model.model_id, 0)])
    values = [("best/val/accuracy", 0.75, 1000, 3)]
    entry = {"call": "scores", "values": values, "name": PHOTOS.name, "digest": PHOTOS.digest}
    Delivery(client, run.run_id, info.artifact_uri, workplace / "a")(entry)  # as `sync` does

    (metric,) = client.get_logged_model(model.model_id).metrics or []
    assert (metric.key, metric.value) == ("best/val/accuracy", 0.75)
    assert (metric.dataset_name, metric.dataset_digest) == (PHOTOS.name, PHOTOS.digest)
    stored = client.get_run(run.run_id)
    assert stored.data.metrics == {"best/val/accuracy": 0.75}
    (used,) = stored.inputs.dataset_inputs
    assert json.loads(str(used.dataset.profile))["num_rows"] == 8
    assert {tag.key: tag.value for tag in used.tags} == {"mlflow.data.context": "validation"}
    assert (used.dataset.source_type, used.dataset.source) == ("local", '{"uri": "/photos"}')

    with open_run("b", uri=store_uri(workplace), system_metrics=False) as other:
        other.log_evaluated(f"runs:/{run.run_id}/model")
        other.log_evaluated("best.ckpt")  # of which no store knows
        other.log_scores({"test/accuracy": 0.5}, PHOTOS)
        other.rename("evaluate it")
    assert client.get_run(other.run_id).info.run_name == "evaluate it"
    scores = {one.key: one.value for one in client.get_logged_model(model.model_id).metrics}
    assert scores == {"best/val/accuracy": 0.75, "test/accuracy": 0.5}


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("connection lost (Background on this error at: https://sqlalche.me/e/20/rvf5)", "passes"),
        (
            "QueuePool limit of size 5 overflow 10 reached (…: https://sqlalche.me/e/20/3o7r)",
            "passes",
        ),
        ("value too long (Background on this error at: https://sqlalche.me/e/20/9h9h)", "refused"),
    ],
)
def test_trouble_of_a_database_passes_and_a_wrong_value_does_not(message: str, kind: str) -> None:
    """A server reports both as a bad request."""

    def fail(*_: Any, **__: Any) -> None:
        raise MlflowException(message, error_code=BAD_REQUEST)

    run = SimpleNamespace(info=SimpleNamespace(lifecycle_stage="active"))
    client = cast(MlflowClient, SimpleNamespace(log_batch=fail, get_run=lambda _: run))
    expected = MlflowException if kind == "passes" else Refused
    with pytest.raises(expected):
        Delivery(client, "1", "mlflow-artifacts:/1", Path())({"call": "tags", "values": {"a": "b"}})


@pytest.mark.parametrize("races", [1, RACES + 1])
def test_a_row_that_another_run_has_just_made_is_found(races: int) -> None:
    message = "duplicate key … (Background on this error at: https://sqlalche.me/e/20/gkpj)"
    sent: list[Any] = []

    def log_batch(*_: Any, **values: Any) -> None:
        sent.append(values)
        if len(sent) <= races:
            raise MlflowException(message, error_code=BAD_REQUEST)

    run = SimpleNamespace(info=SimpleNamespace(lifecycle_stage="active"))
    client = cast(MlflowClient, SimpleNamespace(log_batch=log_batch, get_run=lambda _: run))
    deliver = Delivery(client, "1", "mlflow-artifacts:/1", Path())
    with pytest.raises(Refused) if races > RACES else nullcontext():
        deliver({"call": "tags", "values": {"a": "b"}})
    assert len(sent) == min(races, RACES) + 1


def test_a_model_whose_upload_was_broken_off_is_uploaded_again(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(place: Path, checkpoint: Path, *_: Any) -> None:
        place.mkdir()
        (place / "best.ckpt").write_bytes(checkpoint.read_bytes())

    monkeypatch.setattr(logged_model, "write_model", write)
    client = connect(store_uri(workplace))
    with open_run("a", uri=store_uri(workplace), system_metrics=False) as run:
        (run.output / "best.ckpt").write_bytes(b"weights")
    upload = client.log_model_artifacts
    entry = {"call": "model", "checkpoint": "best.ckpt", "record": {}, "step": 3}

    def fail(*_: Any) -> None:
        raise ConnectionError("the server is gone")

    for again in (False, True):  # by the same process, and by `sync` in another
        deliver = Delivery(client, run.run_id, "", workplace / "a")
        monkeypatch.setattr(client, "log_model_artifacts", fail)
        with pytest.raises(ConnectionError):
            deliver(entry)
        monkeypatch.setattr(client, "log_model_artifacts", upload)
        (Delivery(client, run.run_id, "", workplace / "a") if again else deliver)(entry)
        outputs = client.get_run(run.run_id).outputs
        assert outputs is not None
        models = [client.get_logged_model(one.model_id) for one in outputs.model_outputs]
        assert [model.status for model in models] == ["READY"] * (1 + again)
        for model in models:
            (file,) = client.list_logged_model_artifacts(model.model_id)
            assert file.path == "best.ckpt"
