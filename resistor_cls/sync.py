"""Sends what runs could not send to their MLflow store while it was unavailable."""

import argparse
import os
from collections.abc import Sequence

from resistor_cls.config.calling import as_called, called, named_as_given
from resistor_cls.config.command_line import Parser, path
from resistor_cls.errors import end_process, run_command

_EXAMPLES = """examples:
  python -m resistor_cls.sync outputs/2026-01-31/12-00-00
  python -m resistor_cls.sync outputs/*/* --tracking-uri http://127.0.0.1:5000
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    return run_command(lambda: _sync(_parser().parse_args(argv)))


def _parser() -> Parser:
    parser = Parser(
        prog=called("sync"),
        description=__doc__,
        epilog=as_called(_EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", nargs="+", type=path, metavar="FOLDER", help="of a run")
    parser.add_argument(
        "--tracking-uri",
        default=os.environ.get("MLFLOW_TRACKING_URI"),
        help="MLflow store (default: $MLFLOW_TRACKING_URI, else the store of each run)",
    )
    return parser


def _sync(arguments: argparse.Namespace) -> None:
    # Here and not above, so that --help is shown at once.
    from resistor_cls.tracking.run.dead_runs import sync

    with named_as_given("tracking.uri", "--tracking-uri"):
        for folder in arguments.folders:
            print(f"{folder}: {sync(folder, arguments.tracking_uri)}")


if __name__ == "__main__":
    end_process(main())
