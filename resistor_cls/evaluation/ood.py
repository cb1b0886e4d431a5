"""How well a model separates out-of-distribution (OOD) photos from those of its categories.

Keys, tables and names of files call them `unknown`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

ALL = "all together"
_TRUE_RATE = 0.95  # share of the known photos that pass: the level of FPR95
_BINS = 25


def detection(known: np.ndarray, ood: np.ndarray) -> tuple[float | None, float | None]:
    """Separates OOD photos from known ones by a score.

    Args:
        known: (photos,) score of each photo of a category; higher is more likely OOD. It may be
            infinite, but not nan.
        ood: (others,) the same of OOD photos.

    Returns:
        AUROC, the probability that an OOD photo scores higher than a known one, ties counted half;
        and FPR95, the share of OOD photos that score no higher than the smallest limit that 95 % of
        the known ones do not exceed (Hendrycks and Gimpel, 2017; Liang et al., 2018). Both None
        where there is nothing to compare.
    """
    if not len(known) or not len(ood):
        return None, None
    # Only the order matters, and ranks are finite where scores are not.
    _, ranks = np.unique(np.concatenate([known, ood]), return_inverse=True)
    is_ood = np.arange(len(ranks)) >= len(known)
    # A whole number of photos: 0.95 × 20 is slightly more than 19 in floating point.
    last = int(np.ceil(_TRUE_RATE * len(known) - 1e-9)) - 1
    limit = np.partition(known, last)[last]
    return float(roc_auc_score(is_ood, ranks)), float(np.mean(ood <= limit))


def ood_report(
    known: np.ndarray,
    kinds: Mapping[str, np.ndarray],
    accepted: Mapping[str, np.ndarray] | None = None,
    located: Mapping[str, np.ndarray] | None = None,
    score: str = "1 - confidence",
    *,
    accepted_at: Mapping[str, Mapping[str, np.ndarray] | None] | None = None,
) -> dict[str, Any] | None:
    """The part of a report about out-of-distribution photos, in plain values.

    Args:
        known: (photos,) score of each photo of a category; higher is more likely OOD.
        kinds: name of each kind of OOD photos, and (photos,) the score of each.
        accepted: for each kind (photos,) bool, whether the model accepts the prediction
            nevertheless; None where no threshold is set.
        located: for each kind (photos,) bool, whether a body was found; None without a detector.
        score: what the score is, in words.
        accepted_at: for each risk level, such as `0.05`, what `accepted` is for one of them; None
            for a level that is not guaranteed.

    Returns:
        `score`; a row of `kinds` for each kind and last one for all of them: how many photos,
        `auroc` and `fpr95` of `detection`, how many were `accepted`, how many at each level
        (`accepted_at`) and `not_located`; `known`, how many; and a `histogram` of the scores. None
        where there are no kinds.
    """
    if not kinds:
        return None
    scores = _with_all(kinds, kinds)
    passed = {} if accepted is None else _with_all(accepted, kinds)
    levels = {
        level: {} if one is None else _with_all(one, kinds)
        for level, one in (accepted_at or {}).items()
    }
    found = {} if located is None else _with_all(located, kinds)
    edges = _edges(np.concatenate([known, scores[ALL]]))
    return {
        "score": score,
        "kinds": [
            {
                **_row(kind, known, scores[kind], passed.get(kind), found.get(kind)),
                "accepted_at": {level: _count(one.get(kind)) for level, one in levels.items()},
            }
            for kind in scores
        ],
        "known": len(known),
        "histogram": {
            "edges": edges.tolist(),
            "known": _counts(known, edges),
            "kinds": {kind: _counts(scores[kind], edges) for kind in kinds},
        },
    }


def _with_all(
    by_kind: Mapping[str, np.ndarray], kinds: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The photos of each kind, and last those of all kinds."""
    each = {kind: np.asarray(by_kind[kind]) for kind in kinds}
    return {**each, ALL: np.concatenate(list(each.values()))}


def _row(
    kind: str,
    known: np.ndarray,
    ood: np.ndarray,
    accepted: np.ndarray | None,
    located: np.ndarray | None,
) -> dict[str, Any]:
    auroc, fpr95 = detection(known, ood)
    return {
        "kind": kind,
        "photos": len(ood),
        "auroc": auroc,
        "fpr95": fpr95,
        "accepted": _count(accepted),
        "not_located": None if located is None else int(len(located) - np.sum(located)),
    }


def _edges(scores: np.ndarray) -> np.ndarray:
    """Edges of the histogram: from 0 to 1 where all scores are in it, else their range."""
    finite = scores[np.isfinite(scores)]
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 1.0)
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    return np.linspace(float(low), float(max(high, low + 1e-6)), _BINS + 1)


def _counts(scores: np.ndarray, edges: np.ndarray) -> list[int]:
    # Infinite scores are counted in the last bin.
    found: list[int] = np.histogram(np.clip(scores, edges[0], edges[-1]), edges)[0].tolist()
    return found


def _count(yes: np.ndarray | None) -> int | None:
    return None if yes is None else int(np.sum(yes))
