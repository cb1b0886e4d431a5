from typing import Any

import pytest

from resistor_cls.evaluation.pages.audit_timeline import timeline_of


def burst(start: int, end: int, first: str, last: str, camera: int = 0) -> dict[str, Any]:
    first, last = (f"2018-04-{moment}" if moment else "" for moment in (first, last))
    photos = end - start
    return {"from": start, "to": end, "first": first, "last": last, "camera": camera,
            "photos": photos}  # fmt: skip


def audit(cameras: int = 1, **bursts: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [
        {"name": name, "photos": 1, "bursts": of, "days": len({one["first"][:10] for one in of})}
        for name, of in bursts.items()
    ]
    return {
        "timeline": {"photos": 1000, "days": [{"date": "2018-04-25", "from": 0}]},
        "categories": rows,
        "cameras": [{"name": f"camera {number}"} for number in range(cameras)],
    }


def test_rows_follow_the_order_of_their_first_photo() -> None:
    late = [burst(500, 600, "25T10:00:00", "25T10:01:30")]
    early = [burst(0, 100, "25T09:00:00", "25T09:00:20")]
    untimed = [burst(0, 10, "", "")]
    rows = timeline_of(audit(late=late, untimed=untimed, early=early))["rows"]
    assert [row["name"] for row in rows] == ["early", "late", "untimed"]
    assert [row["note"] for row in rows] == [
        "1 burst, 20 s",
        "1 burst, 2 min",
        "no capture time",
    ]
    assert rows[2]["bars"] == []
    (bar,) = rows[1]["bars"]
    assert (bar["left"], bar["right"], bar["photos"]) == (50, 60, 100)
    assert bar["began"] == "25 April 2018, 10:00"


def test_bursts_that_touch_are_one_bar_unless_the_camera_differs() -> None:
    first = burst(0, 100, "25T09:00:00", "25T09:01:00")
    near = burst(102, 150, "26T09:00:00", "26T09:01:00")
    far = burst(200, 250, "27T09:00:00", "27T09:01:00")
    other = burst(100, 150, "26T09:00:00", "26T09:01:00", camera=1)
    joined, apart, coloured = (
        timeline_of(audit(2, name=bursts))["rows"][0]
        for bursts in ([first, near], [first, far], [first, other])
    )
    assert [(bar["left"], bar["right"], bar["photos"]) for bar in joined["bars"]] == [(0, 15, 148)]
    assert joined["note"] == "2 bursts, 2 min, 2 days"
    assert len(apart["bars"]) == len(coloured["bars"]) == 2
    assert len({bar["colour"] for bar in coloured["bars"]}) == 2


@pytest.mark.parametrize(("cameras", "legend"), [(1, 1), (6, 6), (7, 7), (9, 7)])
def test_cameras_beyond_the_sixth_share_a_colour(cameras: int, legend: int) -> None:
    part = audit(cameras, name=[burst(0, 9, "25T09:00:00", "25T09:01:00", camera=cameras - 1)])
    timeline = timeline_of(part)
    assert len(timeline["cameras"]) == legend
    assert timeline["rows"][0]["bars"][0]["colour"] == timeline["cameras"][-1]["colour"]
    if cameras > 6:
        more = cameras - 6
        assert timeline["cameras"][-1]["name"] == f"{more} more camera{'s' * (more > 1)}"


def test_without_capture_times_there_are_no_rows() -> None:
    part = audit(name=[burst(0, 1, "", "")])
    part["timeline"]["photos"] = 0
    assert timeline_of(part) == {"rows": []}
