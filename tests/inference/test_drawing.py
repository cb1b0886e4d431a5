import numpy as np
import pytest

from resistor_cls.inference.drawing import accent, annotated, boxed, confidence_in_words
from resistor_cls.inference.prediction import Box, Prediction

GREY = np.full((200, 300, 3), 128, np.uint8)
READ = Prediction(None, text="10 Ω", accepted=True, confidence=0.984, calibrated=True)


def coloured(image: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    """(points, 2) rows and columns where a picture has nearly a colour."""
    return np.argwhere(np.abs(image.astype(int) - colour).max(axis=2) < 40)


@pytest.mark.parametrize("degrees", [0.0, 90.0, 150.0])
def test_a_box_surrounds_its_body(degrees: float) -> None:
    body = Box(x=150, y=100, length=80, width=20, degrees=degrees)
    one = Prediction(None, text="10 Ω", accepted=True, box=body)
    points = coloured(np.asarray(boxed(GREY, [one], 600)), accent(one))  # twice the size
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    assert middle == pytest.approx([200, 300], abs=2)
    angle = np.deg2rad(degrees)
    along = (points - [200, 300]) @ [np.sin(angle), np.cos(angle)]
    across = (points - [200, 300]) @ [np.cos(angle), -np.sin(angle)]
    assert 80 < along.max() < 100  # half of the length, twice the size, and a margin
    assert 20 < across.max() < 40


def test_several_bodies_are_numbered() -> None:
    places = [Box(80, 100, 40, 10, 0), Box(220, 100, 40, 10, 0)]
    alone = [Prediction(None, accepted=True, box=place) for place in places]
    numbered = [
        Prediction(None, accepted=True, box=place, body=body)
        for body, place in enumerate(places, start=1)
    ]
    without, with_numbers = (
        len(coloured(np.asarray(boxed(GREY, ones, 600)), accent(alone[0])))
        for ones in (alone, numbered)
    )
    assert with_numbers > without + 300  # pixels of two discs


def test_a_long_reason_makes_a_taller_caption() -> None:
    short, long = (
        Prediction(None, text="don't know", accepted=False, reason="word " * words)
        for words in (1, 60)
    )
    assert annotated(GREY, [long]).height > annotated(GREY, [short]).height + 40
    assert annotated(GREY, [short, short]).height > annotated(GREY, [short]).height


def test_the_confidence_of_a_refused_prediction_is_that_of_the_best_guess() -> None:
    refused = Prediction(None, text="don't know", accepted=False, confidence=0.43)
    assert confidence_in_words(READ) == "98.4 %"
    assert confidence_in_words(refused) == "best guess 43.0 % (uncalibrated)"
    assert confidence_in_words(Prediction(None)) == ""
