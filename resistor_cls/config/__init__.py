"""From `conf/` and `key=value` arguments to plain values.

The only code, with the commands, that knows Hydra.
"""

from resistor_cls.config.choices import groups
from resistor_cls.config.command_line import CONF
from resistor_cls.config.composing import compose, instantiate, instantiate_all
from resistor_cls.config.plain import flatten, resolved
from resistor_cls.config.running import chosen_options, output_folder, run_hydra

__all__ = [
    "CONF",
    "chosen_options",
    "compose",
    "flatten",
    "groups",
    "instantiate",
    "instantiate_all",
    "output_folder",
    "resolved",
    "run_hydra",
]
