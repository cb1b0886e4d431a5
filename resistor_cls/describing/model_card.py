"""The card of a model, in the format of the Hugging Face Hub."""

from collections.abc import Iterator, Mapping
from typing import Any

from resistor_cls.describing.sources import Sources
from resistor_cls.describing.templates import filled, yaml_head

# Licences that the Hub knows, by their names in SPDX; others are `other` with a name.
LICENSES = {
    name: name.lower()
    for name in ("Apache-2.0", "MIT", "BSD-3-Clause", "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0")
} | {"ODbL-1.0": "odbl"}
_SYNTHETIC = "rendered"  # name of the source of synthetic photos
_TAGS = ("resistor", "colour-code", "resistor_cls")
_SCORES = {"accuracy": "accuracy", "f1_macro": "f1", "roc_auc": "roc_auc"}  # names on the Hub
# Scores on synthetic photos, in the metadata of weights that learned from the online generator.
_SYNTHETIC_SCORES = {
    "val/value_accuracy": "value right",
    "val/accuracy": "category right",
    "val/value_coverage": "values accepted",
    "val/value_accepted_wrong": "wrong among the accepted values",
}


def license_head(license: str) -> dict[str, str]:
    """The keys of a licence in the head of a card.

    Args:
        license: as SPDX writes it; empty where it is not known.
    """
    if not license:
        return {"license": "unknown"}
    if known := LICENSES.get(license):
        return {"license": known}
    return {"license": "other", "license_name": license}


def model_card(sources: Sources, license: str) -> str:
    """Writes the card of a model; it states nothing but what its sources hold.

    Args:
        sources: what is known of the model.
        license: of the weights, as SPDX writes it; empty where it is not known.

    Returns:
        Markdown with a YAML head.
    """
    model, report, study = sources.model, sources.report, sources.study
    size = model.settings["image_size"]
    title = "the model of the package" if model.reference == "rendered" else model.reference
    scores = model.metadata.get("scores") or {}
    return filled(
        "model_card.md",
        head=yaml_head(_head(sources, license, title)),
        title=title,
        license=license,
        version=model.version,
        sources=sources,
        model=model,
        settings=model.settings,
        categories=model.settings["categories"],
        image_size=f"{size[0]} × {size[1]}" if isinstance(size, list) else f"up to {size}",
        started_from=model.weights_from or str(sources.config.get("model.pretrained", "")),
        drawing_version=model.metadata.get("drawing_version"),
        calibration=model.metadata.get("calibration"),
        reading=model.metadata.get("reading_calibration"),
        study=study,
        worst=min(study.values, key=lambda row: row["value right"] or 0) if study else None,
        report=report,
        rejection=(report.get("calibration") or {}).get("reject", []),
        values=(report.get("values") or {}).get("groups", [])[:1],
        test_scores=_test_scores(sources),
        synthetic_name=_SYNTHETIC,
        synthetic_scores={
            words: scores[name] for name, words in _SYNTHETIC_SCORES.items() if name in scores
        },
    )


def _head(sources: Sources, license: str, title: str) -> dict[str, Any]:
    results = list(_results(sources))
    metrics = {row["type"] for result in results for row in result["metrics"]}
    head: dict[str, Any] = {
        **license_head(license),
        "library_name": "resistor_cls",
        "pipeline_tag": "image-classification",
        "tags": [*_TAGS, *(["synthetic-data"] if sources.online_crops else [])],
        "metrics": sorted(metrics),
        "datasets": [sources.photos.replace(" ", "-")] if sources.photos else [],
    }
    if results:
        head["model-index"] = [{"name": title, "results": results}]
    return head


def _results(sources: Sources) -> Iterator[Mapping[str, Any]]:
    """The scores, as the Hub's `model-index` lists them."""
    for row in sources.study.values if sources.study else ():
        named = {"name": row["photographer"], "type": sources.study.name if sources.study else ""}
        metrics = [_metric("accuracy", "value right", row["value right"])]
        if row.get("category right") is not None:
            metrics.append(_metric("accuracy", "category right", row["category right"]))
        yield _result(named, metrics)
    report = sources.report
    if report.get("metrics"):
        data = report["data"]
        rows = [row for row in report["metrics"] if row["name"] in _SCORES]
        metrics = [_metric(_SCORES[row["name"]], row["words"], row["value"]) for row in rows]
        synthetic = " (synthetic)" if data["name"] == _SYNTHETIC else ""
        words = f"{data['name']}{synthetic}, {data['subset']} photos"
        named = {"name": words, "type": data["name"]}
        yield _result(named, metrics)


def _result(dataset: dict[str, Any], metrics: list[dict[str, Any]]) -> dict[str, Any]:
    return {"task": {"type": "image-classification"}, "dataset": dataset, "metrics": metrics}


def _metric(kind: str, name: str, value: Any) -> dict[str, Any]:
    return {"type": kind, "name": name, "value": value}


def _test_scores(sources: Sources) -> dict[str, float]:
    """Scores on the photos of `data.test`, which chose nothing."""
    metrics = sources.run.metrics if sources.run else {}
    return {name: value for name, value in metrics.items() if name.startswith("test/")}
