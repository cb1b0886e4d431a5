"""Photos that are the same, exactly or nearly."""

from dataclasses import replace
from itertools import combinations
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resistor_cls.categories import parse_name
from resistor_cls.data.images.metadata import (
    ImageMetadata,
    edge_descriptor,
    grey_levels,
)
from resistor_cls.data.splits.near_duplicates import (
    MAX_HAMMING,
    MIN_SIMILARITY,
    exact_duplicates,
    grouped,
    near_duplicates,
)
from resistor_cls.synthetic import draw, sample_scene
from tests.helpers.made_up import metadata_at
from tests.helpers.photo_files import metadata_of


@pytest.fixture(scope="module")
def drawn() -> list[np.ndarray]:
    """Photos of one category on different backgrounds."""
    category = parse_name("470R_1-4W")
    scenes = [sample_scene(category, np.random.default_rng(seed)) for seed in range(6)]
    return [draw(scene, size=300).photo for scene in scenes]


def test_near_duplicates_are_found_despite_light_noise_and_shifts(drawn: list[np.ndarray]) -> None:
    photo = drawn[0]
    shifted = np.roll(photo, (2, -1), axis=(0, 1))
    darker = (photo * 0.7).astype(np.uint8)
    noisy = np.clip(photo + np.random.default_rng(0).normal(0, 4, photo.shape), 0, 255)
    alike = [photo, shifted, darker, noisy.astype(np.uint8)]
    files = [*alike, *drawn[1:]]
    metadata = [metadata_of(one, form="JPEG") for one in files]
    pairs = near_duplicates(
        metadata, np.stack([edge_descriptor(grey_levels(one)) for one in files])
    )
    found = {(pair.first, pair.second) for pair in pairs}
    assert found == {(i, j) for j in range(len(alike)) for i in range(j)}


def test_pairs_over_the_edge_of_a_block_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resistor_cls.data.splits.near_duplicates._BLOCK", 3)
    metadata = [metadata_at(second=i, picture=str(i % 5)) for i in range(10)]
    pairs = near_duplicates(metadata, np.zeros((10, 64, 64), dtype=np.int8))
    assert [(pair.first, pair.second) for pair in pairs] == [(i, i + 5) for i in range(5)]
    assert all(pair.hamming == 0 and pair.similarity == 1 for pair in pairs)


def noisy_copies(seed: int, most_flipped: int) -> tuple[list[ImageMetadata], np.ndarray]:
    """Photos of a few arrangements, and a negative; some of them are exact copies."""
    rng = np.random.default_rng(seed)
    arrangements = int(rng.integers(1, 4))
    hashes = rng.integers(0, 2, (arrangements, 256), dtype=np.uint8)
    lines = rng.integers(-100, 100, (arrangements, 64, 64))
    metadata, edge_descriptors = [], []
    for number in range(int(rng.integers(1, 40))):
        arrangement = rng.integers(arrangements)
        bits, noise = hashes[arrangement].copy(), rng.integers(0, 90)
        bits[rng.permutation(256)[: rng.integers(0, most_flipped)]] ^= 1
        metadata.append(with_hash(bits, f"{seed} {number}"))
        added = rng.integers(-noise - 1, noise + 1, (64, 64))
        edge_descriptors.append(np.clip(lines[arrangement] + added, -127, 127))
    metadata.append(with_hash(1 - hashes[0], "negative"))
    metadata.append(with_hash(hashes[0], "positive"))
    edge_descriptors += [edge_descriptors[0], edge_descriptors[0]]
    chosen = [*range(len(metadata)), *rng.integers(0, len(metadata), 8).tolist()]
    return [metadata[i] for i in chosen], np.array(
        [edge_descriptors[i] for i in chosen], dtype=np.int8
    )


def with_hash(bits: np.ndarray, picture: str) -> ImageMetadata:
    return replace(metadata_at(picture=picture), perceptual_hash=np.packbits(bits).tobytes().hex())


def compared_pairwise(
    metadata: list[ImageMetadata], edge_descriptors: np.ndarray
) -> dict[tuple[int, int], int]:
    """Bits of every near pair, with all copies of a picture."""
    flat = edge_descriptors.reshape(len(metadata), -1).astype(float)
    found = {}
    for first, second in combinations(range(len(metadata)), 2):
        one, other = (int(metadata[i].perceptual_hash, 16) for i in (first, second))
        bits = (one ^ other).bit_count()
        same = metadata[first].pixel_hash == metadata[second].pixel_hash
        similarity = 1.0 if same else np.corrcoef(flat[first], flat[second])[0, 1]
        if bits <= MAX_HAMMING and similarity >= MIN_SIMILARITY:
            found[first, second] = bits
    return found


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from([20, 60]))
def test_near_duplicates_are_those_of_a_pairwise_comparison(seed: int, most_flipped: int) -> None:
    metadata, edge_descriptors = noisy_copies(seed, most_flipped)
    expected = compared_pairwise(metadata, edge_descriptors)
    copies = {index: group[0] for group in exact_duplicates(metadata) for index in group[1:]}
    with patch.multiple("resistor_cls.data.splits.near_duplicates", _BLOCK=5, _TILE=7):
        pairs = near_duplicates(metadata, edge_descriptors, max_pairs=len(metadata))
        few = near_duplicates(metadata, edge_descriptors, np.arange(len(metadata)) % 2, max_pairs=1)
    first_copies = {pair: bits for pair, bits in expected.items() if not {*pair} & {*copies}}
    first_copies |= {(first, copy): 0 for copy, first in copies.items()}
    assert {(pair.first, pair.second): pair.hamming for pair in pairs} == first_copies
    # Whatever is left out, the same photos are linked.
    links = ([(pair.first, pair.second) for pair in some] for some in (pairs, few))
    groups = [grouped(some, len(metadata)) for some in (*links, expected)]
    assert np.array_equal(groups[0], groups[2])
    assert np.array_equal(groups[1], groups[2])
    # And every photo with a twin of the other category is in such a pair.
    across = {one for pair in first_copies if sum(pair) % 2 for one in pair if one not in copies}
    listed = {
        one for pair in few if (pair.first + pair.second) % 2 for one in (pair.first, pair.second)
    }
    assert across <= listed


def test_pairs_of_similar_photos_grow_linearly_with_the_photos() -> None:
    count = 1000
    copies = [metadata_at(picture="one")] * count
    assert len(near_duplicates(copies, np.zeros((count, 64, 64), dtype=np.int8))) == count - 1
    lines = np.random.default_rng(0).integers(-100, 100, (64, 64)).astype(np.int8)
    bits = np.zeros(256, dtype=np.uint8)
    alike = [with_hash(bits, str(number)) for number in range(count)]
    pairs = near_duplicates(alike, np.broadcast_to(lines, (count, 64, 64)))
    assert count - 1 <= len(pairs) <= 10 * count
    assert len(np.unique(grouped([(one.first, one.second) for one in pairs], count))) == 1


def test_empty_photos_are_not_similar_to_any() -> None:
    blank = [np.full((64, 64, 3), level, dtype=np.uint8) for level in (100, 120)]
    metadata = [metadata_of(photo) for photo in blank]
    assert (
        near_duplicates(
            metadata, np.stack([edge_descriptor(grey_levels(photo)) for photo in blank])
        )
        == []
    )


def test_groups_are_linked_over_others() -> None:
    numbers = grouped([(0, 1), (1, 4), (2, 3)], 6)
    assert numbers[0] == numbers[1] == numbers[4]
    assert numbers[2] == numbers[3]
    assert len(set(numbers)) == 3
