"""What a run keeps of photos that are neither trained nor validated on."""

from resistor_cls.data import PhotoDataModule
from resistor_cls.evaluation import Predictions, per_category
from resistor_cls.model import ResistorNetwork
from resistor_cls.tracking.confusion import save_confusion
from resistor_cls.tracking.judgement import calibrate_predictions, require_numbers
from resistor_cls.tracking.run.run import Run


def save_test(
    run: Run,
    model: ResistorNetwork,
    data: PhotoDataModule,
    predictions: Predictions,
    title: str = "Test photos",
) -> None:
    """Keeps how the best model has judged a given test set.

    The run gets `tables/test_predictions.csv`, `tables/test_per_category.csv`, and the confusion
    matrix as `figures/test_confusion_matrix.png` and `tables/test_confusion_matrix.csv`.

    Args:
        run: that gets it.
        model: that predicted, with its calibration in its record.
        data: the photos.
        predictions: of the test photos.
        title: of the figure.

    Raises:
        ModelError: see `require_numbers`.
    """
    require_numbers(predictions)
    predictions = predictions.answered(calibrate_predictions(model.metadata, predictions, data))
    run.save_file("tables/test_predictions.csv", predictions.write)
    run.save_table("test_per_category", per_category(predictions))
    save_confusion(run, predictions, "test_confusion_matrix", title)
