"""From `conf/` and `key=value` arguments to plain values.

The only code, with the commands, that knows Hydra.
"""

from resistor_cls.config.choices import groups
from resistor_cls.config.command_line import CONF
from resistor_cls.config.composing import compose, instantiate, instantiate_all, loss_arguments
from resistor_cls.config.plain import (
    flatten,
    recipe,
    report_options,
    resolved,
    trainer_options,
)
from resistor_cls.config.ranks import start_process
from resistor_cls.config.running import chosen_options, log_config, output_folder, run_hydra

__all__ = [
    "CONF", "chosen_options", "compose", "flatten", "groups", "instantiate", "instantiate_all",
    "log_config", "loss_arguments", "output_folder", "recipe", "report_options", "resolved",
    "run_hydra", "start_process", "trainer_options",
]  # fmt: skip
