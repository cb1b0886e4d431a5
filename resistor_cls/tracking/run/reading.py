"""What a run has saved, read back from its folder or from the MLflow store."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from resistor_cls.errors import TrackingError, first_line, without_passwords
from resistor_cls.tracking.references import run_of
from resistor_cls.tracking.store.connection import connect

_REPORT, _CONFIG = "report.json", "config/resolved.yaml"


@dataclass(frozen=True)
class RunResults:
    """What a run has saved.

    Attributes:
        name: of the run, or of its folder.
        run_id: in MLflow; empty for a folder.
        config: the resolved config; empty where it is absent.
        report: the content of `report.json`; empty where it is absent.
        metrics: name → last value; empty for a folder.
        tags: see docs/runs.md; empty for a folder.
        params: flat parameters; empty for a folder.
    """

    name: str
    run_id: str
    config: Mapping[str, Any]
    report: Mapping[str, Any]
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)


def run_results(reference: str, uri: str) -> RunResults | None:
    """Reads the run that a model is from.

    Args:
        reference: of the model; see `resistor_cls.tracking.model_file`.
        uri: of the MLflow store.

    Returns:
        None for the model of the package, and for a file that lies in no folder of a run.

    Raises:
        ConfigError: an address of a kind that MLflow cannot use.
        TrackingError: a store that cannot be used, or files of a run that cannot be read.
    """
    if reference.startswith(("runs:/", "models:/")):
        return _stored(reference, uri)
    file = Path(reference).expanduser()
    for folder in (file.parent, file.parent.parent):  # weights; checkpoints/best.ckpt
        if (folder / _CONFIG).is_file():
            return RunResults(folder.absolute().name, "", *_files(folder))
    return None


def _stored(reference: str, uri: str) -> RunResults:
    client = connect(uri)
    import mlflow

    try:
        run = client.get_run(run_of(client, reference))
        info, data = run.info, run.data
        with tempfile.TemporaryDirectory(prefix="resistor_cls-") as folder:
            for name in (_REPORT, _CONFIG):
                place = Path(folder, name).parent
                parent = None if name == _REPORT else str(Path(name).parent)
                if any(one.path == name for one in client.list_artifacts(info.run_id, parent)):
                    place.mkdir(exist_ok=True)
                    mlflow.artifacts.download_artifacts(
                        run_id=info.run_id, artifact_path=name, dst_path=str(place)
                    )
            config, report = _files(Path(folder))
    except TrackingError:
        raise
    except Exception as error:  # MLflow, network and file errors share no base class
        raise TrackingError(
            f"the run of {reference} cannot be read from {without_passwords(uri)}: "
            f"{first_line(error)}; name another store by --tracking-uri"
        ) from error
    name = str(info.run_name)
    return RunResults(name, info.run_id, config, report, data.metrics, data.tags, data.params)


def _files(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The config and the report in a folder."""
    config, report = folder / _CONFIG, folder / _REPORT
    try:
        values = yaml.safe_load(config.read_text(encoding="utf-8")) if config.is_file() else {}
        numbers = json.loads(report.read_text(encoding="utf-8")) if report.is_file() else {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise TrackingError(f"{folder}: {error}; the run cannot be described") from error
    return values or {}, numbers
