"""Mean and spread of settings that several jobs of a sweep repeat."""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.figures import repeats_figure
from resistor_cls.evaluation.repeats import Repeats, out_of_fold, repeat_scores
from resistor_cls.evaluation.results import confusion_results
from resistor_cls.tracking.run.run import Run
from resistor_cls.tracking.run.saving import save_results
from resistor_cls.tracking.sweep.jobs import PREDICTIONS, Job, as_name
from resistor_cls.tracking.sweep.markdown import markdown_table

FOLD = "data.fold"
# Jobs that differ in these alone are repeats of one setting.
REPEATED = (FOLD, "seed", "data.split_seed")


def save_repeats(run: Run, jobs: Sequence[Job], varying: Sequence[str]) -> tuple[str, list[str]]:
    """Saves mean and spread of every setting that two or more jobs repeat.

    The run gets `tables/repeats.csv`, `figures/repeats.png`, and the metrics `mean/val/SCORE` and
    `std/val/SCORE`. Where the repeats of a setting are different folds of one split, it also gets
    `tables/predictions.csv` with every photo predicted by the model that was not trained on it, its
    confusion matrix, and the metric `pooled/val/accuracy`. With several settings, the name of each
    follows `mean/`, `std/` and `pooled/`, and the names of the files without their endings.

    Args:
        run: the parent.
        jobs: of the sweep.
        varying: the keys that differ between jobs.

    Returns:
        A note, and lines of text for people; both empty where nothing is repeated.
    """
    keys = [key for key in varying if key in REPEATED]
    if not keys:
        return "", []
    others = [key for key in varying if key not in REPEATED]
    settings: dict[str, list[Job]] = {}
    for job in jobs:
        settings.setdefault(job.named(others), []).append(job)
    finished = {name: [job for job in of if job.has_predictions] for name, of in settings.items()}
    repeated = {name: of for name, of in finished.items() if len(of) > 1}
    absent = [job.named(varying) for job in jobs if not job.has_predictions]
    lines = [f"Left out, not finished: {', '.join(absent)}."] if absent else []
    over = f"over {', '.join(keys)}"
    if not repeated:
        lines.append(f"No spread {over}: of no setting have two repeats finished.")
        return " ".join(lines), lines
    rows = [
        {"setting": name, **repeat_scores(Predictions.read(job.output / PREDICTIONS))}
        for name, of in repeated.items()
        for job in of
    ]
    repeats = Repeats(pd.DataFrame(rows))
    run.save_table("repeats", repeats.table())
    run.save_figure("repeats", repeats_figure(repeats, keys))
    run.log_metrics(_metrics(repeats))
    overlaps = (_overlap(job) for of in repeated.values() for job in of)
    overlap = next(filter(None, overlaps), "")
    if overlap:
        lines.append(f"{overlap}: these scores are optimistic.")
    for name, of in repeated.items():
        if _are_folds(of, keys) and not overlap:
            lines += _save_out_of_fold(run, of, name)
    table = repeats.short_table()
    note = " ".join([repeats.sentence(keys), *lines])
    return f"{note}\n\n{markdown_table(table)}", [
        f"Mean ± standard deviation {over}:",
        table.to_string(index=False),
        *lines,
    ]


def _overlap(job: Job) -> str:
    """The warning of a job that its validation photos trained too; empty without one."""
    file = job.output / "report.json"
    if not file.exists():
        return ""
    return str(json.loads(file.read_text(encoding="utf-8"))["data"]["seen"])


def _metrics(repeats: Repeats) -> dict[str, float]:
    """`mean/SETTING/val/SCORE` and its like; without what is undefined."""
    found = {
        f"{what}/{_of(row['setting'])}val/{row['score']}": row[what]
        for row in repeats.table().to_dict("records")
        for what in ("mean", "std")
    }
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _of(setting: str) -> str:
    """A setting as a part of a path; empty where there is only one."""
    return f"{as_name(setting)}/" if setting else ""


def _are_folds(jobs: Sequence[Job], keys: Sequence[str]) -> bool:
    """Whether jobs differ in the fold alone, each in another."""
    values = {key: [job.values[key] for job in jobs] for key in keys}
    folds = values.pop(FOLD, [])
    alike = all(len(set(one)) == 1 for one in values.values())
    return alike and len(set(folds)) == len(jobs)


def _save_out_of_fold(run: Run, jobs: Sequence[Job], setting: str) -> list[str]:
    """Saves the predictions of all folds together; returns lines of text."""
    parts = [Predictions.read(job.output / PREDICTIONS) for job in jobs]
    predictions = out_of_fold(parts)
    of = f" of {setting}" if setting else ""
    if predictions is None:
        return [f"The folds{of} share photos: their predictions are not put together."]
    file = _of(setting).rstrip("/")
    place = f"/{file}" if file else ""
    run.save_file(f"tables/predictions{place}.csv", predictions.write)
    title = f"{len(jobs)} folds, out of fold{of}"
    save_results(run, confusion_results(predictions, f"confusion_matrix{place}", title))
    share = float(predictions.right.mean())
    run.log_metrics({f"pooled/{_of(setting)}val/accuracy": share})
    return [
        f"Out of fold{of}: {predictions.right.sum()} of {len(predictions.names)} photos right "
        f"({share:.3f}), each predicted by the model that was not trained on it."
    ]
