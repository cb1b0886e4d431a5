"""Bursts, capture order, cameras and backgrounds."""

from resistor_cls.data.splits.captures import backgrounds, bursts, cameras, capture_order
from tests.helpers.made_up import metadata_at, photo_set_of


def test_bursts_end_with_a_pause_a_camera_or_a_category() -> None:
    seconds = [0, 5, 200, 205, 206]
    photo_set = photo_set_of([f"a/{i}.jpg" for i in range(5)] + ["b/0.jpg", "b/1.jpg"], "aaaaabb")
    metadata = [
        *(metadata_at(second=s, camera="one" if i < 4 else "two") for i, s in enumerate(seconds)),
        metadata_at(second=207, camera="two"),
        metadata_at(camera="two"),
    ]
    assert bursts(photo_set, metadata, gap=60).tolist() == [0, 0, 1, 1, 2, 3, 4]
    assert len(set(bursts(photo_set, metadata, gap=300))) == 4
    assert cameras(metadata).tolist() == [0, 0, 0, 0, 1, 1, 1]


def test_capture_order_is_by_time_then_by_the_numbers_in_names() -> None:
    names = ["a/x (10).jpg", "a/x (2).jpg", "a/x (1).jpg", "a/late.jpg", "a/early.jpg"]
    metadata = [
        metadata_at(),
        metadata_at(),
        metadata_at(),
        metadata_at(second=50),
        metadata_at(second=7),
    ]
    photo_set = photo_set_of([*names, "b/x.jpg"], "aaaaab")
    order = capture_order(photo_set, [*metadata, metadata_at(second=1)])
    assert [photo_set.names[i] for i in order] == [
        "a/early.jpg",
        "a/late.jpg",
        "a/x (1).jpg",
        "a/x (2).jpg",
        "a/x (10).jpg",
        "b/x.jpg",
    ]


def test_backgrounds_are_found_by_colour() -> None:
    metadata = [metadata_at(colour=c) for c in (10, 90, 11, 92, 10.5, 12)]
    assert backgrounds(metadata, 2).tolist() == [0, 1, 0, 1, 0, 0]
    assert len(set(backgrounds(metadata[:1] * 3, 4))) == 1
