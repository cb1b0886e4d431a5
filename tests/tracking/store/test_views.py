"""How MLflow's UI shows an experiment."""

import json
import re
from pathlib import Path

from resistor_cls.tracking.store.connection import connect, experiment_id
from resistor_cls.tracking.store.views import KEY, TAG
from tests.helpers import ROOT
from tests.helpers.runs import store_uri


def test_experiments_have_a_view_that_make_ui_opens(workplace: Path) -> None:
    client = connect(store_uri(workplace))
    new = experiment_id(client, store_uri(workplace), "new", "artifacts")
    old = client.create_experiment("old", artifact_location=(workplace / "a").as_uri())
    assert experiment_id(client, store_uri(workplace), "old", "artifacts") == old
    for number in (new, old):
        tags = client.get_experiment(number).tags
        assert tags["mlflow.experimentKind"] == "custom_model_development"
        state = json.loads(json.loads(tags[TAG])["state"])
        assert state["orderByKey"] == "metrics.`best/val/accuracy`"
        assert state["orderByKey"] in state["selectedColumns"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^RUNS := .*viewStateShareKey={KEY}$", makefile, re.MULTILINE)
