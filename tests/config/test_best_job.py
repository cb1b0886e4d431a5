"""The best job of a sweep as an experiment."""

import yaml

from resistor_cls.config.best_job import experiment


def test_words_become_choices_and_values() -> None:
    words = ["model=resnet18", "optimizer.lr=0.003", "+trainer.deterministic=true",
             "data.root='/my $photos, new'", "~augment.flip", "tracking.name=x", "paths.output=o",
             "hydra.sweep.dir=o", "sweep=example", "loss.class_weights=[1,2]"]  # fmt: skip
    text = experiment(words, "the best")
    first, title, removed, *_ = text.splitlines()
    assert (first, title) == ("# @package _global_", "# the best")
    assert removed == "# Add to the command: '~augment.flip'"
    assert yaml.safe_load(text) == {
        "defaults": [{"override /model": "resnet18"}],
        "optimizer": {"lr": 0.003},
        "trainer": {"deterministic": True},
        "data": {"root": "/my $photos, new"},
        "loss": {"class_weights": [1, 2]},
    }


def test_an_experiment_that_is_a_sweep_becomes_a_single_run() -> None:
    found = yaml.safe_load(experiment(["experiment=leak_check", "seed=1"], "t"))
    assert found["defaults"] == ["leak_check", "_self_"]
    assert found["hydra"] == {"mode": "RUN", "sweeper": {"params": None}}
    assert found["compare"] is None
