"""`experiment=hydrogen_torch` is the published run, and no setting of Hydrogen Torch is missing."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from resistor_cls.config import compose, flatten, groups
from tests.helpers import ROOT

DOCUMENT = ROOT / "docs" / "hydrogen_torch.md"
FACTS = ROOT.parent / "shared" / "facts.md"
# Every setting of an experiment's configuration file, as Hydrogen Torch 1.2.0 writes it.
SETTINGS = {
    "backbone", "dropout", "pool", "pretrained", "augmentations_strategy",
    "custom_inference_augmentations", "custom_train_augmentations", "cutmix_corner",
    "mix_concentration", "mix_image", "mix_iterations", "mix_probability", "mix_target",
    "data_folder", "data_folder_test", "data_sample", "data_sample_choice", "folds",
    "group_fold_column", "image_column", "label_columns", "test_dataframe", "train_dataframe",
    "unlabeled_dataframe", "validation_dataframe", "validation_size", "validation_strategy",
    "gpus", "mixed_precision_inference", "mixed_precision_training", "number_of_workers",
    "seed", "experiment_name", "image_channels", "image_height", "image_normalization",
    "image_width", "logger", "neptune_project", "number_of_images", "metric",
    "probability_threshold", "test_time_augmentations", "automatically_adjust_batch_size",
    "batch_size", "build_scoring_pipelines", "calculate_train_metric",
    "differential_learning_rate", "differential_learning_rate_layers", "drop_last_batch",
    "epochs", "evaluation_epochs", "grad_accumulation", "gradient_clip", "learning_rate",
    "loss_function", "optimizer", "run_interpretations", "save_best_checkpoint", "schedule",
    "train_validation_data", "warmup_epochs", "weight_decay",
}  # fmt: skip


def rows(file: Path, columns: int) -> list[list[str]]:
    """Rows of the tables of so many columns in a Markdown file."""
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == columns and not set(cells[0]) <= set("-: "):
            found.append(cells)
    return found


def value(config: Any, key: str) -> Any:
    for part in key.split("."):
        config = config[part]
    return config


def known_keys() -> set[str]:
    """Every key and group of a training, those of single options among them."""
    words = ("data=table", "data.table=t.csv", "augment=custom", "augment.pipeline.file=p.json")
    return {*flatten(compose("train", words), resolve=False), *groups()}


PUBLISHED = {
    row[0]: row[1:]
    for row in rows(DOCUMENT, 3)
    if re.match(r"`[\w.]+=", row[2]) and not row[0].startswith("`")
}


@pytest.mark.parametrize("setting", PUBLISHED)
def test_the_experiment_is_the_published_run(setting: str) -> None:
    config = compose("train", ["experiment=hydrogen_torch"])
    keys = re.findall(r"`([\w.]+)=([^`]*)`", PUBLISHED[setting][1])
    assert keys
    for key, published in keys:
        if key in groups():  # a whole option, such as augment=soft
            option = compose("train", ["experiment=hydrogen_torch", f"{key}={published}"])
            assert config[key] == option[key], key
        else:
            assert value(config, key) == yaml.safe_load(published.replace("1e-", "1.0e-")), key


def test_the_published_values_are_those_of_the_table_of_facts() -> None:
    if not FACTS.is_file():
        pytest.skip("the table of facts is not here")
    table = FACTS.read_text(encoding="utf-8").partition("| setting | value |")[2]
    cells = [cell.strip() for cell in table.partition("\n\n")[0].replace("\n", "").split("|")]
    pairs = [cell for cell in cells if cell and not set(cell) <= set("-:")][2:]
    metadata = dict(zip(pairs[::2], pairs[1::2], strict=True))
    assert {name: values[0] for name, values in PUBLISHED.items()} == metadata


def test_every_setting_has_a_row_and_every_row_a_key_that_exists() -> None:
    table = {row[0].strip("`"): row[1:] for row in rows(DOCUMENT, 3) if re.match(r"`\w+`$", row[0])}
    assert set(table) == SETTINGS
    known = known_keys()
    for setting, (key, remark) in table.items():
        assert key.strip("`") in known, setting
        assert "not yet" not in remark


def test_the_words_of_the_document_are_keys() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    known = known_keys() | {"optimizer._target_", "scheduler._target_", "find.*", "KEY"}
    mentioned = re.findall(r"`((?:[a-z_]+\.)+[a-z_*]+)(?:=[^`]*)?`", text)
    assert len(mentioned) > 60
    assert not [
        key for key in mentioned if key not in known and not key.endswith((".ckpt", ".png"))
    ]
