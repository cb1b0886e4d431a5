"""The rows of the study: what is measured, by which function, and what it is to reach."""

from frame import Row, Target

_STEPS = "training steps, {} at {} px, batch {}, over {}"
_FIRST = "first epoch of experiment={} with a {} cache, over the second"


def _at_least(bound: float, of: str = "ratio") -> Target:
    return Target(of, ">=", bound)  # type: ignore[arg-type]


def _at_most(bound: float, of: str = "value") -> Target:
    return Target(of, "<=", bound)  # type: ignore[arg-type]


_TRAINING = (
    Row(
        "steps_resnet18_bare", _STEPS.format("ResNet-18", 128, 32, "a bare loop"),
        _at_least(0.97), "training_rows.steps", ("resnet18", "bare"),
    ),
    Row(
        "steps_resnet50_bare", _STEPS.format("ResNet-50", 224, 32, "a bare loop"),
        _at_least(0.97), "training_rows.steps", ("resnet50", "bare"),
    ),
    Row(
        "steps_resnet18_plain", _STEPS.format("ResNet-18", 128, 32, "a plain Lightning script"),
        _at_least(2.5), "training_rows.steps", ("resnet18", "plain"),
    ),
    Row(
        "steps_resnet50_plain", _STEPS.format("ResNet-50", 224, 32, "a plain Lightning script"),
        _at_least(2.5), "training_rows.steps", ("resnet50", "plain"),
    ),
    Row(
        "epoch_best",
        "an epoch of experiment=best, over forward, backward, step and validation alone",
        _at_least(0.9), "training_rows.best_epoch",
    ),
    *(
        Row(
            f"first_{short}_{cache}", _FIRST.format(name, cache), _at_most(bound),
            "training_rows.first_epoch", (name, cache),
        )
        for short, name in (("recipe", "hydrogen_torch"), ("best", "best"))
        for cache, bound in (("cold", 1.3), ("warm", 1.05))
    ),
)  # fmt: skip
_GPU = (
    *(
        Row(
            f"steps_gpu_{batch}", _STEPS.format("ResNet-50", 224, batch, "a bare compiled loop")
            + ", GPU", _at_least(0.95), "gpu_rows.steps", (batch,), gpu=True,
        )
        for batch in (32, 256)
    ),
    Row(
        "recipe_gpu",
        "five epochs of experiment=hydrogen_torch, 2,309 photos, validation of 577 included, GPU",
        _at_most(10), "gpu_rows.recipe", gpu=True,
    ),
    Row(
        "crops_gpu", "synthetic crops of 192x64, drawn on a GPU",
        _at_least(20_000, "value"), "gpu_rows.crops", gpu=True,
    ),
)  # fmt: skip
_PHOTOS = (
    Row("decode", "filling the cache from 700 px photos, over decoding alone", None,
        "data_rows.decoding"),
    *(
        Row(f"augment_{name}", f"augment={name} at 224 px, one core", None,
            "data_rows.augmenting", (name,))
        for name in ("soft", "medium", "hard")
    ),
    Row("pipeline_memory", "memory of the data pipeline over the decoded photos at 224 px",
        _at_most(1.3), "data_rows.memory"),
    Row("crops_cpu", "synthetic crops of 192x64, two processes",
        _at_least(400, "value"), "synthetic_rows.crops"),
    Row("photos_700", "synthetic photos of 700 px, all cores",
        _at_least(120, "value"), "synthetic_rows.photos"),
)  # fmt: skip
_PREDICTION = (
    Row("predict_folder",
        "`predict` on 2,000 photos, files to CSV, over the slower of decoding and bare graphs",
        _at_least(0.9), "prediction_rows.folder"),
    Row("predict_one", "one warm photo, over decoding and bare graphs",
        _at_most(1.25, "ratio"), "prediction_rows.one_photo"),
    Row("detector", "detector, 700 px photo, one core", _at_most(10), "prediction_rows.detector"),
)  # fmt: skip
_COMMANDS = (
    Row("report", "report of a training on 577 photos, made and saved",
        _at_most(15), "report_rows.report"),
    Row("train_around", "`train` on two tiny epochs, outside the training loop",
        _at_most(12), "command_rows.around_the_loop"),
    Row("help", "`--help` of the slowest command beyond `python -c pass`",
        _at_most(0.5), "command_rows.slowest_help"),
    *(
        Row(f"growth_{what}", f"growth with {what}: exponent of time and memory, 1 is linear",
            # Its noise on these few points is about 0.1.
            _at_most(1.1), f"growth_rows.with_{what}")
        for what in ("photos", "categories")
    ),
    Row("tests", "`make test`, set-up apart", _at_most(240), "command_rows.tests"),
)  # fmt: skip
ROWS: dict[str, Row] = {
    row.name: row for row in (*_TRAINING, *_GPU, *_PHOTOS, *_PREDICTION, *_COMMANDS)
}
