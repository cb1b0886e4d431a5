"""Which values each key takes, known before a second of imports, any photo and any model.

The packages check the same values again, for those who use them as a library; a test compares the
names here with theirs.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from resistor_cls.errors import nearest

VIEWS = (1, 2, 4, 8)
CLASS_WEIGHTS = ("none", "balanced")
MAX_SIDE = 8_192  # pixels; see `resistor_cls.model.checkpoint.schema`
_SEEDS = 2**32  # what NumPy and scikit-learn take
_METRICS = (
    "loss",
    "accuracy",
    "top3_accuracy",
    "f1_macro",
    "recall_macro",
    "roc_auc",
    "roc_auc_micro",
    "log_loss",
    "mcc",
)


class Rule(NamedTuple):
    """What a key takes.

    Attributes:
        accepts: whether a value is one of its values.
        expected: what should stand there instead of a value, as words.
    """

    accepts: Callable[[Any], bool]
    expected: Callable[[Any], str]


def number(
    least: float = -math.inf,
    most: float = math.inf,
    *,
    above: bool = False,
    below: bool = False,
    whole: bool = False,
    null: bool = False,
    also: str = "",
) -> Rule:
    """A rule for a number.

    Args:
        least: the smallest.
        most: the largest.
        above: it is more than `least`.
        below: it is less than `most`.
        whole: it is a whole number.
        null: null is a value too.
        also: a word that is a value too.
    """
    kind = int if whole else int | float

    def accepts(value: Any) -> bool:
        if not _is_number(value, kind):
            return (null and value is None) or (bool(also) and value == also)
        low = value > least if above else value >= least
        return low and (value < most if below else value <= most)

    low = f"more than {least:g}" if above else f"{least:g} or more"
    high = f"{'less than' if below else 'at most'} {most:.10g}"
    limits = " and ".join([low] * (least > -math.inf) + [high] * (most < math.inf))

    def expected(value: Any) -> str:
        named = "" if _is_number(value, kind) else "a whole number, " if whole else "a number, "
        before = f"{also}, " if also else ""
        return f"expected {before}{named}{limits}{', or null' if null else ''}"

    return Rule(accepts, expected)


def _is_number(value: Any, kind: Any = int | float) -> bool:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, kind) and not isinstance(value, bool)


def flag(null: bool = False) -> Rule:
    """A rule for true or false."""
    words = "expected true or false" + (", or null" if null else "")
    return Rule(lambda value: isinstance(value, bool) or (null and value is None), lambda _: words)


def choice(*names: Any, other: Callable[[Any], bool] = lambda _: False, more: str = "") -> Rule:
    """A rule for one of several names.

    Args:
        *names: the names.
        other: whether something else is a value too.
        more: what that is, as words.
    """
    texts = [str(name) for name in names if not isinstance(name, bool)]
    # True is 1 to Python, and to nobody else.
    known = {(type(name), name) for name in names}
    return Rule(
        lambda value: (
            other(value) or (isinstance(value, str | bool) and (type(value), value) in known)
        ),
        lambda value: "; ".join(filter(None, [nearest(str(value), texts), more])),
    )


def one_of(*numbers: int, null: bool = False) -> Rule:
    """A rule for one of several numbers."""
    words = f"expected {', '.join(map(str, numbers))}" + (", or null" if null else "")
    return Rule(
        lambda value: (type(value) is int and value in numbers) or (null and value is None),
        lambda _: words,
    )


def _is_text_ending(*endings: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value.endswith(endings)


def _is_import_path(value: Any) -> bool:
    return isinstance(value, str) and ":" in value


def _is_size(value: Any) -> bool:
    sides = value if isinstance(value, list) and len(value) == 2 else [value]
    return all(type(side) is int and 1 <= side <= MAX_SIDE for side in sides)


def _are_weights(value: Any) -> bool:
    plain = isinstance(value, list) and all(_is_number(one) for one in value)
    return plain and bool(value) and all(0 <= one < math.inf for one in value)


_SIZE = Rule(
    _is_size,
    lambda _: f"expected 1 or more pixels, at most {MAX_SIDE}: a whole number, or [rows, columns]",
)
_WEIGHTS = choice(*CLASS_WEIGHTS, other=_are_weights, more="or a list of one weight a category")
_SHARE, _PART = number(0, 1), number(0, 1, below=True)
_COUNT, _AT_LEAST_1 = number(0, whole=True), number(1, whole=True)
_ABOVE_0, _NOT_NEGATIVE = number(0, above=True), number(0)
_LOSS = {
    "label_smoothing": _PART,
    "class_weights": _WEIGHTS,
    "focal_gamma": _NOT_NEGATIVE,
}

# In this order: a value that another key takes over is named by the key that it was given to.
RULES: Mapping[str, Rule] = {
    "data.source": choice(
        "folder", "table", "rendered", "resistor37",
        other=_is_import_path, more="or an import path, such as my_package.photos:read",
    ),
    "data.image_size": _SIZE,
    "data.batch_size": _AT_LEAST_1,
    "data.drop_last": flag(),
    "data.split": choice(
        "stratified", "grouped", "capture", "background", "camera",
        other=_is_text_ending(".csv"), more="or the tables/split.csv of a run",
    ),
    "data.gap": _COUNT,
    "data.folds": number(2, whole=True),
    "data.fold": _COUNT,
    "data.validation_size": number(0, 1, above=True, below=True, null=True),
    "data.sample": number(0, 1, above=True),
    "data.sample_of": choice("train", "validation", "both"),
    "data.train_on_validation": flag(),
    "data.split_seed": number(0, _SEEDS - 1, whole=True),
    "data.skip_unreadable": flag(),
    "data.stream": Rule(
        lambda value: value is None,
        lambda _: "expected null, or what makes a stream, such as {_target_: …}",
    ),
    "data.workers": number(0, whole=True, also="auto"),
    "data.per_category": number(1, whole=True, null=True),
    "data.size": number(64, whole=True),
    "data.seed": _COUNT,
    "mix.kind": choice("none", "mixup", "cutmix"),
    "mix.concentration": _ABOVE_0,
    "mix.probability": number(0, 1, above=True),
    "mix.iterations": _AT_LEAST_1,
    "mix.corner": flag(),
    "mix.target": choice("ratio", "union", "larger"),
    **{f"loss.{key}": rule for key, rule in _LOSS.items()},
    "model.pretrained": choice(
        "auto", "true", "false", "rendered", True, False,
        other=_is_text_ending(".safetensors"), more="or a .safetensors file",
    ),
    "model.pool": choice("avg", "max", "avgmax", "catavgmax", "gem"),
    "model.dropout": _PART,
    "model.drop_path": _PART,
    "model.image_size": _SIZE,
    "model.locate": Rule(
        lambda value: isinstance(value, bool) or _is_text_ending(".safetensors")(value),
        lambda _: "expected true, false, or a .safetensors file of a locator",
    ),
    "model.channels": number(1, 65_536, whole=True),
    "model.normalization": choice("simple", "imagenet", "image", "channel", "min_max"),
    "model.views": one_of(*VIEWS),
    "model.mixed_precision_inference": flag(),
    "model.probability_threshold": _SHARE,
    **{f"model.{key}": rule for key, rule in _LOSS.items()},
    "model.band_weight": _NOT_NEGATIVE,
    # A mapping stands here as the keys below it.
    "model.layer_lr": Rule(
        lambda value: value is None,
        lambda _: "expected names of layers, such as {fc: 10}, or null",
    ),
    "model.layer_decay": number(0, 1, above=True, null=True),
    "model.freeze_epochs": _COUNT,
    "model.train_metrics": flag(),
    "optimizer.lr": _NOT_NEGATIVE,
    "optimizer.weight_decay": _NOT_NEGATIVE,
    "optimizer.momentum": _NOT_NEGATIVE,
    "optimizer.nesterov": flag(),
    "scheduler.warmup_epochs": _NOT_NEGATIVE,
    "scheduler.every_epochs": _ABOVE_0,
    "scheduler.factor": _NOT_NEGATIVE,
    "trainer.max_epochs": _AT_LEAST_1,
    "trainer.accumulate_grad_batches": _AT_LEAST_1,
    "trainer.gradient_clip_val": number(0, null=True),
    "trainer.ema": number(0, 1, above=True, below=True, null=True),
    "trainer.evaluation_epochs": _ABOVE_0,
    "trainer.monitor": choice(*(f"val/{name}" for name in _METRICS)),
    "trainer.save_best": flag(),
    "trainer.patience": number(1, whole=True, null=True),
    "trainer.log_every_n_steps": _COUNT,
    "tracking.kind": choice("mlflow", "none"),
    "tracking.system_metrics": flag(),
    "tracking.log_model": flag(),
    "stress": flag(),
    "unknown": _COUNT,
    "gallery": _AT_LEAST_1,
    "saliency": flag(),
    "seed": Rule(
        number(-1, _SEEDS - 1, whole=True).accepts,
        lambda _: f"expected 0 to {_SEEDS - 1}, or -1 to draw one",
    ),
    "find.batch_size": flag(),
    "find.lr": flag(),
    "pseudo.confidence": number(0, 1, above=True),
    "strict": flag(),
    "subset": choice("auto", "validation", "train", "test", "all"),
    "inference.views": one_of(*VIEWS, null=True),
    "inference.mixed_precision_inference": flag(null=True),
    "inference.probability_threshold": number(0, 1, null=True),
}  # fmt: skip
