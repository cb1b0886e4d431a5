from pathlib import Path

import mlflow
import pytest

from resistor_cls.errors import TrackingError
from resistor_cls.tracking import open_run
from resistor_cls.tracking.run.reading import run_results
from tests.helpers.runs import store_uri


def test_what_a_run_has_saved_is_read_back(workplace: Path) -> None:
    uri = store_uri(workplace)
    with open_run("out", uri=uri, name="mine", system_metrics=False) as run:
        run.save_text("config/resolved.yaml", "data: {source: folder}")
        run.save_text("report.json", '{"version": 1}')
        run.log_metrics({"test/accuracy": 0.5})
        run.log_params({"photos.train": 12})
    client = mlflow.MlflowClient(uri)
    client.create_registered_model("reader")
    client.create_model_version("reader", str(Path.cwd()), run.run_id)
    client.set_registered_model_alias("reader", "best", "1")
    for reference in (f"runs:/{run.run_id}/model", "models:/reader@best", "models:/reader/1"):
        found = run_results(reference, uri)
        assert found is not None
        assert (found.name, found.run_id) == ("mine", run.run_id)
        assert (found.config, found.report) == ({"data": {"source": "folder"}}, {"version": 1})
        assert found.metrics["test/accuracy"] == 0.5
        assert found.params["photos.train"] == "12"
    beside = run_results(str(run.output / "checkpoints" / "best.ckpt"), uri)
    assert beside is not None and beside.report == {"version": 1}
    assert run_results("elsewhere/best.ckpt", uri) is None


def test_a_run_that_is_not_there_is_named(workplace: Path) -> None:
    with pytest.raises(TrackingError, match="the run of runs:/0123/model cannot be read"):
        run_results("runs:/0123/model", store_uri(workplace))
