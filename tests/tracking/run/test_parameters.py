"""Which keys of a config are parameters of a run."""

from resistor_cls.tracking.run.parameters import parameters


def test_parameters_are_the_choices_of_a_training() -> None:
    values = {
        "tracking.name": "mine",
        "paths.output": "/home/me",
        "data.root": "/home/me/photos",
        "data.augment.flip.p": 1.0,
        "data.split": "capture",
        "optimizer.lr": 0.1,
    }
    found = parameters(values, {"optimizer": "adamw", "tracking": "mlflow"})
    assert found == {"optimizer": "adamw", "data.split": "capture", "optimizer.lr": 0.1}
