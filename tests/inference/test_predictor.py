import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from resistor_cls.categories import parse_name
from resistor_cls.data import FolderSource, PhotoDataModule, Resize, SplitConfig, read_photo
from resistor_cls.data.images.threads import one_torch_thread
from resistor_cls.errors import ConfigError, DataError, ModelError
from resistor_cls.inference import Predictor, find_photos
from resistor_cls.inference.photo_input import Photo
from resistor_cls.model import ResistorNetwork, ResistorTask, build_trainer, seed_everything
from resistor_cls.model.detector.network import Detector
from resistor_cls.synthetic import draw, sample_scene
from tests.helpers.tiny_training import network

SIZE = 32
Validated = tuple[Path, PhotoDataModule, torch.Tensor]


@pytest.fixture(scope="module")
def validated(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Validated:
    """A checkpoint, its data, and the probabilities that validation kept."""
    place = tmp_path_factory.mktemp("model")
    seed_everything(0)
    data = PhotoDataModule(
        FolderSource(photos),
        SplitConfig(folds=4),
        preprocess=Resize(SIZE),
        batch_size=5,
        workers=0,
        cache=place / "cache",
    )
    data.setup()
    trainer = build_trainer(place, accelerator="cpu")
    task = ResistorTask(network(data.categories.names))
    trainer.validate(task, data, verbose=False)
    trainer.save_checkpoint(place / "model.ckpt")
    return place / "model.ckpt", data, task.predictions["probabilities"]


@pytest.fixture(scope="module")
def predictor(validated: Validated) -> Predictor:
    return Predictor.load(validated[0])


def test_files_get_the_probabilities_of_validation(
    validated: Validated, predictor: Predictor
) -> None:
    _, data, probabilities = validated
    files = [data.photo_set.path(index) for index in data.validation_indices]
    predictions = list(predictor.predict(files, top=4))
    assert [prediction.photo for prediction in predictions] == files
    for prediction, expected in zip(predictions, probabilities, strict=True):
        found = {one.category: one.probability for one in prediction.candidates}
        assert [found[name] for name in data.categories.names] == pytest.approx(
            expected.tolist(), abs=1e-6
        )
        shares = [one.probability for one in prediction.candidates]
        assert shares == sorted(shares, reverse=True)
        assert (prediction.error, prediction.located, prediction.box) == (None, None, None)


def test_an_unreadable_photo_gets_an_error_and_the_others_a_prediction(
    photos: Path, predictor: Predictor, tmp_path: Path
) -> None:
    whole = sorted(photos.rglob("*.jpg"))[:2]
    (tmp_path / "empty.jpg").write_bytes(b"")
    files = [whole[0], tmp_path / "empty.jpg", tmp_path / "absent.jpg", whole[1]]
    predictions = list(predictor.predict(files, top=2))
    assert [prediction.photo for prediction in predictions] == files
    assert [len(prediction.candidates) for prediction in predictions] == [2, 0, 0, 2]
    assert "empty.jpg: the file is empty" in str(predictions[1].error)
    assert "absent.jpg: No such file" in str(predictions[2].error)
    assert (predictions[1].text, predictions[1].accepted) == (None, None)
    assert predictions[3] == next(predictor.predict([whole[1]], top=2))


def test_more_photos_than_fit_a_batch_and_none_at_all(photos: Path, predictor: Predictor) -> None:
    photo = sorted(photos.rglob("*.jpg"))[0]
    predictions = list(predictor.predict([photo] * 70))
    assert len(predictions) == 70
    first = {one.category: one.probability for one in predictions[0].candidates}
    for prediction in predictions:
        assert {one.category: one.probability for one in prediction.candidates} == pytest.approx(
            first
        )
    assert list(predictor.predict([])) == []
    assert predictor.probabilities([]).shape == (0, 4)


def test_many_photos_are_read_by_all_cores_as_one_by_one(tmp_path: Path) -> None:
    packaged = Predictor()  # the exported model of the package
    scene = sample_scene(parse_name("4K7_1-4W"), np.random.default_rng(3))
    photo = draw(scene, 360).photo
    photos: list[Photo] = [np.rot90(photo[one:], turns) for one in (0, 9) for turns in range(4)]
    photos += [tmp_path / "absent.jpg", np.full((64, 48, 3), 200, np.uint8), *photos]
    found = list(packaged.predict(iter(photos)))
    assert len(found) == len(photos)
    for one, prediction in zip(photos, found, strict=True):
        if isinstance(one, Path):
            assert prediction.photo == one and prediction.error is not None
            continue
        alone = packaged.predict(one)
        assert (prediction.text, prediction.reason) == (alone.text, alone.reason)
        assert prediction.box == alone.box
        # The sums of a batch are added in another order.
        assert prediction.confidence == pytest.approx(alone.confidence, abs=1e-5)
    assert {one.located for one in found} == {True, False, None}


def test_photos_in_memory_may_differ_in_size(predictor: Predictor) -> None:
    photos = [np.full(shape, 90, np.uint8) for shape in ((40, 40, 3), (10, 99, 3))]
    square, wide = predictor.probabilities(photos)
    assert square.dtype == np.float32
    assert np.allclose(square, wide, atol=1e-6)  # one colour: every resize gives the same photo


def test_a_model_with_a_detector_says_where_it_found_nothing(
    photos: Path, detector: Detector
) -> None:
    predictor, files = Predictor(network(["a", "b"], locate=True)), sorted(photos.rglob("*.jpg"))
    pictures = [read_photo(file) for file in files]
    predictions = list(predictor.predict(files))
    assert predictor.locates
    with one_torch_thread():
        found = [detector.detect(picture) is not None for picture in pictures]
    assert [prediction.located for prediction in predictions] == found
    # A photo in memory is cut out like one in a file, whatever lies beside it.
    alone = [predictor.probabilities([picture])[0].max() for picture in pictures]
    assert alone == pytest.approx(
        [prediction.candidates[0].probability for prediction in predictions], abs=1e-6
    )


def test_predicting_changes_nothing(validated: Validated, predictor: Predictor) -> None:
    photo = np.asarray(Image.effect_noise((40, 40), 80).convert("RGB"))
    first = predictor.probabilities([photo])
    fresh = ResistorNetwork.load(validated[0])
    fresh.train()  # as training leaves it
    with torch.no_grad():
        assert np.array_equal(Predictor(fresh).probabilities([photo]), first)
    assert np.array_equal(predictor.probabilities([photo]), first)


def test_a_model_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"absent.ckpt does not exist"):
        Predictor.load(tmp_path / "absent.ckpt")


def test_photos_are_found_in_folders_and_by_name(photos: Path, tmp_path: Path) -> None:
    source = sorted(photos.rglob("*.jpg"))[0]
    for name in ("b/2.JPG", "b/deeper/1.jpeg", "a/3.jpg", "a/._3.jpg", "a/notes.txt", "odd.xyz"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, tmp_path / name)
    (tmp_path / "b" / "folder.jpg").mkdir()
    inside = [tmp_path / name for name in ("a/3.jpg", "b/2.JPG", "b/deeper/1.jpeg")]
    assert find_photos([tmp_path]) == inside
    # A file that is named is meant, whatever its suffix.
    assert find_photos([tmp_path / "odd.xyz", tmp_path / "b"]) == [
        tmp_path / "odd.xyz",
        *inside[1:],
    ]
    with pytest.raises(DataError, match=r"absent does not exist: name photos, or folders"):
        find_photos([tmp_path / "absent"])
    (tmp_path / "hollow").mkdir()
    with pytest.raises(DataError, match=r"hollow holds no photos \(\.bmp, \.jfif"):
        find_photos([tmp_path / "hollow"])


@pytest.mark.parametrize("top", [0, -1, 2.5, "3", True, None])
def test_a_number_of_candidates_that_cannot_be_used_is_refused(
    predictor: Predictor, top: object
) -> None:
    photo = np.full((40, 40, 3), 90, np.uint8)
    for photos in (photo, [photo]):
        with pytest.raises(ConfigError, match=r"^top .*: expected a whole number of 1 or more$"):
            predictor.predict(photos, top=top)  # type: ignore[call-overload]


@pytest.mark.parametrize("risk", ["0.05", [0.05], True, 0.2, float("nan")])
def test_an_unknown_risk_level_is_refused(predictor: Predictor, risk: object) -> None:
    with pytest.raises(ConfigError, match=r"^risk .*: models guarantee one of 0.001, 0.01, 0.05$"):
        predictor.predict(np.full((40, 40, 3), 90, np.uint8), risk=risk)  # type: ignore[call-overload]


@pytest.mark.parametrize("threshold", ["0.5", float("nan"), 2])
def test_a_threshold_that_is_not_a_probability_is_refused(
    predictor: Predictor, threshold: object
) -> None:
    with pytest.raises(ConfigError, match=r"^threshold .*: expected 0 to 1$"):
        predictor.set_inference(threshold=threshold)  # type: ignore[arg-type]


def test_values_that_are_not_photos_are_refused_or_have_an_error(predictor: Predictor) -> None:
    for wrong, message in (
        (Image.new("RGB", (0, 0)), "an image of 0×0 pixels"),
        (np.zeros((0, 0, 3), np.uint8), "an array of shape"),
        ("a\0b.jpg", "null character"),
    ):
        with pytest.raises(DataError, match=message):
            predictor.predict(wrong)
        (one,) = predictor.predict([wrong])
        assert message in str(one.error)
        assert one.text is None
    with pytest.raises(DataError, match="an array of shape"):
        predictor.probabilities([np.zeros((0, 0, 3), np.uint8)])


def test_a_model_without_a_detector_reads_no_bodies(predictor: Predictor) -> None:
    with pytest.raises(ConfigError, match=r"reads whole photos .* model\.locate=true"):
        predictor.predict_bodies(np.full((40, 40, 3), 90, np.uint8))
    with pytest.raises(ConfigError, match=r"^views 3: expected 1, 2, 4, 8$"):
        predictor.set_inference(views=3)
