"""Moves the alias `champion` to a model that is better than the present champion."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from resistor_cls.errors import (
    DataError,
    ResistorClsError,
    TrackingError,
    first_line,
    without_passwords,
)
from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.paired_gap import paired_gap
from resistor_cls.tracking.registry.versions import (
    CHALLENGER,
    CHAMPION,
    NAME,
    aliases,
    model_id_of,
    version_of,
)
from resistor_cls.tracking.run.dead_runs import close_dead_runs
from resistor_cls.tracking.store.connection import connect

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

TAG = "promotion"  # of a version: why it became the champion, or why not
_PREDICTIONS = "tables/predictions.csv"
_OVERLAP_TAG = "data.seen_in_training"
# Metrics of a model whose run has predictions with labels: a training, an evaluation.
_SCORES = ("best/val/accuracy", "test/accuracy")


@dataclass(frozen=True)
class Promotion:
    """What became of a candidate.

    Attributes:
        version: of the candidate.
        promoted: whether it became the champion.
        reason: a sentence.
    """

    version: str
    promoted: bool
    reason: str

    def sentence(self) -> str:
        """For people: what happened and why."""
        done = "is the champion now" if self.promoted else "was not promoted"
        return f"models:/{NAME}/{self.version} {done}: {self.reason}"


@dataclass(frozen=True)
class _Scored:
    """A run that has scored a model on some photos.

    Attributes:
        run_id: of the run.
        photos: name of their source.
        time: milliseconds since 1970.
    """

    run_id: str
    photos: str
    time: int


def promote(reference: str, uri: str, key: str = "model") -> Promotion:
    """Moves the alias `champion` to a model, if that is better than the present champion.

    It is better where the 95 % interval of the gap of top-1 accuracy on the same photos lies above
    0, see `resistor_cls.evaluation.paired_gap`. Photos count that a run of each model has scored,
    as validation of its training or by `evaluate`, and that trained neither. The loser gets the
    alias `challenger`. The first candidate becomes the champion without a comparison.

    Args:
        reference: of the candidate, see `resistor_cls.tracking.registry.versions.version_of`.
        uri: of the MLflow store.
        key: that the reference was given by, for messages.

    Raises:
        ModelError: a reference that names no model of the store.
        TrackingError: a store that cannot be used, or no photos that both were scored on.
        DataError: tables of predictions that cannot be compared.
    """
    client = connect(uri)
    close_dead_runs(client, uri)
    try:
        return _promoted(client, version_of(client, reference, key))
    except ResistorClsError:
        raise
    except Exception as error:  # MLflow, network and file errors share no base class
        raise TrackingError(
            f"{key}={reference} cannot be promoted in {without_passwords(uri)}: {first_line(error)}"
        ) from error


def _promoted(client: "MlflowClient", candidate: "ModelVersion") -> Promotion:
    version = str(candidate.version)
    champion = aliases(client).get(CHAMPION)
    if champion == version:
        return Promotion(version, False, "it is the champion already")
    if champion is None:
        promotion = Promotion(version, True, f"{NAME} had no champion")
    else:
        present = client.get_model_version(NAME, champion)
        run, other, photos = _common(client, candidate, present)
        gap = paired_gap(_predictions(run), _predictions(other))
        reason = f"{gap.sentence()} (candidate against version {champion}, on {photos})"
        promotion = Promotion(version, gap.is_better, reason)
    if aliases(client).get(CHAMPION) != champion:
        raise TrackingError(f"the champion of {NAME} was changed meanwhile: promote again")
    # The loser first: killed in between, there is still a champion.
    loser = champion if promotion.promoted else version
    if loser is not None:
        client.set_registered_model_alias(NAME, CHALLENGER, loser)
    if promotion.promoted:
        client.set_registered_model_alias(NAME, CHAMPION, version)
    client.set_model_version_tag(NAME, version, TAG, promotion.sentence())
    return promotion


def _common(
    client: "MlflowClient", candidate: "ModelVersion", champion: "ModelVersion"
) -> tuple[str, str, str]:
    """The runs that have scored candidate and champion on the same photos, and these in words.

    The validation photos of the candidate's training come first, then those of its newest
    evaluation.

    Raises:
        TrackingError: there are none.
    """
    ours, theirs = (_scored(client, version) for version in (candidate, champion))
    shared = [digest for digest in ours if digest in theirs]
    if not shared:
        raise TrackingError(
            f"models:/{NAME}/{candidate.version} and the champion, models:/{NAME}/"
            f"{champion.version}, were not scored on the same photos, or these trained one of "
            "them: evaluate both on labelled photos that trained neither, by `evaluate "
            "model=models:/… data=folder data.root=PHOTOS`, and promote again"
        )
    best = max(shared, key=lambda one: (ours[one].run_id == candidate.run_id, ours[one].time))
    return ours[best].run_id, theirs[best].run_id, ours[best].photos


def _scored(client: "MlflowClient", version: "ModelVersion") -> Mapping[str, _Scored]:
    """Digest of some photos → the newest run that has scored a model on them.

    Runs whose photos trained the model, or may have, are left out.
    """
    model_id = model_id_of(version)
    metrics = client.get_logged_model(model_id).metrics if model_id else None
    found: dict[str, _Scored] = {}
    for metric in sorted(metrics or (), key=lambda one: int(one.timestamp)):
        if metric.key in _SCORES and metric.dataset_digest and metric.run_id:
            run = _Scored(metric.run_id, str(metric.dataset_name), int(metric.timestamp))
            found[str(metric.dataset_digest)] = run
    return {digest: run for digest, run in found.items() if _is_fair(client, run.run_id)}


def _is_fair(client: "MlflowClient", run_id: str) -> bool:
    """Whether a run has saved predictions for photos that did not train its model."""
    run = client.get_run(run_id)
    if run.info.lifecycle_stage != "active":
        return False
    trained_on = run.data.tags.get(_OVERLAP_TAG, "0 of 0")
    tables = client.list_artifacts(run_id, "tables")
    return trained_on.startswith("0 of ") and any(one.path == _PREDICTIONS for one in tables)


def _predictions(run_id: str) -> Predictions:
    import mlflow

    with tempfile.TemporaryDirectory(prefix="resistor_cls-") as folder:
        file = mlflow.artifacts.download_artifacts(
            run_id=run_id, artifact_path=_PREDICTIONS, dst_path=folder
        )
        try:
            return Predictions.read(Path(file))
        except DataError as error:
            raise DataError(f"run {run_id}: {error}") from error
