"""Tells an MLflow store that was moved where its artifacts are now."""

import argparse
from collections.abc import Sequence

from resistor_cls.config.calling import as_called, called, named_as_given
from resistor_cls.config.command_line import Parser, path
from resistor_cls.config.model_options import add_store_option
from resistor_cls.errors import ConfigError, end_process, run_command

_EXAMPLES = """\
examples:
  python -m resistor_cls.relocate
  python -m resistor_cls.relocate --tracking-uri sqlite:////new/place/mlflow.db
  python -m resistor_cls.relocate --from /old/mlartifacts --to /new/mlartifacts

Without --from and --to, folders of artifacts that are gone are looked for beside the SQLite file.
No command of ours may be using the store meanwhile.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    return run_command(lambda: _relocate(_parser().parse_args(argv)))


def _parser() -> Parser:
    parser = Parser(
        prog=called("relocate"),
        description=__doc__,
        epilog=as_called(_EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--from", dest="old", type=path, metavar="OLD", help="where they were")
    parser.add_argument("--to", dest="new", type=path, metavar="NEW", help="where they are now")
    add_store_option(parser)
    return parser


def _relocate(arguments: argparse.Namespace) -> None:
    if (arguments.old is None) != (arguments.new is None):
        raise ConfigError("--from and --to belong together: give both or none")
    # Here and not above, so that --help and wrong options are shown at once.
    from resistor_cls.tracking.store.relocation import relocate

    moved = None if arguments.old is None else (arguments.old, arguments.new)
    with named_as_given("tracking.uri", "--tracking-uri"):
        found = relocate(arguments.tracking_uri, moved)
    for (old, new), count in found.items():
        print(f"{old} is {new} now: {count} addresses changed")
    if not any(found.values()):
        print("nothing to change: all artifacts are where the store says, or are not found")


if __name__ == "__main__":
    end_process(main())
