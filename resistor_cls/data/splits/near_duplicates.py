"""Photos that show the same thing: exactly, or nearly."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from resistor_cls.data.images.metadata import ImageMetadata
from resistor_cls.data.sources.photo_set import PhotoSet

# Maximum Hamming distance of the perceptual hashes of a pair, of 256 bits, and minimum correlation
# of its edge descriptors. Chosen by looking at pairs of the real photos: of the 13 that pass, 12
# show one arrangement of one part; the hash alone lets 1,486 pass, nearly all of which share only a
# table.
MAX_HAMMING = 56
MIN_SIMILARITY = 0.78
MAX_LISTED = 10  # pairs of a photo; a page shows two or three of a group
# Rows and columns compared at once: numbers of 64 bits fill half a megabyte, which caches hold.
_BLOCK, _TILE = 16, 4096
_FIRST_WORDS = 3  # of four: most pictures that are not similar differ enough in these alone
_AT_ONCE = 256  # edge descriptors compared at once: 8 MB as float64


@dataclass(frozen=True)
class Pair:
    """Two similar photos.

    Attributes:
        first: position of the one.
        second: position of the other, larger than `first`.
        hamming: distance of their perceptual hashes, in bits of 256.
        similarity: correlation of their edge descriptors, at most 1.
    """

    first: int
    second: int
    hamming: int
    similarity: float


def exact_duplicates(metadata: Sequence[ImageMetadata]) -> list[tuple[int, ...]]:
    """Groups of photos with the same pixels, each of two or more positions in order."""
    places = defaultdict(list)
    for index, image in enumerate(metadata):
        places[image.pixel_hash].append(index)
    return [tuple(group) for group in places.values() if len(group) > 1]


def near_duplicates(
    metadata: Sequence[ImageMetadata],
    edge_descriptors: np.ndarray,
    targets: np.ndarray | None = None,
    max_pairs: int = MAX_LISTED,
) -> list[Pair]:
    """Pairs of photos of one arrangement: a small Hamming distance, and similar edge descriptors.

    Exact duplicates are among them, each as a pair with the first photo of its pixels. Mirrored or
    rotated copies are not found. Photos without any edges are not similar to any other.

    All pairs of different pictures are compared. Of n photos that are all similar, n² / 2 pairs
    say no more than a few for each photo: a pair is left out if both of its photos are in
    `max_pairs` pairs already, and other pairs link them. So the number of pairs grows linearly with
    the photos, and the groups that they link are the same.

    Args:
        metadata: of the photos.
        edge_descriptors: (photos, 64, 64) int8, see
            `resistor_cls.data.images.metadata.edge_descriptor`.
        targets: (photos,) class index of each; pairs within a category and pairs across two are
            then counted apart, so that neither crowds the other out.
        max_pairs: of a photo, see above.

    Returns:
        Pairs sorted by `first`, then by `second`.
    """
    copies = exact_duplicates(metadata)
    copied = {index for group in copies for index in group[1:]}
    places = np.array([index for index in range(len(metadata)) if index not in copied], dtype=int)
    hashes = np.array(
        [_words(metadata[index].perceptual_hash) for index in places], dtype=np.uint64
    )
    labels = np.zeros(len(metadata), dtype=int) if targets is None else np.asarray(targets)
    linked = _Links(labels[places], max_pairs)
    pairs = [Pair(group[0], index, 0, 1.0) for group in copies for index in group[1:]]
    for first, seconds, hamming in _near_hashes(hashes):
        wanted = linked.wanted(first, seconds)
        similarity = _correlations(edge_descriptors, int(places[first]), places[seconds[wanted]])
        similar = similarity >= MIN_SIMILARITY
        found, distances = seconds[wanted][similar], hamming[wanted][similar]
        kept = linked.add(first, found)
        pairs += [
            Pair(int(places[first]), int(places[second]), int(distance), float(value))
            for second, distance, value in zip(
                found[kept], distances[kept], similarity[similar][kept], strict=True
            )
        ]
    return sorted(pairs, key=lambda pair: (pair.first, pair.second))


class _Links:
    """Which pictures are linked already, and how many pairs of each are listed.

    Args:
        labels: (pictures,) class index of each.
        max_pairs: of a picture within its category, and as many across.
    """

    def __init__(self, labels: np.ndarray, max_pairs: int) -> None:
        self._labels = labels
        self._left = np.full((2, len(labels)), max_pairs)  # within the category; across
        self._group = np.arange(len(labels))
        self._members = {index: [index] for index in range(len(labels))}

    def wanted(self, first: int, seconds: np.ndarray) -> np.ndarray:
        """(seconds,) bool: the pairs that would be listed, or would link what is not linked."""
        across = self._across(first, seconds)
        room = (self._left[across, first] > 0) | (self._left[across, seconds] > 0)
        wanted: np.ndarray = room | (self._group[seconds] != self._group[first])
        return wanted

    def add(self, first: int, seconds: np.ndarray) -> np.ndarray:
        """Links pairs; returns the positions in `seconds` of those that are listed."""
        kept = []
        for place, (second, across) in enumerate(
            zip(seconds.tolist(), self._across(first, seconds).tolist(), strict=True)
        ):
            left = self._left[across]
            if left[first] > 0 or left[second] > 0 or self._group[first] != self._group[second]:
                left[[first, second]] -= 1
                self._join(first, second)
                kept.append(place)
        return np.array(kept, dtype=int)

    def _across(self, first: int, seconds: np.ndarray) -> np.ndarray:
        across: np.ndarray = (self._labels[seconds] != self._labels[first]).astype(int)
        return across

    def _join(self, first: int, second: int) -> None:
        larger, smaller = sorted(
            (int(self._group[first]), int(self._group[second])),
            key=lambda group: -len(self._members[group]),
        )
        if larger != smaller:
            moved = self._members.pop(smaller)
            self._members[larger] += moved
            self._group[moved] = larger


def _near_hashes(hashes: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Pictures whose hashes are near that of an earlier picture.

    All are compared, on every core. (An index of parts of the hashes would not save comparisons: of
    57 parts one is equal in any two near pictures, but a part of 4 bits is equal in most of the
    others too.)

    Args:
        hashes: (pictures, words) uint64.

    Yields:
        A picture, the later ones that are near, in order, and their Hamming distances.
    """
    cores = os.cpu_count() or 1
    starts = range(0, len(hashes), _BLOCK)
    with ThreadPoolExecutor(cores) as pool:  # NumPy releases the interpreter's lock
        # No more blocks at once than there are cores: if most photos are similar they are large.
        for wave in range(0, len(starts), cores):
            for rows, columns, hamming in pool.map(
                partial(_near_block, hashes), starts[wave : wave + cores]
            ):
                for first in np.unique(rows).tolist():
                    part = slice(*np.searchsorted(rows, [first, first + 1]))
                    yield first, columns[part], hamming[part]


def _near_block(hashes: np.ndarray, start: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Near pairs of a block of pictures with all later ones: firsts, seconds, distances."""
    rows = hashes[start : start + _BLOCK]
    found = []
    for left in range(start, len(hashes), _TILE):
        tile = hashes[left : left + _TILE]
        # Few dissimilar pictures are near in the first words: only these are compared in all. (All
        # four words of two negatives differ in 256 bits, which overflows uint8 to 0.)
        hamming = _hamming(rows[:, None, :_FIRST_WORDS], tile[None, :, :_FIRST_WORDS])
        firsts, seconds = np.divmod(np.flatnonzero(hamming <= MAX_HAMMING), len(tile))
        hamming = _hamming(rows[firsts], tile[seconds])
        near = (hamming <= MAX_HAMMING) & (left + seconds > start + firsts)
        found.append((start + firsts[near], left + seconds[near], hamming[near]))
    firsts, seconds, hamming = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(firsts, kind="stable")
    return firsts[order], seconds[order], hamming[order]


def _hamming(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(…) uint8, Hamming distance over the last axis of (…, words) uint64, at most 255."""
    distance: np.ndarray = np.bitwise_count(one[..., 0] ^ other[..., 0])
    for word in range(1, one.shape[-1]):
        distance += np.bitwise_count(one[..., word] ^ other[..., word])
    return distance


def grouped(links: Iterable[tuple[int, int]], count: int) -> np.ndarray:
    """Numbers photos by group: linked ones, directly or through others, share a number.

    Returns:
        (count,) int.
    """
    ends = np.array(list(links), dtype=int).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    numbers: np.ndarray = connected_components(graph, directed=False)[1]
    return numbers


def kept_together(
    photo_set: PhotoSet, metadata: Sequence[ImageMetadata], edge_descriptors: np.ndarray
) -> np.ndarray:
    """Numbers photos by group: near-duplicates, and those of one name in the group column.

    Returns:
        (photos,) int.
    """
    links = [(pair.first, pair.second) for pair in near_duplicates(metadata, edge_descriptors)]
    newest: dict[str, int] = {}
    for index, name in enumerate(photo_set.groups or ()):
        links.append((newest.get(name, index), index))
        newest[name] = index
    return grouped(links, len(photo_set))


def _words(digits: str) -> list[int]:
    return [int(digits[start : start + 16], 16) for start in range(0, len(digits), 16)]


def _correlations(edge_descriptors: np.ndarray, first: int, seconds: np.ndarray) -> np.ndarray:
    """(seconds,) correlation of an edge descriptor with others; 0 of a photo without edges."""
    found = np.empty(len(seconds))
    one = edge_descriptors[first].ravel().astype(np.float64)
    count = len(one)
    for start in range(0, len(seconds), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        others = edge_descriptors[seconds[part]].reshape(-1, count).astype(np.float64)
        # Sums of whole numbers, which float64 holds exactly.
        sums, own = others.sum(axis=1), one.sum()
        covariance = others @ one - sums * own / count
        spread = (one @ one - own**2 / count) * (
            np.einsum("ij,ij->i", others, others) - sums**2 / count
        )
        defined = spread > 0
        found[part] = np.where(defined, covariance / np.sqrt(np.where(defined, spread, 1)), 0.0)
    return found
