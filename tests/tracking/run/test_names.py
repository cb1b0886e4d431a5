"""Names of runs."""

import pytest

from resistor_cls.tracking.run.names import evaluation_name, sweep_name, training_name


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (
            training_name("resnet10t.c3_in1k", "folder my_photos"),
            "resnet10t on folder my_photos",
        ),
        (
            training_name("resnet10t", "rendered", "quickstart"),
            "quickstart: resnet10t on rendered",
        ),
        (sweep_name("seed", "leak_check"), "leak_check: sweep over seed"),
        (
            evaluation_name("/home/me/best.ckpt", "577 validation photos of rendered"),
            "evaluate best.ckpt on 577 validation photos of rendered",
        ),
        (
            evaluation_name("runs:/0123456789abcdef/model", "40 photos of folder mine"),
            "evaluate run 01234567 on 40 photos of folder mine",
        ),
        (
            evaluation_name(
                "runs:/0123456789abcdef/checkpoints/last.ckpt", "1 test photos of rendered"
            ),
            "evaluate last.ckpt of run 01234567 on 1 test photos of rendered",
        ),
        (
            evaluation_name("models:/resistor_cls@best", "9 photos of rendered"),
            "evaluate resistor_cls@best on 9 photos of rendered",
        ),
    ],
)
def test_names_say_what_was_done_with_which_photos(name: str, wanted: str) -> None:
    assert name == wanted
