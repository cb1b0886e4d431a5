from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from resistor_cls.errors import DataError, ModelError
from resistor_cls.exporting import parity as parities
from resistor_cls.exporting.parity import Labelled, Parity, score_export
from resistor_cls.exporting.photos import drawn_photos, labelled_folder
from resistor_cls.inference.batches import BATCH
from resistor_cls.model.torch_network import TorchNetwork
from tests.helpers.exports import loaded, original


def parity(**changes: Any) -> Parity:
    values: dict[str, Any] = {
        "precision": "float32", "photos": 200, "unreadable": 0, "max_difference": 1e-6,
        "max_end_to_end_difference": 0.0, "agreement": 1.0, "differing": (), "labelled": 0,
        "original": None, "exported": None,
    }  # fmt: skip
    return Parity(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_difference": 0.002}, r"a\.onnx is not written: .* up to 0\.002 .*allowed: 0\.0001"),
        ({"agreement": 0.99}, r"agrees in 99\.00% of the texts \(needed: 99\.5%\)"),
        ({"precision": "float16", "agreement": 0.98}, r"98\.00% .*try --precision float32"),
        ({"max_difference": float("nan")}, r"up to nan"),
    ],
)
def test_an_export_that_misses_a_bound_fails_with_the_numbers(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        parity(**changes).check(Path("a.onnx"))


def test_an_export_within_the_bounds_passes() -> None:
    parity().check(Path("a.onnx"))
    parity(precision="float16", max_difference=0.01, agreement=0.995).check(Path("a.onnx"))


def test_a_model_is_scored_beside_its_export() -> None:
    rng = np.random.default_rng(0)
    photos = [
        Labelled(rng.integers(0, 256, (80, 90, 3), np.uint8), f"{number}", name)
        for number, name in enumerate(["10R", "4K7", "left", "unknown"])
    ]
    photos.append(Labelled("absent.jpg", "absent.jpg", "10R"))
    found = score_export(TorchNetwork(original()), loaded(), photos, "float32")
    assert (found.photos, found.unreadable, found.labelled, found.agreement) == (4, 1, 3, 1.0)
    assert found.max_difference < 1e-5
    assert found.original == found.exported
    assert found.as_json()["original"]["accuracy"] == found.original.accuracy
    found.check(Path("a.onnx"))


def test_an_export_that_predicts_otherwise_is_found_out() -> None:
    odd = loaded()
    network = SimpleNamespace(
        **{name: getattr(odd, name) for name in (
            "categories", "metadata", "locates", "parallel", "reads_bands", "reads_any_value",
            "probability_threshold", "image_preprocessing", "set_inference", "read_photos",
        )},
        predict_photos=lambda photos: (np.roll(odd.predict_photos(photos)[0], 1, axis=1), None),
    )  # fmt: skip
    photos = [Labelled(np.full((80, 90, 3), 50, np.uint8), "a", "10R")]
    found = score_export(TorchNetwork(original()), network, photos, "float32")
    with pytest.raises(ModelError, match="is not written"):
        found.check(Path("a.onnx"))


def test_one_probability_that_is_no_number_fails_an_export(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    differences = iter([0.0, float("nan"), 0.0])
    monkeypatch.setattr(parities, "_max_difference", lambda *given: next(differences))
    photos = [Labelled(np.full((80, 90, 3), 50, np.uint8), f"{n}", "10R") for n in range(3 * BATCH)]
    found = score_export(TorchNetwork(original()), loaded(), photos, "float32")
    with pytest.raises(ModelError, match="up to nan"):
        found.check(Path("a.onnx"))


def test_photos_that_cannot_be_read_score_no_export(tmp_path: Path) -> None:
    damaged = Labelled(tmp_path / "absent.jpg", "absent.jpg", "10R")
    with pytest.raises(DataError, match="none of the 1 photo that score the export can be read"):
        score_export(TorchNetwork(original()), loaded(), [damaged], "float32")


def test_drawn_photos_are_labelled_and_repeat() -> None:
    categories = original().categories
    one, other = (
        list(drawn_photos(categories, range(3), 3, (32, 32), any_value=any_value))
        for any_value in (False, True)
    )
    assert [photo.category for photo in one] == ["10R", "4K7", "left"]
    (again,) = drawn_photos(categories, range(2, 3), 3, (32, 32), any_value=False)
    assert np.array_equal(np.asarray(again.photo), np.asarray(one[2].photo))
    assert all(photo.ohms is not None for photo in other)
    arrays = list(drawn_photos(categories, range(2), 5, (32, 32), any_value=False))
    assert np.asarray(arrays[0].photo).shape == (32, 32, 5)
    assert arrays[0].category is None


def test_the_folder_of_a_photo_is_its_label(photos: Path) -> None:
    found = labelled_folder(photos)
    assert len(found) == 32
    assert {one.category for one in found} == {file.parent.name for file in photos.rglob("*.jpg")}
