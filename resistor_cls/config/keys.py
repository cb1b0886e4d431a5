"""Every key of `conf/`: its values and its meaning. Defaults are in `conf/` alone.

A wrong value is refused, `--help KEY` and `--cfg job` explain, and docs/keys.md lists by this
description. A key such as `augment.*` stands for all keys below a node; `*._target_` for the same
key below any node.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from resistor_cls.config.values import (
    Values,
    anything,
    as_text,
    choice,
    class_weights,
    devices,
    either,
    ends_with,
    file,
    has_colon,
    image_size,
    node,
    number,
    one_of,
    switch,
    text,
    weights_file,
)

VIEWS = (1, 2, 4, 8)
MAX_SEED = 2**32 - 1  # the largest that NumPy and scikit-learn take
# fmt: off
METRICS = ("loss", "accuracy", "top3_accuracy", "f1_macro", "recall_macro", "roc_auc",
           "roc_auc_micro", "log_loss", "mcc")
# fmt: on


class Key(NamedTuple):
    """A key.

    Attributes:
        values: that it takes.
        meaning: in one sentence.
    """

    values: Values
    meaning: str


_SWITCH, _COUNT, _POSITIVE = switch(), number(0, whole=True), number(1, whole=True)
_NOT_NEGATIVE, _ABOVE_0 = number(0), number(0, above=True)
_PART, _ABOVE_0_TO_1 = number(0, 1, below=True), number(0, 1, above=True)
FOLDER = "a folder with one folder of photos per category"
_TABLE = "a .csv, .parquet or .pq table"
_NAMES = file("a file with one name per line").or_null()
_PHOTOS = file(f"{FOLDER}, or {_TABLE}").or_null()
_PIPELINE = file("a pipeline that albumentations has saved, JSON or YAML")
_LAYER_SCALE = replace(_NOT_NEGATIVE, words="a factor of optimizer.lr, 0 or more")
_NODE = node("a node with a _target_").or_null()
_DETECTOR = replace(weights_file(_SWITCH, "a .safetensors file of a detector"), has_keys=True)
_SEED = number(0, MAX_SEED, whole=True)
_SEED_OR_DRAWN = either(_SEED, replace(one_of(-1), words="-1 to draw one"))
_STEP = anything("an argument of the transform of albumentations that `_target_` names")

# fmt: off
_PHOTO_KEYS = {
    "data.source": Key(
        choice("folder", "table", "rendered", "resistor37",
            other=has_colon, more="or an import path, such as my_package.photos:read"),
        "Where the photos come from; `rendered` means synthetic photos, `resistor37` the real "
        "Resistor data set."),
    "data.root": Key(text("a folder").or_null(),
        "The folder of the photos; null is the folder of the table."),
    "data.categories": Key(_NAMES,
        "The categories; null takes the labels of the photos, sorted, or the 37 categories of "
        "synthetic photos."),
    "data.label_prefix": Key(text("auto, or a text", may_be_empty=True).or_null(),
        "Removed from the beginning of labels; auto removes class_, label_ or category_ where "
        "every label begins with it."),
    "data.table": Key(file(f"{_TABLE} with a row per photo"),
        "The table of photos and labels; a column ohms states the value of each part."),
    "data.image_column": Key(text("a column"),
        "The column of the table with names of photos; image may be called file or photo too."),
    "data.category_column": Key(text("a column").or_null(),
        "The column of the table with labels; null takes the values in the column ohms instead."),
    "data.group_column": Key(text("a column").or_null(),
        "The column of the table with groups that a split keeps together, such as one per part."),
    "data.url": Key(text("an address"), "Where the archive of the data set is downloaded from."),
    "data.per_category": Key(_POSITIVE.or_null(),
        "Synthetic photos of each category; null takes the counts of the real data set, 2,881."),
    "data.size": Key(number(64, whole=True), "Side of the synthetic photos in pixels."),
    "data.seed": Key(_COUNT, "Seed of the generator of synthetic photos."),
    "data.image_size": Key(image_size(),
        "Size in pixels to which photos are resized before they are cached and batched; a single "
        "number is the side of a square."),
    "data.batch_size": Key(_POSITIVE, "Photos in a batch, per device."),
    "data.workers": Key(either(choice("auto"), _COUNT),
        "Processes that load and augment photos; auto is half of the cores, at most 8; "
        "none on one core; of photos, none on two without a GPU either."),
    "data.skip_unreadable": Key(_SWITCH, "Whether photos that cannot be read are left out."),
    "data.stream": Key(
        node("what makes a stream, such as {_target_: …}").or_null(),
        "An online generator to train on, such as one of synthetic crops; all photos of `data` "
        "then validate."),
    "data.stream.*": Key(anything("an argument of the generator"), "Set up the online generator."),
    "data.shards": Key(file("a folder of shards").or_null(),
        "Training photos in shards, as `resistor_cls.data.shards` writes them; all photos of "
        "`data` then validate."),
    "data.cache": Key(text("a folder"), "Where decoded photos are kept."),
}
_SPLIT_KEYS = {
    "data.split": Key(
        as_text(choice("stratified", "grouped", "capture", "background", "camera", "few",
            other=ends_with(".csv"), more="or the tables/split.csv of a run")),
        "How photos are assigned to folds: at random by category, with near-duplicates together, "
        "in blocks of capture time, or by background or camera; few trains on the first "
        "`data.shots` photos of each category and validates on all others."),
    "data.gap": Key(_COUNT,
        "Embargo: photos left out on each side of a validation block of split=capture, and after "
        "the training photos of each category of split=few."),
    "data.shots": Key(_POSITIVE, "Training photos of each category of split=few."),
    "data.folds": Key(number(2, whole=True), "Number of folds."),
    "data.fold": Key(_COUNT, "The fold that validates, from 0."),
    "data.validation_size": Key(number(0, 1, above=True, below=True).or_null(),
        "Fraction of the photos that validates instead of a fold."),
    "data.validation": Key(_PHOTOS, "External photos that validate."),
    "data.test": Key(_PHOTOS,
        "External photos that neither train nor validate; the best epoch is evaluated on them at "
        "the end."),
    "data.train_on_validation": Key(_SWITCH,
        "Whether the validation photos train too, for a final model."),
    "data.split_seed": Key(_SEED,
        "Seed of splits and samples, apart from `seed`: runs of several seeds validate on the "
        "same photos."),
}
_AUGMENT_KEYS = {
    "augment": Key(node("steps below it").or_null(),
        "Random changes of training photos, one step of albumentations per key below it."),
    "augment.pipeline.file": Key(_PIPELINE,
        "A saved pipeline to augment with; no code in it is run."),
    "augment.*": Key(_STEP, "An argument of a step of augmentation."),
    "data.augment": Key(_NODE,
        "Taken from `augment`."),
    "data.augment.pipeline.file": Key(_PIPELINE.or_null(), "See `augment.pipeline.file`."),
    "data.augment.*": Key(_STEP, "See `augment.*`."),
    "data.mix": Key(_NODE,
        "Taken from `mix`."),
    "data.mix.*": Key(anything("see `mix`"), "See `mix.*`."),
}
_MODEL_KEYS = {
    "model.backbone": Key(
        text("a model of timm, or an import path such as my_package.nets:TinyNet"),
        "The network that turns photos into features."),
    "model.pretrained": Key(
        weights_file(either(choice("auto", "true", "false", "rendered"), switch()),
            "a .safetensors file" ),
        "Weights to start from: ImageNet's where available (auto) or required (true), none "
        "(false), those of the package, trained on synthetic crops (rendered), or a file."),
    "model.pool": Key(choice("avg", "max", "avgmax", "catavgmax", "gem"),
        "How features are pooled over the photo; avg leaves a transformer its own pooling."),
    "model.dropout": Key(_PART, "Probability that a pooled feature is dropped in training."),
    "model.drop_path": Key(_PART,
        "Probability that a residual block is skipped in training (stochastic depth)."),
    "model.image_size": Key(image_size(),
        "Size in pixels of the network's input; taken from `data.image_size`."),
    "model.normalization": Key(choice("simple", "imagenet", "image", "channel", "min_max"),
        "How pixels are scaled: to [-1, 1] (simple), by ImageNet's statistics, or by each "
        "photo's own mean and deviation (image, channel) or range (min_max)."),
    "model.steps": Key(file("a file of deterministic albumentations steps").or_null(),
        "Fixed transforms that every photo passes in training and inference."),
    "model.locate": Key(_DETECTOR,
        "Whether a detector finds the body and the network gets an upright crop of it; a file or "
        "a node gives another detector."),
    "model.locate.*": Key(anything("an argument of what makes the detector"), "Set up a detector."),
    "model.views": Key(one_of(*VIEWS),
        "Test-time augmentation: views that a prediction is averaged over; 2 adds the half turn, "
        "4 mirror images, 8 quarter turns."),
    "model.probability_threshold": Key(number(0, 1),
        "Predictions of a lower probability abstain: \"don't know\"."),
    "model.band_weight": Key(_NOT_NEGATIVE,
        "Weight of the loss of the bands of synthetic crops, in the training of a band reader."),
    "model.layer_lr": Key(node("names of layers, such as {fc: 10}").or_null(),
        "Learning-rate scales of parameter groups: pattern of layer names → factor of "
        "`optimizer.lr`."),
    "model.layer_lr.*": Key(_LAYER_SCALE, "The learning-rate scale of the layers of this name."),
    "model.layer_decay": Key(_ABOVE_0_TO_1.or_null(),
        "Learning-rate scale of each layer relative to the next one, such as 0.8."),
    "model.freeze_epochs": Key(_COUNT, "First epochs in which only the head is trained."),
}
_LOSS_KEYS = {
    "loss.name": Key(anything("bce, cross_entropy or focal"),
        "The loss: binary cross-entropy per category, softmax cross-entropy, or focal loss."),
    "loss._target_": Key(text("an import path such as my_package.losses.MyLoss").or_null(),
        "A custom loss instead of `loss.name`; further keys below `loss` are its arguments."),
    "loss.label_smoothing": Key(_PART,
        "Fraction of each target that is spread evenly over all categories."),
    "loss.class_weights": Key(class_weights(),
        "Weights of categories in the loss; balanced gives every category the same total."),
    "loss.focal_gamma": Key(_NOT_NEGATIVE,
        "Focusing exponent of loss=focal; 0 is binary cross-entropy."),
}
_OPTIMIZER_KEYS = {
    "optimizer.lr": Key(_NOT_NEGATIVE, "Peak learning rate."),
    "optimizer.weight_decay": Key(_NOT_NEGATIVE, "Weight decay."),
    "optimizer.momentum": Key(_NOT_NEGATIVE, "Momentum of optimizer=sgd."),
    "optimizer.nesterov": Key(_SWITCH, "Whether optimizer=sgd uses Nesterov momentum."),
    "scheduler.warmup_epochs": Key(_NOT_NEGATIVE,
        "Epochs, or a part of one, in which the rate grows linearly to its peak."),
    "scheduler.every_epochs": Key(_ABOVE_0, "Epochs between two steps of scheduler=step."),
    "scheduler.factor": Key(_NOT_NEGATIVE, "Factor of the rate at each step of scheduler=step."),
}
_TRAINER_KEYS = {
    "trainer.accelerator": Key(anything("auto, cpu, gpu, or another accelerator of Lightning"),
        "The hardware; auto takes a GPU where there is one."),
    "trainer.devices": Key(devices(),
        "How many devices, or which."),
    "trainer.num_nodes": Key(_POSITIVE,
        "Machines that train together, each with `trainer.devices` devices."),
    "trainer.strategy": Key(anything("a strategy of Lightning"), "How several devices cooperate."),
    "trainer.precision": Key(choice("auto", "32-true", "16-mixed", "bf16-mixed"),
        "Precision of training; auto is bf16-mixed where the hardware has bfloat16, 16-mixed on "
        "older GPUs, else 32-true."),
    "trainer.max_epochs": Key(_POSITIVE, "Number of epochs."),
    "trainer.accumulate_grad_batches": Key(_POSITIVE, "Batches per optimizer step."),
    "trainer.gradient_clip_val": Key(number(0).or_null(),
        "Maximum norm of the gradient; null does not clip."),
    "trainer.ema": Key(number(0, 1, above=True, below=True).or_null(),
        "Decay of an exponential moving average of the weights, which is evaluated and kept, "
        "such as 0.998."),
    "trainer.monitor": Key(choice(*(f"val/{name}" for name in METRICS)),
        "The metric that selects the best epoch."),
    "trainer.patience": Key(_POSITIVE.or_null(),
        "Early stopping: validations without a better `trainer.monitor` before training ends."),
    "trainer.score_before": Key(_SWITCH,
        "Whether the starting network is scored on the validation photos before any training, as "
        "`before/…`."),
    "trainer.resume": Key(text("auto, or the id or the folder of a run").or_null(),
        "The interrupted training to continue: a run, or the newest of `paths.output` or the "
        "experiment (auto), where there is one."),
    "trainer.checkpoint_steps": Key(_POSITIVE.or_null(),
        "Optimizer steps between two saved states of the training within an epoch."),
    "trainer.checkpoint_minutes": Key(_NOT_NEGATIVE.or_null(),
        "Minutes between two saved states of the training within an epoch."),
    "trainer.log_every_n_steps": Key(_COUNT, "Optimizer steps between two logged values."),
    **{
        f"trainer.limit_{part}_batches": Key(anything("a number, or a fraction"),
            f"Batches of an epoch's {use}, for a quick check.")
        for part, use in {"train": "training", "val": "validation", "test": "test"}.items()
    },
}
_RUN_KEYS = {
    "seed": Key(_SEED_OR_DRAWN,
        "Seed of weights, shuffling and augmentation; the run keeps the one that is drawn."),
    "find.lr": Key(_SWITCH,
        "Whether the learning rate at which the loss falls fastest is searched before training."),
    "pseudo.photos": Key(file("a folder of photos").or_null(),
        "Photos without labels that train with the labels of `pseudo.teacher`."),
    "pseudo.teacher": Key(text("a saved model"),
        "The model that labels `pseudo.photos`: a file, runs:/…, models:/… or rendered."),
    "pseudo.confidence": Key(_ABOVE_0_TO_1, "Minimum confidence of a label of the teacher."),
    "compare": Key(anything("a swept key, or null"),
        "A key of a sweep whose values are compared side by side at its end, such as data.split."),
    "tracking.kind": Key(choice("mlflow", "none"),
        "Whether MLflow keeps the run, or its folder alone."),
    "tracking.uri": Key(text("an address"),
        "The MLflow store: sqlite:///FILE.db, another database, or http://HOST:PORT."),
    "tracking.experiment": Key(text(), "The MLflow experiment."),
    "tracking.artifacts": Key(text("a folder"),
        "Artifacts of a new experiment; a tracking server keeps its own."),
    "tracking.name": Key(text(may_be_empty=True).or_null(),
        "Name of the run; null names model and data, or in a sweep what varies."),
    "tracking.system_metrics": Key(_SWITCH,
        "Whether use of processor, memory, disk and GPU is logged."),
    "tracking.log_model": Key(_SWITCH,
        "Whether the best weights are logged as an MLflow model beside the checkpoints."),
    "tracking.register": Key(_SWITCH,
        "Whether that model is registered too, as the next version of resistor_cls."),
    "paths.output": Key(text("a folder"),
        "Where each run gets a folder with figures, tables and log."),
    "paths.cache": Key(text("a folder"),
        "Where synthetic, downloaded and decoded photos are kept."),
}
_REPORT_KEYS = {
    "stress": Key(_SWITCH,
        "Whether robustness checks repeat the evaluation under corruptions: light, blur, noise, "
        "rotation."),
    "unknown": Key(_COUNT, "Out-of-distribution photos of each kind to evaluate with."),
    "gallery": Key(_POSITIVE, "Photos in each gallery, and in figures/train_samples.png."),
    "saliency": Key(_SWITCH, "Whether saliency maps and the occlusion check are reported."),
    "figures": Key(node("named figures, each with a _target_"),
        "Custom figures: name → {_target_: my_package.figures.mine}."),
    "figures.*": Key(anything("an argument of the figure"), "Set up a custom figure."),
    "costs": Key(file("a CSV table of what each error costs").or_null(),
        "A table of the cost of each error: labels in rows, predictions in columns."),
    "reference": Key(text("a saved model").or_null(),
        "The model to evaluate or to audit with, given as model=REF: a file, runs:/RUN_ID/model, "
        "models:/NAME@ALIAS or rendered."),
    "subset": Key(choice("auto", "validation", "train", "test", "all"),
        "The photos to evaluate; auto is the validation photos of the model's own data, and all "
        "photos of `data`."),
    "allow": Key(anything("a list of subset and unknown"),
        "How labels may differ from the model's, given as --allow: subset if some are missing, "
        "unknown if there are others, whose photos count as out-of-distribution."),
    "inference.views": Key(one_of(*VIEWS).or_null(), "See `model.views`; null is as trained."),
    "inference.probability_threshold": Key(number(0, 1).or_null(),
        "See `model.probability_threshold`; null is as trained."),
    "inference.mixed_precision_inference": Key(switch().or_null(),
        "See `model.mixed_precision_inference`; null is as trained."),
    "strict": Key(_SWITCH,
        "Whether the audit exits with 2 for any problem or risk; given as --strict."),
}
# Resistors do not need these; docs/hydrogen_torch.md says which setting each stands for.
_PARITY_KEYS = {
    "data.drop_last": Key(_SWITCH,
        "Whether the last, smaller batch of a training epoch is left out."),
    "data.sample": Key(_ABOVE_0_TO_1, "Fraction of the photos that is used."),
    "data.sample_of": Key(choice("train", "validation", "both"),
        "The photos that `data.sample` applies to."),
    "mix": Key(node("keys below it").or_null(),
        "Mixing of training photos."),
    "mix.kind": Key(choice("none", "mixup", "cutmix"),
        "How two photos are mixed: averaged (mixup), or a patch of one in the other (cutmix)."),
    "mix.concentration": Key(_ABOVE_0,
        "Concentration of the beta distribution of the mixing ratio; 1 is uniform, less favours "
        "one photo."),
    "mix.probability": Key(_ABOVE_0_TO_1, "Probability that a batch is mixed."),
    "mix.iterations": Key(_POSITIVE, "How often a batch is mixed."),
    "mix.corner": Key(_SWITCH, "Whether the patch of cutmix lies in a corner."),
    "mix.target": Key(choice("ratio", "union", "larger"),
        "Targets of a mixed photo: each label by its ratio, all labels fully, or the larger one."),
    "model.channels": Key(number(1, 65_536, whole=True),
        "Channels of a photo: 1 is grey, 3 is RGB, others read arrays (.npy)."),
    "model.mixed_precision_inference": Key(_SWITCH,
        "Whether predictions are computed in half precision."),
    "model.train_metrics": Key(_SWITCH, "Whether training photos are scored too."),
    "trainer.evaluation_epochs": Key(_ABOVE_0,
        "Epochs between two validations, or a part of one such as 0.5."),
    "trainer.save_best": Key(_SWITCH, "Whether the best epoch is kept, or the last one."),
    "find.batch_size": Key(_SWITCH,
        "Whether the largest batch that the GPU holds is searched before training."),
}
_HYDRA_KEYS = {
    "hydra.job.name": Key(text(), "Name of the job and of its log file."),
    "hydra.run.dir": Key(text("a folder"), "Folder of a single run."),
    "hydra.sweep.dir": Key(text("a folder"), "Folder of a sweep."),
    "hydra.sweep.subdir": Key(text("a folder", may_be_empty=True), "Folder of a job in its sweep."),
    "hydra.sweeper.n_trials": Key(_COUNT,
        "Trials of a search by Optuna, those before a restart among them."),
    "hydra.sweeper.n_jobs": Key(_POSITIVE,
        "Trials of a search that are started together; a launcher runs them side by side."),
    "hydra.sweeper.direction": Key(choice("maximize", "minimize").or_null(),
        "Direction of a search; null is that of `trainer.monitor`."),
    "hydra.sweeper.study_name": Key(text().or_null(),
        "Name of Optuna's study; one that exists continues. Null is the id of the sweep's run."),
    "hydra.sweeper.storage": Key(text("an address").or_null(),
        "Database of Optuna's studies; null is optuna.db beside a SQLite store of the runs."),
    "hydra.output_subdir": Key(text("a folder").or_null(),
        "Folder of the composed configs in a run's."),
    "*._target_": Key(anything("an import path"),
        "The class or function that the node makes an object of."),
    "*._partial_": Key(_SWITCH, "Whether further arguments follow when the object is made."),
}

PARITY = "Parity with H2O Hydrogen Torch"
SECTIONS: Mapping[str, Mapping[str, Key]] = {
    "Photos": _PHOTO_KEYS, "Splits": _SPLIT_KEYS, "Augmentation": _AUGMENT_KEYS,
    "Model": _MODEL_KEYS, "Loss": _LOSS_KEYS, "Optimizer and schedule": _OPTIMIZER_KEYS,
    "Trainer": _TRAINER_KEYS, "Run and tracking": _RUN_KEYS,
    "Report, evaluation and audit": _REPORT_KEYS, PARITY: _PARITY_KEYS, "Hydra": _HYDRA_KEYS,
}
# fmt: on
KEYS: Mapping[str, Key] = {name: key for keys in SECTIONS.values() for name, key in keys.items()}


def description_of(name: str) -> str | None:
    """The entry of `KEYS` that describes a key: its own, or the nearest pattern."""
    parent, _, last = name.rpartition(".")
    candidates = [name, f"*.{last}"]
    while parent:
        candidates.append(f"{parent}.*")
        parent = parent.rpartition(".")[0]
    return next((one for one in candidates if one in KEYS), None)
