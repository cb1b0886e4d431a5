"""How much each setting of a sweep matters for its score."""

import numpy as np
import pandas as pd


def explained_variance(values: pd.DataFrame, scores: pd.Series) -> dict[str, float]:
    """Which share of the variance of the scores each key explains by itself.

    It is the variance between the means of the values of a key, divided by the whole variance: the
    first-order part of a functional ANOVA (Hutter, Hoos, Leyton-Brown: An efficient approach for
    assessing hyperparameter importance, ICML 2014), which is exact where every combination of
    values was tried. What the keys only explain together is in no share.

    Args:
        values: a row per job, a column per key.
        scores: of the jobs.

    Returns:
        Key → share from 0 to 1; empty where the scores are all equal. A key of which no value has
        been tried twice has no share: its means would explain everything.
    """
    values, scores = values.reset_index(drop=True), scores.reset_index(drop=True)
    total = float(np.var(scores)) if len(scores) else 0.0
    if not np.isfinite(total) or total == 0:
        return {}
    found = {}
    for key in values.columns:
        means = scores.groupby(values[key].astype(str)).transform("mean")
        if values[key].astype(str).nunique() < len(scores):
            found[str(key)] = float(np.var(means)) / total
    return found
