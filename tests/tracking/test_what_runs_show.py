"""What the pages of MLflow show of a run: its name, parameters, photos, model and best scores."""

import json
import re
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.entities import LoggedModelOutput

from resistor_cls.evaluation.results import DataSet
from resistor_cls.tracking import open_run
from resistor_cls.tracking.model.example import decoded, encoded
from resistor_cls.tracking.model.logged_model import signature
from resistor_cls.tracking.run.delivery import Delivery
from resistor_cls.tracking.run.names import evaluation_name, sweep_name, training_name
from resistor_cls.tracking.run.parameters import parameters
from resistor_cls.tracking.store.addresses import run_address, ui_command
from resistor_cls.tracking.store.connection import connect, experiment_id
from resistor_cls.tracking.store.views import KEY, TAG
from resistor_cls.tracking.sweep.job_scores import JobScores, job_table
from resistor_cls.tracking.sweep.jobs import Job
from resistor_cls.tracking.sweep.markdown import markdown_table
from tests.helpers import ROOT

PHOTOS = DataSet("folder photos", "0123456789abcdef", "/photos", photos=8, categories=4)


def at(place: Path) -> str:
    return f"sqlite:///{place / 'mlflow.db'}"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (
            training_name("resnet10t.c3_in1k", "folder my_photos"),
            "resnet10t on folder my_photos",
        ),
        (
            training_name("resnet10t", "rendered", "quickstart"),
            "quickstart: resnet10t on rendered",
        ),
        (sweep_name("seed", "leak_check"), "leak_check: sweep over seed"),
        (
            evaluation_name("/home/me/best.ckpt", "577 validation photos of rendered"),
            "evaluate best.ckpt on 577 validation photos of rendered",
        ),
        (
            evaluation_name("runs:/0123456789abcdef/model", "40 photos of folder mine"),
            "evaluate run 01234567 on 40 photos of folder mine",
        ),
        (
            evaluation_name(
                "runs:/0123456789abcdef/checkpoints/last.ckpt", "1 test photos of rendered"
            ),
            "evaluate last.ckpt of run 01234567 on 1 test photos of rendered",
        ),
        (
            evaluation_name("models:/resistor_cls@best", "9 photos of rendered"),
            "evaluate resistor_cls@best on 9 photos of rendered",
        ),
    ],
)
def test_names_say_what_was_done_with_which_photos(name: str, wanted: str) -> None:
    assert name == wanted


def test_parameters_are_the_choices_of_a_training() -> None:
    values = {
        "tracking.name": "mine",
        "paths.output": "/home/me",
        "data.root": "/home/me/photos",
        "data.augment.flip.p": 1.0,
        "data.split": "capture",
        "optimizer.lr": 0.1,
    }
    found = parameters(values, {"optimizer": "adamw", "tracking": "mlflow"})
    assert found == {"optimizer": "adamw", "data.split": "capture", "optimizer.lr": 0.1}


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


def test_databricks_has_addresses_of_its_own() -> None:
    assert run_address("databricks://work", "1", "2") == ""
    assert ui_command("databricks://work") == ""


def test_experiments_have_a_view_that_make_ui_opens(workplace: Path) -> None:
    client = connect(at(workplace))
    new = experiment_id(client, at(workplace), "new", "artifacts")
    old = client.create_experiment("old", artifact_location=(workplace / "a").as_uri())
    assert experiment_id(client, at(workplace), "old", "artifacts") == old
    for number in (new, old):
        tags = client.get_experiment(number).tags
        assert tags["mlflow.experimentKind"] == "custom_model_development"
        state = json.loads(json.loads(tags[TAG])["state"])
        assert state["orderByKey"] == "metrics.`best/val/accuracy`"
        assert state["orderByKey"] in state["selectedColumns"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^RUNS := .*viewStateShareKey={KEY}$", makefile, re.MULTILINE)


def test_scores_stay_with_the_model_whichever_process_sends_them(workplace: Path) -> None:
    client = connect(at(workplace))
    with open_run("a", uri=at(workplace), system_metrics=False) as run:
        run.log_data(PHOTOS, "validation")
    info = client.get_run(run.run_id).info
    model = client.create_logged_model(info.experiment_id, "model", run.run_id)
    client.log_outputs(run.run_id, [LoggedModelOutput(model.model_id, 0)])
    values = [("best/val/accuracy", 0.75, 1000, 3)]
    entry = {"call": "scores", "values": values, "name": PHOTOS.name, "digest": PHOTOS.digest}
    Delivery(client, run.run_id, info.artifact_uri, workplace / "a")(entry)  # as `sync` does

    (metric,) = client.get_logged_model(model.model_id).metrics
    assert (metric.key, metric.value) == ("best/val/accuracy", 0.75)
    assert (metric.dataset_name, metric.dataset_digest) == (PHOTOS.name, PHOTOS.digest)
    stored = client.get_run(run.run_id)
    assert stored.data.metrics == {"best/val/accuracy": 0.75}
    (used,) = stored.inputs.dataset_inputs
    assert json.loads(used.dataset.profile)["num_rows"] == 8
    assert {tag.key: tag.value for tag in used.tags} == {"mlflow.data.context": "validation"}
    assert mlflow.data.get_source(used.dataset).uri == "/photos"

    with open_run("b", uri=at(workplace), system_metrics=False) as other:
        other.log_evaluated(f"runs:/{run.run_id}/model")
        other.log_evaluated("best.ckpt")  # of which no store knows
        other.log_scores({"test/accuracy": 0.5}, PHOTOS)
        other.rename("evaluate it")
    assert client.get_run(other.run_id).info.run_name == "evaluate it"
    scores = {one.key: one.value for one in client.get_logged_model(model.model_id).metrics}
    assert scores == {"best/val/accuracy": 0.75, "test/accuracy": 0.5}


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_signature_says_what_the_model_takes_and_gives(channels: int) -> None:
    given = signature(["a", "b"], channels)
    assert given.inputs.inputs[0].shape[-1] == channels
    outputs = ["category", "confidence", "calibrated", "located", "familiar", "p:a", "p:b"]
    assert given.outputs.input_names() == outputs


def test_an_example_travels_as_text() -> None:
    photo = np.arange(24, dtype=np.uint8).reshape(1, 2, 4, 3)
    assert np.array_equal(decoded(json.loads(json.dumps(encoded(photo)))), photo)


def jobs(**columns: list[float]) -> pd.DataFrame:
    count = len(next(iter(columns.values())))
    names = [f"seed={number}" for number in range(count)]
    about = {"job": names, "status": "FINISHED", "run": names, **columns}
    return pd.DataFrame({**about, "number": range(count), "overrides": names})


def test_jobs_are_ranked_by_the_watched_score() -> None:
    table = jobs(**{"val/loss": [0.3, 0.1, np.nan, 0.2], "val/accuracy": [0.7, 0.8, 0.9, 0.9]})
    by_loss = JobScores(table, "val/loss")
    assert by_loss.tags() == {
        "sweep.jobs": "4",
        "sweep.best": "seed=1",
        "sweep.best_run": "seed=1",
    }
    points = by_loss.by_job()
    assert [number for number, _ in points] == [0, 1, 3]  # the third has no score
    assert [scores["jobs/val/loss"] for _, scores in points] == [0.3, 0.1, 0.2]
    assert [scores["best/val/loss"] for _, scores in points] == [0.3, 0.1, 0.1]
    assert points[2][1]["best/val/accuracy"] == 0.8  # of the same job
    assert JobScores(table, "val/accuracy").tags()["sweep.best"] == "seed=2"
    tested = JobScores(jobs(**{"test/accuracy": [0.1, 0.2]}), "val/accuracy")
    assert tested.tags()["sweep.best"] == "seed=1"


def test_jobs_without_a_run_are_counted_and_passwords_stay_out() -> None:
    words = ("seed=1", "tracking.uri=postgresql://me:s3cret@host/db")
    table = job_table([Job(words, Path("sweep/3"), finished=False)], [], lambda words: words[0])
    (row,) = table.to_dict("records")
    assert (row["job"], row["status"], row["run"], row["number"]) == ("seed=1", "FAILED", "", 3)
    assert row["overrides"] == "seed=1 tracking.uri=postgresql://me:***@host/db"


def test_without_scores_no_job_is_the_best() -> None:
    failed = JobScores(jobs(status=["FAILED", "FAILED"]), "val/loss")
    assert failed.tags() == {"sweep.jobs": "2"}
    assert failed.by_job() == []
    assert "0 of 2 jobs finished." in failed.note(lambda run: f"#/{run}")


def test_the_description_of_a_long_sweep_names_where_the_rest_is() -> None:
    many = jobs(**{"val/accuracy": [number / 100 for number in range(50)]})
    note = JobScores(many, "val/accuracy").note(lambda run: f"#/{run}")
    assert "Best by val/accuracy: [seed=49](#/seed=49), 0.4900." in note
    assert note.count("\n| ") + 1 < 50
    assert "`tables/sweep.csv` has all" in note


def test_tables_are_markdown() -> None:
    table = pd.DataFrame({"job": ["a|b", "c"], "score": [0.5, np.nan]})
    shown = markdown_table(table).replace("\N{NO-BREAK SPACE}", "")
    assert shown.splitlines() == [
        "| job | score |",
        "| --- | ---: |",
        r"| a\|b | 0.5000 |",
        "| c | – |",
    ]
