"""Makes a model the champion of the registry, if it is better than the present champion."""

import argparse
from collections.abc import Sequence

from resistor_cls.config.calling import as_called, called, named_as_given
from resistor_cls.config.command_line import Parser
from resistor_cls.config.model_options import add_store_option
from resistor_cls.errors import end_process, run_command

_EXAMPLES = """\
examples:
  python -m resistor_cls.promote --model runs:/RUN_ID/model
  python -m resistor_cls.promote --model models:/resistor_cls/3 --tracking-uri http://HOST:5000

The alias champion moves only if the model reads more of the same photos right than the present
champion, by more than the 95 % interval of the gap; the loser gets the alias challenger.
docs/registry.md explains. The exit status is 0 in both cases.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    return run_command(lambda: _promote(_parser().parse_args(argv)))


def _parser() -> Parser:
    parser = Parser(
        prog=called("promote"),
        description=__doc__,
        epilog=as_called(_EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--model",
        required=True,
        metavar="REF",
        help="runs:/RUN_ID/model, models:/resistor_cls/VERSION or models:/resistor_cls@ALIAS",
    )
    add_store_option(parser)
    return parser


def _promote(arguments: argparse.Namespace) -> None:
    from resistor_cls.tracking import check_reference
    from resistor_cls.tracking.registry.versions import check_candidate

    with named_as_given("tracking.uri", "--tracking-uri"):
        check_candidate(arguments.model, "--model")
        check_reference(arguments.model, arguments.tracking_uri, "--model")
        # Here and not above, so that --help and a wrong reference are shown at once.
        from resistor_cls.tracking.registry.promotion import promote

        print(promote(arguments.model, arguments.tracking_uri, "--model").sentence())


if __name__ == "__main__":
    end_process(main())
