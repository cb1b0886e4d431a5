"""Compares the jobs of a sweep by the values of one key."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from resistor_cls.csv_tables import unguarded
from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.comparison import Comparison, compare
from resistor_cls.evaluation.figures import comparison_figure
from resistor_cls.tracking.run.run import Run
from resistor_cls.tracking.sweep.jobs import PREDICTIONS, SPLIT, Job, as_name
from resistor_cls.tracking.sweep.markdown import markdown_table


def save_comparison(
    run: Run, jobs: Sequence[Job], key: str, varying: Sequence[str]
) -> tuple[str, list[str]]:
    """Compares the values of a key.

    The run gets `figures/comparison.png`, `tables/comparison.csv` (a row per value and score, and
    per gap), `tables/comparison_jobs.csv`, and the metrics `compare/VALUE/SCORE` and
    `compare/gap/SCORE`.

    Args:
        run: the parent.
        jobs: of the sweep.
        key: whose values are compared.
        varying: the keys that differ between jobs.

    Returns:
        A note, and lines of text for people: the comparison, or why there is none.
    """
    by_value, lines = _paired(jobs, key, varying)
    if not by_value:
        return " ".join(lines), lines
    bursts = _bursts(folder for folders in by_value.values() for folder in folders)
    if bursts is None:
        lines.append(
            "The jobs know different bursts of the same photos: each photo stands for itself."
        )
    comparison = compare(
        {
            value: [Predictions.read(folder / PREDICTIONS) for folder in folders]
            for value, folders in by_value.items()
        },
        bursts or {},
    )
    run.save_table("comparison", comparison.table())
    run.save_table("comparison_jobs", comparison.jobs)
    run.save_figure("comparison", comparison_figure(comparison, key))
    run.log_metrics(_metrics(comparison))
    table = comparison.short_table(key)
    note = " ".join([comparison.sentence(key), *lines])
    return f"{note}\n\n{markdown_table(table)}", [
        table.to_string(index=False),
        f"{comparison.basis}.",
        *lines,
    ]


def _paired(
    jobs: Sequence[Job], key: str, varying: Sequence[str]
) -> tuple[dict[str, list[Path]], list[str]]:
    """Folders of the jobs to compare, and lines of text about the others.

    Jobs of two values are compared only where they have everything else in common, such as the
    seed: with `model` swept too, a value whose jobs of one model have failed would otherwise be
    represented by the other models alone.

    Returns:
        Value → folders, in the same order of the other keys for each; empty where nothing can be
        compared. And lines of text.
    """
    others: dict[str, dict[str, Path | None]] = {}
    for job in jobs:
        varied = job.values
        rest = " ".join(f"{name}={varied.get(name)}" for name in varying if name != key)
        others.setdefault(varied[key], {})[rest] = job.output if job.has_predictions else None
    finished = {
        value: {rest for rest, folder in found.items() if folder is not None}
        for value, found in others.items()
    }
    missing = [f"{key}={value}" for value, found in finished.items() if not found]
    if missing or len(others) < 2:
        why = f"no job with {' or '.join(missing)} has" if missing else "fewer than two values have"
        return {}, [f"No comparison by {key}: {why} finished."]
    every = list(dict.fromkeys(rest for found in others.values() for rest in found))
    common = [rest for rest in every if all(rest in found for found in finished.values())]
    if not common:
        return {}, [
            f"No comparison by {key}: no setting of the other keys finished with all of it."
        ]
    left_out = [rest for rest in every if rest not in common]
    lines = [f"Left out, not finished with every {key}: {', '.join(left_out)}."] if left_out else []
    return {
        value: [folder for rest in common if (folder := found[rest]) is not None]
        for value, found in others.items()
    }, lines


def _bursts(folders: Iterable[Path]) -> dict[str, int] | None:
    """Photo → the burst that it was taken in, as far as known; None where jobs disagree."""
    found: dict[str, int] = {}
    for folder in folders:
        file = folder / SPLIT
        # As text: a photo may be called `1.0` or `nan`.
        table = (
            pd.read_csv(file, converters={"photo": unguarded}) if file.exists() else pd.DataFrame()
        )
        if "burst" not in table:
            continue
        known = table.dropna(subset=["burst"])
        for photo, burst in zip(known["photo"], known["burst"], strict=True):
            if found.setdefault(photo, int(burst)) != int(burst):
                return None
    return found


def _metrics(comparison: Comparison) -> dict[str, float]:
    """The means as metrics: `compare/VALUE/SCORE`, and `compare/gap/SCORE`.

    With more than two values a gap also names the value that the first one is compared with.
    """
    first, *others = comparison.values["value"].unique()
    named = {value: as_name(value) for value in (first, *others)}
    named |= {
        f"{first} - {other}": f"gap/{as_name(other)}" if len(others) > 1 else "gap"
        for other in others
    }
    rows = comparison.table().to_dict("records")
    means = {f"compare/{named[row['value']]}/{row['score']}": row["mean"] for row in rows}
    return {name: mean for name, mean in means.items() if np.isfinite(mean)}
