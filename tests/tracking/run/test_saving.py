"""Results become files of a run, and its tags, parameters and metrics."""

from pathlib import Path

import mlflow
import pandas as pd
from matplotlib.figure import Figure

from resistor_cls.evaluation.results import Results
from resistor_cls.tracking import open_run, save_results


def test_results_get_into_the_folder_and_the_store(workplace: Path) -> None:
    uri = f"sqlite:///{workplace / 'mlflow.db'}"
    named = pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name="label"))
    results = Results(
        metrics={"val/ece": 0.25},
        params={"photos.train": 24},
        tags={"data.split": "stratified"},
        figures={"deep/curve": Figure()},
        tables={"plain": pd.DataFrame({"a": [1]}), "named": named},
        texts={"report.json": "{}"},
        files={"tables/raw.csv": lambda path: path.write_text("raw")},  # type: ignore[dict-item]
    )
    with open_run("out", uri=uri, system_metrics=False) as run:
        save_results(run, results)
        save_results(run, Results())
    kept = mlflow.MlflowClient(uri).get_run(run.run_id).data
    assert kept.metrics == {"val/ece": 0.25}
    assert kept.params == {"photos.train": "24"}
    assert kept.tags["data.split"] == "stratified"
    assert (workplace / "out/tables/plain.csv").read_text() == "a\n1\n"
    assert (workplace / "out/tables/named.csv").read_text() == "label,a\nx,1\n"
    assert (workplace / "out/tables/raw.csv").read_text() == "raw"
    artifacts = Path(mlflow.artifacts.download_artifacts(run_id=run.run_id, tracking_uri=uri))
    files = {path.relative_to(artifacts).as_posix() for path in artifacts.rglob("*.*")}
    assert {"figures/deep/curve.png", "tables/named.csv", "report.json"} <= files
