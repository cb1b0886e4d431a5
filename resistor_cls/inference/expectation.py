"""Whether a part has the value that it should have: yes, no or unsure."""

from dataclasses import replace

from resistor_cls.inference.prediction import Prediction

YES, NO, UNSURE = "yes", "no", "unsure"


def with_verdict(
    prediction: Prediction, expected: float, probability: float, threshold: float, *, certain: bool
) -> Prediction:
    """A prediction with the verdict on the expected value.

    Args:
        prediction: of a body.
        expected: value in ohms.
        probability: of this value.
        threshold: probability from which a value is accepted.
        certain: whether the prediction is accepted, or is certain of one of two values.
    """
    if prediction.located is False:
        return replace(prediction, expected=expected, verdict=UNSURE)
    if probability >= threshold:
        verdict = YES
    else:
        verdict = NO if certain and probability <= 1 - threshold else UNSURE
    return replace(prediction, expected=expected, expected_probability=probability, verdict=verdict)
