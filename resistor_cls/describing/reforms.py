"""A reporting sheet for results of a run: the items of REFORMS.

S. Kapoor et al., "REFORMS: Consensus-based Recommendations for Machine-learning-based Science",
Science Advances 10(18), 2024, eadk3452. Its 32 items are named here in short. What the config and
the report of a run hold is filled in; every other item is left to a person.
"""

from collections.abc import Mapping
from typing import Any

from resistor_cls.describing.sources import Sources
from resistor_cls.describing.templates import filled
from resistor_cls.evaluation.wording import digits

MODULES: Mapping[str, Mapping[str, str]] = {
    "1. Study goals": {
        "1a": "population or distribution that the claim is about",
        "1b": "why this population or distribution",
        "1c": "why machine learning",
    },
    "2. Computational reproducibility": {
        "2a": "data set, with a link or DOI",
        "2b": "code and its version, with a link or DOI",
        "2c": "computing infrastructure",
        "2d": "README with instructions",
        "2e": "script that reproduces all results",
    },
    "3. Data quality": {
        "3a": "sources, time of collection, and annotation of training and evaluation data",
        "3b": "distribution or set that was sampled",
        "3c": "why the data are useful for the task",
        "3d": "outcome variable, with its distribution",
        "3e": "number of samples, with their distribution",
        "3f": "missing data",
        "3g": "why the data represent the population of 1a",
    },
    "4. Data preprocessing": {
        "4a": "excluded samples, and why",
        "4b": "impossible or corrupt samples",
        "4c": "transformations from raw data to the input of the model",
    },
    "5. Modelling": {
        "5a": "models that were trained",
        "5b": "why these kinds of models",
        "5c": "how models are evaluated: splits, validation",
        "5d": "how the reported model was selected",
        "5e": "hyper-parameters, and how they were chosen",
        "5f": "baselines, and why they are appropriate",
    },
    "6. Data leakage": {
        "6a": "separation of training and evaluation in preprocessing and modelling",
        "6b": "dependencies and duplicates between training and evaluation data",
        "6c": "whether each input may be used for the task",
    },
    "7. Metrics and uncertainty": {
        "7a": "metrics, and why they are appropriate",
        "7b": "uncertainty of the metrics, and how it is computed",
        "7c": "statistical tests and their assumptions",
    },
    "8. Generalizability and limitations": {
        "8a": "evidence of external validity",
        "8b": "where the findings are not expected to hold",
    },
}
_HYPER_PARAMETERS = ("model.", "loss.", "optimizer.", "scheduler.", "trainer.", "data.batch_size")
_SPLIT = ("split", "folds", "fold", "split_seed", "validation_size", "validation", "test")
_PREPROCESSING = ("image_size", "channels", "normalization", "steps", "locate")
_TAGS = {
    "data.left_out": "files that were left out",
    "data.unreadable": "photos that could not be read",
    "data.located": "photos in which the body was found",
}


def reforms(sources: Sources) -> str:
    """Writes the sheet of a run.

    Args:
        sources: what is known of the model, its run among it.

    Returns:
        Markdown; an item that nothing is known of says so.
    """
    found = {**_reproducibility(sources), **_data(sources), **_modelling(sources)}
    found |= _results(sources)
    stated = {item: [line for line in lines if line] for item, lines in found.items()}
    return filled("reforms.md", modules=MODULES, found=stated, run=sources.run)


def _reproducibility(sources: Sources) -> dict[str, list[str]]:
    tags = sources.run.tags if sources.run else {}
    dirty = tags.get("git.dirty", "").lower() == "true"
    return {
        "2a": [_named("source", sources.photos), _tag(tags, "data.fingerprint", "fingerprint")],
        "2b": [
            _tag(tags, "git.commit", "commit"),
            "with changes that are not committed" if dirty else "",
        ],
        "2c": [
            _tag(tags, "device", "device"),
            _tag(tags, "precision", "precision"),
            _tag(tags, "threads", "threads"),
        ],
    }


def _data(sources: Sources) -> dict[str, list[str]]:
    tags, params = (sources.run.tags, sources.run.params) if sources.run else ({}, {})
    names = sources.model.settings["categories"]
    counts = sources.report.get("counts", {})
    rows = sources.report.get("per_category", [])
    support = ", ".join(f"{row['category']} {row['support']}" for row in rows)
    trains = [_tag(params, f"photos.{part}", f"photos, {part}") for part in ("train", "validation")]
    crops = sources.online_crops
    return {
        "3a": [
            _named("source", sources.photos),
            f"training: {crops:,} synthetic crops, each used once" if crops else "",
        ],
        "3d": [
            f"the category, one of {len(names)}",
            f"evaluated photos of each: {support}" if support else "",
        ],
        "3e": [
            *trains,
            f"evaluated: {counts['photos']} photos in {counts['bursts']} capture bursts"
            if counts
            else "",
        ],
        "4a": [_tag(tags, "data.left_out", _TAGS["data.left_out"])],
        "4b": [
            *(_tag(tags, key, _TAGS[key]) for key in ("data.unreadable", "data.located")),
            *_settings(sources.config, "data.", ("skip_unreadable",)),
        ],
        "4c": _settings(sources.model.settings, "", _PREPROCESSING),
    }


def _modelling(sources: Sources) -> dict[str, list[str]]:
    config = sources.config
    tags = sources.run.tags if sources.run else {}
    chosen = [
        f"{key}={value}"
        for key, value in config.items()
        if key.startswith(_HYPER_PARAMETERS) and not key.endswith(("_target_", "_partial_"))
    ]
    monitor = config.get("trainer.monitor")
    kept = f"the epoch with the best {monitor} on the validation photos"
    return {
        "5a": [_named("backbone", sources.model.settings["backbone"])],
        "5c": _settings(config, "data.", _SPLIT),
        "5d": [] if not monitor else [kept if config.get("trainer.save_best") else "last epoch"],
        "5e": [*chosen, *_settings(config, "", ("seed",))],
        "6b": [
            *_settings(config, "data.", ("split", "gap")),
            _tag(tags, "data.copies_across_split", "copies of training photos"),
            _tag(tags, "data.seen_in_training", "evaluated photos that trained the model"),
        ],
    }


def _results(sources: Sources) -> dict[str, list[str]]:
    rows = sources.report.get("metrics", [])
    values = [
        f"{row['words']}: {digits(row['value'])} ({digits(row['low'])} to {digits(row['high'])})"
        for row in rows
    ]
    basis = (sources.report.get("calibration") or {}).get("basis", "")
    how = "percentiles of a bootstrap that resamples whole capture bursts, 95 %"
    tests = sources.run.metrics if sources.run else {}
    external = [
        f"{name}: {digits(value)}" for name, value in tests.items() if name.startswith("test/")
    ]
    for row in sources.study.values if sources.study else ():
        low, high = digits(row["from"]), digits(row["to"])
        value = digits(row["value right"])
        external.append(f"{row['photographer']}: value right {value} ({low} to {high})")
    separated = [_named("calibration of the photos that are evaluated", basis)]
    return {"6a": separated, "7a": values, "7b": [how] if rows else [], "8a": external}


def _settings(values: Mapping[str, Any], prefix: str, names: tuple[str, ...]) -> list[str]:
    return [f"{prefix}{name}={values[prefix + name]}" for name in names if prefix + name in values]


def _tag(values: Mapping[str, str], key: str, words: str) -> str:
    return _named(words, values.get(key, ""))


def _named(words: str, value: Any) -> str:
    return f"{words}: {value}" if value else ""
