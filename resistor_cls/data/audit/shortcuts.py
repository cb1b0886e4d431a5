"""Shortcuts: how well the category can be predicted without looking at the part.

If the border of a photo, or the camera, predicts the category, a model may learn that instead of
the part, and fail on photos of another table.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from resistor_cls.categories import Categories
from resistor_cls.data.images.metadata import ImageMetadata
from resistor_cls.data.sources.photo_set import PhotoSet
from resistor_cls.data.splits.captures import cameras, capture_order
from resistor_cls.data.splits.folds import stratified_folds
from resistor_cls.data.splits.temporal import capture_folds

MAX_PHOTOS = 5000  # 100,000 photos give the same result in twenty times the time
MIN_PHOTOS = 20  # of fewer, each photo is a twentieth of the score or more
FOLDS = (5, 3, 2)  # tried one after the other, until enough photos are of categories that fill them
_MIN_USED = 0.8  # share of the photos that is enough

_TREES = 100
_MEMORY = 16e6  # bytes of the trees grown at once: one of 150 categories takes megabytes

Shortcut = dict[str, Any]
Classifier = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]


def shortcut_scores(
    photo_set: PhotoSet,
    metadata: Sequence[ImageMetadata],
    body_in_border: np.ndarray,
    seed: int = 0,
) -> dict[str, Shortcut]:
    """Scores what predicts the category besides the part.

    Each score is an accuracy, cross-validated twice: with shuffled folds, as of a random split, and
    with folds that are blocks in capture order, so that neighbouring frames are in the same fold.
    The second one is not inflated by near-duplicates.

    Args:
        photo_set: the photos.
        metadata: of the photos.
        body_in_border: (photos,) bool: those whose body reaches into the border, left out there.
        seed: of the sample, the folds and the trees.

    Returns:
        `border` and `camera`, each with

        - `reason`: why it could not be scored; else empty, and the rest is there;
        - `photos`, `categories`, `folds`: how many were used;
        - `left_out`: `body_in_border` and `few` (of categories with fewer photos than folds), in
          photos, and `sampled`, photos beyond the 5,000 that are enough;
        - `most_frequent`, `uniform`: the accuracy of always predicting the most frequent
          category, and of guessing;
        - `stratified`, `capture`: `accuracy` (mean over the folds), `spread` (their standard
          deviation) and `folds`, of each fold, in capture order.
    """
    border = np.array([image.border for image in metadata])
    camera = cameras(metadata) if metadata else np.empty(0, dtype=int)
    return {
        "border": _scored(
            border,
            _by_trees,
            photo_set,
            metadata,
            left_out=body_in_border,
            seed=seed,
        ),
        # One feature that is a name: a single tree is enough.
        "camera": _scored(
            camera[:, None],
            _by_tree,
            photo_set,
            metadata,
            left_out=np.zeros(len(metadata), dtype=bool),
            seed=seed,
        )
        if camera.max(initial=0) > 0
        else {"reason": "all photos are of one camera, or name none"},
    }


def _by_trees(features: np.ndarray, targets: np.ndarray, held: np.ndarray, seed: int) -> np.ndarray:
    """Predictions of extremely randomized trees (Geurts et al. 2006)."""
    # Two nodes a photo, each with a number of 8 bytes for every category.
    size = 16 * len(targets) * (int(targets.max()) + 1)
    at_once = int(np.clip(_MEMORY / size, 1, _TREES))
    votes: Any = 0
    for grown in range(0, _TREES, at_once):
        trees = ExtraTreesClassifier(
            min(at_once, _TREES - grown), n_jobs=1, random_state=seed * _TREES + grown
        )
        with _many_categories():
            trees.fit(features, targets)
        votes = votes + trees.n_estimators * trees.predict_proba(held)
    predictions: np.ndarray = trees.classes_[votes.argmax(axis=1)]
    return predictions


@contextmanager
def _many_categories() -> Iterator[None]:
    """Without a warning for each tree that there are few photos of each category."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The number of unique classes is greater")
        yield


def _by_tree(features: np.ndarray, targets: np.ndarray, held: np.ndarray, seed: int) -> np.ndarray:
    # One sparse column per camera: there may be as many cameras as photos.
    columns = OneHotEncoder(handle_unknown="ignore").fit(features)
    tree = DecisionTreeClassifier(random_state=seed)
    with _many_categories():
        tree.fit(columns.transform(features), targets)
    predictions: np.ndarray = tree.predict(columns.transform(held))
    return predictions


def _scored(
    features: np.ndarray,
    classifier: Classifier,
    photo_set: PhotoSet,
    metadata: Sequence[ImageMetadata],
    *,
    left_out: np.ndarray,
    seed: int,
) -> Shortcut:
    targets = np.asarray(photo_set.targets, dtype=int)
    candidates = np.flatnonzero(~left_out)
    folds, kept = _that_fill_folds(targets, candidates)
    if len(kept) < MIN_PHOTOS or len(np.unique(targets[kept])) < 2:
        return {
            "reason": f"too few photos to decide: {len(kept)} can be used, of categories: "
            f"{len(np.unique(targets[kept]))}; at least {MIN_PHOTOS} of 2 categories are needed"
        }
    few = len(candidates) - len(kept)
    sample = _sample(kept, targets, folds, seed)
    names, compact = np.unique(targets[sample], return_inverse=True)
    categories = Categories(photo_set.categories.names[name] for name in names)
    chosen = replace(
        photo_set.select(sample.tolist()), targets=tuple(compact.tolist()), categories=categories
    )
    order = capture_order(chosen, [metadata[index] for index in sample])
    scores = {
        "stratified": stratified_folds(compact, folds, seed, categories),
        "capture": capture_folds(compact, order, folds, categories),
    }
    return {
        "reason": "",
        "photos": len(sample),
        "categories": len(categories),
        "folds": folds,
        "left_out": {
            "body_in_border": int(left_out.sum()),
            "few": few,
            "sampled": len(kept) - len(sample),
        },
        "most_frequent": float(np.bincount(compact).max() / len(compact)),
        "uniform": 1 / len(categories),
        **{
            name: _accuracy(features[sample], compact, fold_of, classifier, seed)
            for name, fold_of in scores.items()
        },
    }


def _that_fill_folds(targets: np.ndarray, candidates: np.ndarray) -> tuple[int, np.ndarray]:
    """A number of folds, and the candidates of categories with a photo for each fold."""
    counts = np.bincount(targets[candidates], minlength=1)
    for folds in FOLDS:
        kept = candidates[counts[targets[candidates]] >= folds]
        if len(kept) >= _MIN_USED * len(candidates):
            break
    return folds, kept


def _sample(kept: np.ndarray, targets: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """At most `MAX_PHOTOS` of the photos, of every category as many as it has folds or more."""
    if len(kept) <= MAX_PHOTOS:
        return kept
    shuffled = np.random.default_rng(seed).permutation(kept)
    # Some of each category first, so that none of them falls below its folds.
    places = np.argsort(targets[shuffled], kind="stable")
    rank = np.empty(len(shuffled), dtype=int)
    starts = np.searchsorted(targets[shuffled][places], targets[shuffled][places])
    rank[places] = np.arange(len(shuffled)) - starts
    count = max(MAX_PHOTOS, int((rank < folds).sum()))
    return np.sort(shuffled[np.argsort(rank >= folds, kind="stable")[:count]])


def _accuracy(
    features: np.ndarray,
    targets: np.ndarray,
    fold_of: np.ndarray,
    classifier: Classifier,
    seed: int,
) -> dict[str, Any]:
    folds = []
    for fold in range(fold_of.max() + 1):
        held = fold_of == fold
        predictions = classifier(features[~held], targets[~held], features[held], seed)
        folds.append(float((predictions == targets[held]).mean()))
    return {"accuracy": float(np.mean(folds)), "spread": float(np.std(folds)), "folds": folds}
