"""How the scores of the jobs of a sweep depend on their settings."""

from collections.abc import Mapping, Sequence
from operator import itemgetter

import pandas as pd

from resistor_cls.evaluation.figures import importance_figure, parallel_coordinates_figure
from resistor_cls.evaluation.importance import explained_variance
from resistor_cls.evaluation.scores import is_loss
from resistor_cls.tracking.run.run import Run
from resistor_cls.tracking.sweep.jobs import Job
from resistor_cls.tracking.sweep.markdown import markdown_table
from resistor_cls.tracking.sweep.repeats import REPEATED

BY_STUDY = "share of Optuna's PED-ANOVA importance"
BY_VARIANCE = "share of the variance of the score between the means of the values of the key"


def save_settings(
    run: Run,
    jobs: Sequence[Job],
    varying: Sequence[str],
    monitor: str | None,
    importances: Mapping[str, float],
) -> tuple[str, list[str]]:
    """Saves how the scores depend on the keys that vary.

    The run gets `figures/parallel_coordinates.png`, `figures/importance.png` and
    `tables/importance.csv`, where at least two jobs of different settings have a score.

    Args:
        run: the parent.
        jobs: of the sweep.
        varying: the keys that differ between jobs.
        monitor: the score of the jobs.
        importances: key → its importance, from a study that knows; where it is empty,
            `resistor_cls.evaluation.importance.explained_variance` finds them.

    Returns:
        A note, and lines of text for people; both empty where there are too few scores.
    """
    scored = [job for job in jobs if job.score is not None]
    # Repeats of one setting have a figure of their own.
    if monitor is None or len(scored) < 2 or set(varying) <= set(REPEATED):
        return "", []
    values = pd.DataFrame([{key: job.values.get(key) for key in varying} for job in scored])
    scores = pd.Series([job.score for job in scored], dtype=float)
    run.save_figure(
        "parallel_coordinates",
        parallel_coordinates_figure(values, scores, monitor, smaller_is_better=is_loss(monitor)),
    )
    what = BY_STUDY if importances else BY_VARIANCE
    whole = [place for place, job in enumerate(scored) if not job.pruned]
    found = importances or explained_variance(values.iloc[whole], scores.iloc[whole])
    if not found:
        return "", []
    columns = ["key", "importance"]
    table = pd.DataFrame(sorted(found.items(), key=itemgetter(1), reverse=True), columns=columns)
    run.save_table("importance", table)
    run.save_figure("importance", importance_figure(table, monitor, what))
    title = f"Importance of the keys for {monitor} ({what}):"
    return f"{title}\n\n{markdown_table(table)}", [title, table.to_string(index=False)]
