from pathlib import Path

import pytest

from resistor_cls.tracking import open_run
from resistor_cls.tracking.model.export_scores import keep_scores
from resistor_cls.tracking.store.connection import connect
from tests.helpers.runs import store_uri


@pytest.mark.parametrize("reference", ["runs:/{run}/model", "models:/mine/1"])
def test_the_run_of_a_model_keeps_the_scores_of_its_export(reference: str, workplace: Path) -> None:
    uri, scores = store_uri(workplace), Path("mine.parity.json")
    scores.write_text("{}")
    with open_run("out", uri=uri, system_metrics=False) as run:
        run_id = run.run_id
    client = connect(uri)
    client.create_registered_model("mine")
    client.create_model_version("mine", f"{workplace}/model", run_id=run_id)
    keep_scores(scores, reference.format(run=run_id), uri)
    (found,) = client.list_artifacts(run_id, "export")
    assert found.path == "export/mine.parity.json"


def test_a_model_of_no_run_has_none_to_add_to(workplace: Path) -> None:
    keep_scores(Path("mine.parity.json"), "best.ckpt", "nothing://is.looked.up")
    client = connect(store_uri(workplace))
    client.create_registered_model("mine")
    client.create_model_version("mine", f"{workplace}/model")
    keep_scores(Path("mine.parity.json"), "models:/mine/1", store_uri(workplace))


def test_a_store_that_takes_nothing_is_named_and_the_export_stays(
    workplace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keep_scores(Path("mine.parity.json"), "runs:/0123/model", store_uri(workplace))
    assert "mine.parity.json is written, but the run of runs:/0123/model does not" in caplog.text
