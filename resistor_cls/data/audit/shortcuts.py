"""How well a category can be told without looking at the part.

A model that can be right for a wrong reason will be. What the border of a photo, or the camera,
tells of the category, a model may learn instead of the part; it is then wrong on the next table.
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

MAX_PHOTOS = 5000  # 100,000 photos say the same, twenty times as slowly
MIN_PHOTOS = 20  # of fewer, one photo more or less is a twentieth of the score
FOLDS = (5, 3, 2)  # tried in turn, until most photos are of categories that fill them
_MOST = 0.8  # share of the photos that is most of them

_TREES = 100
_ROOM = 16e6  # bytes: trees are grown in turn, as one of 150 categories takes megabytes

Shortcut = dict[str, Any]
Tell = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]


def shortcut_scores(
    photo_set: PhotoSet,
    metadata: Sequence[ImageMetadata],
    body_in_border: np.ndarray,
    seed: int = 0,
) -> dict[str, Shortcut]:
    """Scores what tells the category besides the part.

    Each score is an accuracy, cross-validated twice: with folds that are shuffled, as a random
    split does, and with folds that are blocks in capture order, so that neighbouring frames do
    not stand on both sides. The second is the honest one.

    Args:
        photo_set: the photos.
        metadata: of the photos.
        body_in_border: (photos,) bool: those whose body reaches into the border, left out there.
        seed: of the sample, the folds and the trees.

    Returns:
        `border` and `camera`, each with

        - `reason`: why it could not be scored; else empty, and the rest is there;
        - `photos`, `categories`, `folds`: how many were used;
        - `left_out`: `body_in_border` and `few` (their categories fill no folds), in photos, and
          `sampled`, photos beyond the 5,000 that are enough;
        - `most_frequent`, `uniform`: the accuracy of one who always says the most frequent
          category, and of one who guesses;
        - `stratified`, `capture`: `accuracy` (mean over the folds), `spread` (their standard
          deviation) and `folds`, each fold's own, in capture order the last one last.
    """
    border = np.array([fact.border for fact in metadata])
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
        # One feature that is a name: a single tree says all that there is to say.
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


def _by_trees(
    features: np.ndarray, targets: np.ndarray, asked: np.ndarray, seed: int
) -> np.ndarray:
    """What extremely randomized trees (Geurts et al. 2006) answer, having learned."""
    # Two nodes a photo, each with a number of 8 bytes for every category.
    size = 16 * len(targets) * (int(targets.max()) + 1)
    at_once = int(np.clip(_ROOM / size, 1, _TREES))
    votes: Any = 0
    for grown in range(0, _TREES, at_once):
        trees = ExtraTreesClassifier(
            min(at_once, _TREES - grown), n_jobs=1, random_state=seed * _TREES + grown
        )
        with _many_categories():
            trees.fit(features, targets)
        votes = votes + trees.n_estimators * trees.predict_proba(asked)
    return trees.classes_[votes.argmax(axis=1)]


@contextmanager
def _many_categories() -> Iterator[None]:
    """Without a warning for each tree that there are few photos of each category."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The number of unique classes is greater")
        yield


def _by_tree(features: np.ndarray, targets: np.ndarray, asked: np.ndarray, seed: int) -> np.ndarray:
    # A column a camera, and no memory for all that a photo is not of: photos may be of as many
    # cameras as there are photos.
    columns = OneHotEncoder(handle_unknown="ignore").fit(features)
    tree = DecisionTreeClassifier(random_state=seed)
    with _many_categories():
        tree.fit(columns.transform(features), targets)
    return tree.predict(columns.transform(asked))


def _scored(
    features: np.ndarray,
    tell: Tell,
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
            "reason": f"too few photos to tell: {len(kept)} can be used, of categories: "
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
            name: _accuracy(features[sample], compact, fold_of, tell, seed)
            for name, fold_of in scores.items()
        },
    }


def _that_fill_folds(targets: np.ndarray, candidates: np.ndarray) -> tuple[int, np.ndarray]:
    """A number of folds, and the candidates whose categories have a photo for each of them."""
    counts = np.bincount(targets[candidates], minlength=1)
    for folds in FOLDS:
        kept = candidates[counts[targets[candidates]] >= folds]
        if len(kept) >= _MOST * len(candidates):
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
    most = max(MAX_PHOTOS, int((rank < folds).sum()))
    return np.sort(shuffled[np.argsort(rank >= folds, kind="stable")[:most]])


def _accuracy(
    features: np.ndarray, targets: np.ndarray, fold_of: np.ndarray, tell: Tell, seed: int
) -> dict[str, Any]:
    folds = []
    for fold in range(fold_of.max() + 1):
        held = fold_of == fold
        answers = tell(features[~held], targets[~held], features[held], seed)
        folds.append(float((answers == targets[held]).mean()))
    return {"accuracy": float(np.mean(folds)), "spread": float(np.std(folds)), "folds": folds}
