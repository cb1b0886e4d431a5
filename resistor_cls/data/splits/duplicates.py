"""Photos that show the same thing: exactly, or nearly."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from resistor_cls.data.facts import PhotoFacts

# Bits of 256 that the perceptual hashes of a pair may differ in, and the least correlation of its
# outlines. Chosen by looking at pairs of the real photos: of the 13 that pass, 12 show one
# arrangement of one part; the hash alone lets 1,486 pass, nearly all of which share only a table.
MOST_BITS = 56
LEAST_LIKENESS = 0.78
_BLOCK = 512  # rows compared at once: 512 × 100,000 distances are 50 MB


@dataclass(frozen=True)
class Pair:
    """Two photos that look alike.

    Attributes:
        first: position of the one.
        second: position of the other, larger than `first`.
        bits: differing bits of their perceptual hashes, of 256.
        likeness: correlation of their outlines, at most 1.
    """

    first: int
    second: int
    bits: int
    likeness: float


def exact_duplicates(facts: Sequence[PhotoFacts]) -> list[tuple[int, ...]]:
    """Groups of photos with the same pixels, each of two or more positions in order."""
    places = defaultdict(list)
    for index, fact in enumerate(facts):
        places[fact.pixels].append(index)
    return [tuple(group) for group in places.values() if len(group) > 1]


def near_duplicates(facts: Sequence[PhotoFacts], outlines: np.ndarray) -> list[Pair]:
    """Pairs of photos of one arrangement: hashes that are near, and outlines that agree.

    Exact duplicates are among them. Mirrored or turned copies are not found, and photos without
    any outline are like no other.

    Args:
        facts: of the photos.
        outlines: (photos, 64, 64) int8, see `resistor_cls.data.facts.outline`.
    """
    hashes = np.array([_words(fact.perceptual_hash) for fact in facts], dtype=np.uint64)
    pairs = []
    for start in range(0, len(facts), _BLOCK):
        rows = hashes[start : start + _BLOCK]
        bits = np.zeros((len(rows), len(facts) - start), dtype=np.uint16)
        for word in range(hashes.shape[1]):
            bits += np.bitwise_count(rows[:, None, word] ^ hashes[None, start:, word])
        for first, second in zip(*np.nonzero(np.triu(bits <= MOST_BITS, k=1)), strict=True):
            one, other = start + int(first), start + int(second)
            same = facts[one].pixels == facts[other].pixels
            likeness = 1.0 if same else _correlation(outlines[one], outlines[other])
            if likeness >= LEAST_LIKENESS:
                pairs.append(Pair(one, other, int(bits[first, second]), likeness))
    return pairs


def grouped(links: Iterable[tuple[int, int]], count: int) -> np.ndarray:
    """Numbers photos by group: linked ones, directly or over others, share a number.

    Args:
        links: pairs of positions.
        count: of photos.

    Returns:
        (count,) int.
    """
    ends = np.array(list(links), dtype=int).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def _words(digits: str) -> list[int]:
    return [int(digits[start : start + 16], 16) for start in range(0, len(digits), 16)]


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    a, b = (outline.astype(np.float64) - outline.mean() for outline in (first, second))
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    # A photo of nothing at all has no outlines that could agree.
    return float((a * b).sum()) / norm if norm > 0 else 0.0
