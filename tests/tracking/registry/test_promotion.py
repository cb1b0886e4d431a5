"""The champion changes only for a model that is better on the same photos."""

from dataclasses import replace
from pathlib import Path

import pytest

from resistor_cls.errors import TrackingError
from resistor_cls.evaluation import Predictions
from resistor_cls.evaluation.paired_gap import PairedGap, paired_gap
from resistor_cls.promote import main as promote
from resistor_cls.tracking.registry import promotion
from resistor_cls.tracking.registry.versions import aliases
from resistor_cls.tracking.store.connection import connect
from tests.helpers.right_or_wrong import PHOTOS, evaluated, trained
from tests.helpers.runs import store_uri

GOOD, BAD = [1] * 40, [1] * 20 + [0] * 20
OTHER = replace(PHOTOS, digest="other photos")


def test_the_better_model_becomes_the_champion_and_the_loser_the_challenger(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = store_uri(workplace)
    client = connect(uri)
    first = trained(uri, workplace / "a", BAD)
    assert promote(["--model", f"runs:/{first}/model"]) == 0
    assert capsys.readouterr().out == (
        "models:/resistor_cls/1 is the champion now: resistor_cls had no champion\n"
    )
    assert aliases(client) == {"champion": "1"}
    # Not registered by its training: `promote` does it.
    better = trained(uri, workplace / "b", GOOD, registered=False)
    assert promote(["--model", f"runs:/{better}/model"]) == 0
    shown = capsys.readouterr().out
    assert "models:/resistor_cls/2 is the champion now: top-1 accuracy 1.0000 against 0.5" in shown
    assert "the 95 % interval lies above 0 (candidate against version 1, on folder photos)" in shown
    assert aliases(client) == {"champion": "2", "challenger": "1"}
    assert promote(["--model", "models:/resistor_cls@challenger"]) == 0
    shown = capsys.readouterr().out
    assert "models:/resistor_cls/1 was not promoted: " in shown
    assert "the 95 % interval lies below 0" in shown
    assert aliases(client) == {"champion": "2", "challenger": "1"}
    assert client.get_model_version("resistor_cls", "1").tags["promotion"] == shown.strip()

    equal = trained(uri, workplace / "c", GOOD)
    assert promote(["--model", "models:/resistor_cls/3"]) == 0
    assert "may be chance" in capsys.readouterr().out
    assert aliases(client) == {"champion": "2", "challenger": "3"}
    assert promote(["--model", "models:/resistor_cls/2"]) == 0
    assert "it is the champion already" in capsys.readouterr().out
    assert promote(["--model", f"runs:/{equal}/model"]) == 0  # keeps its version
    assert aliases(client) == {"champion": "2", "challenger": "3"}


def test_photos_must_be_the_same_and_must_not_have_trained(
    workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = store_uri(workplace)
    trained(uri, workplace / "a", BAD)
    assert promote(["--model", "models:/resistor_cls/1"]) == 0
    trained(uri, workplace / "b", GOOD, OTHER)
    overlap = {"data.seen_in_training": "40 of 40"}
    trained(uri, workplace / "c", GOOD, tags=overlap)
    for version in (2, 3):
        assert promote(["--model", f"models:/resistor_cls/{version}"]) == 2
        assert "were not scored on the same photos" in capsys.readouterr().err
    assert aliases(connect(uri)) == {"champion": "1"}

    third = replace(PHOTOS, digest="third", name="folder new")
    evaluated(uri, workplace / "d", "models:/resistor_cls/1", BAD, third)
    evaluated(uri, workplace / "e", "models:/resistor_cls/3", GOOD, third)
    assert promote(["--model", "models:/resistor_cls/3"]) == 0
    assert "(candidate against version 1, on folder new)" in capsys.readouterr().out
    assert aliases(connect(uri)) == {"champion": "3", "challenger": "1"}


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("best.ckpt", "--model=best.ckpt cannot become the champion: expected runs:/RUN_ID/model"),
        ("models:/other/1", "--model=models:/other/1 cannot become the champion"),
        ("models:/resistor_cls/7", "--model=models:/resistor_cls/7 is not registered"),
        ("models:/resistor_cls@champion", "is not registered"),
        ("runs:/0123456789abcdef0123456789abcdef/model", "the store has no such run"),
    ],
)
def test_what_cannot_be_promoted_is_named(
    reference: str, message: str, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert promote(["--model", reference]) == 2
    assert message in capsys.readouterr().err


def test_a_champion_that_changed_meanwhile_is_kept(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = store_uri(workplace)
    for name, right in {"a": BAD, "b": BAD, "c": GOOD}.items():
        trained(uri, workplace / name, right)
    client = connect(uri)
    client.set_registered_model_alias("resistor_cls", "champion", "1")

    def slow(first: Predictions, second: Predictions) -> PairedGap:
        client.set_registered_model_alias("resistor_cls", "champion", "2")
        return paired_gap(first, second)

    monkeypatch.setattr(promotion, "paired_gap", slow)
    with pytest.raises(TrackingError, match="was changed meanwhile"):
        promotion.promote("models:/resistor_cls/3", uri)
    assert aliases(client) == {"champion": "2"}
