"""The arguments of `predict`."""

import argparse
import os
import sys

from resistor_cls.config.calling import as_called, called
from resistor_cls.config.command_line import Parser, path
from resistor_cls.config.model_options import add_code_option, add_model_option, add_store_option
from resistor_cls.custom_code import allow_code
from resistor_cls.errors import ConfigError, DataError

# Copies of constants of `evaluation.calibration` and `model.tta`, which take seconds to import.
RISKS = (0.001, 0.01, 0.05)
VIEWS = (1, 2, 4, 8)
FORMATS = ("table", "json", "jsonl", "csv", "html")
# Copy of the number of readings that `inference.value_reader` decodes for a list.
MAX_READINGS = 10

_EXAMPLES = """examples:
  python -m resistor_cls.predict photo.jpg
  python -m resistor_cls.predict photo.jpg --top 3
  python -m resistor_cls.predict photos/ --categories my_stock.txt --count
  python -m resistor_cls.predict photo.jpg --expect 4k7
  python -m resistor_cls.predict photos/ --model checkpoints/best.ckpt --risk 0.01
  python -m resistor_cls.predict photos/ --model runs:/RUN_ID/model --format csv > resistors.csv
  python -m resistor_cls.predict photos/ --format html > list.html
  python -m resistor_cls.predict table.jpg --all --annotate annotated/

exit status: 0 done; 2 something you can fix, such as a photo that cannot be read; 130 interrupted
"""
_FORMAT_HELP = """how predictions are printed, each photo as soon as it is read (default: table).
json is one array, jsonl an object a line, csv a row a photo with the columns candidate_1,
probability_1, … for its candidates; html is one page with thumbnails that needs no other file.
docs/predict.md lists the fields"""


def parser(description: str) -> Parser:
    """The parser of the arguments.

    Args:
        description: of the command.
    """
    name = called("predict")
    made = Parser(
        prog=name,
        usage=f"{name} PHOTO_OR_FOLDER… [--model REF] [options]",
        description=description,
        epilog=as_called(_EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "photos",
        nargs="+",
        type=path,
        metavar="PHOTO_OR_FOLDER",
        help="photos, and folders whose photos are read at any depth",
    )
    _add_model_options(made)
    _add_value_options(made)
    _add_output_options(made)
    _add_refusal_options(made)
    return made


def _add_model_options(parser: Parser) -> None:
    group = parser.add_argument_group("model")
    add_model_option(group)
    group.add_argument(
        "--views",
        type=int,
        metavar="N",
        help="test-time augmentation: average over 1, 2, 4 or 8 rotated and mirrored views "
        "(default: as trained)",
    )
    add_code_option(group)
    add_store_option(group)


def _add_value_options(parser: Parser) -> None:
    group = parser.add_argument_group("which values are expected")
    group.add_argument(
        "--series",
        metavar="any|E24|E96",
        help="values that are possible: those of E24, those of E24 and E96, or any that a code can "
        "show (default: E96); for models that read any value",
    )
    group.add_argument(
        "--categories",
        type=path,
        metavar="FILE",
        help="restrict readings to a list: a value or name a line, such as 4k7 or 4K7_1-4W; for "
        "models that read any value",
    )
    group.add_argument(
        "--expect",
        nargs="?",
        const="",
        metavar="VALUE",
        help="say whether each part has this value, such as 4k7: yes, no or unsure",
    )


def _add_output_options(parser: Parser) -> None:
    group = parser.add_argument_group("what is read and shown")
    group.add_argument(
        "--all",
        action="store_true",
        dest="every",
        help="read every body in a photo, not only the most probable one: each gets its own line, "
        "row or object, and its number in the field body",
    )
    group.add_argument(
        "--top",
        type=int,
        metavar="N",
        help="show the N most probable candidates: in a table on lines of their own (default: the "
        "best only), in json, jsonl and csv as candidates (default: 3)",
    )
    group.add_argument("--format", choices=FORMATS, default="table", help=_FORMAT_HELP)
    group.add_argument(
        "--count",
        action="store_true",
        help="print how many parts of each value or category there are: below a table, and instead "
        "of the predictions in json, jsonl and csv",
    )
    group.add_argument(
        "--annotate",
        type=path,
        metavar="FOLDER",
        help="write a copy of each photo there, NAME.annotated.jpg, with the box of the body, "
        "value, bands and confidence; no photo is ever overwritten",
    )


def _add_refusal_options(parser: Parser) -> None:
    group = parser.add_argument_group(
        'when to say "don\'t know"', "A photo in which no resistor is found gets no value."
    )
    group.add_argument(
        "--risk",
        type=float,
        metavar="SHARE",
        help="guarantee that at most this share of the accepted predictions is wrong: 0.001, 0.01 "
        "or 0.05; needs a model that was calibrated on enough photos. The guarantee holds only for "
        "photos like those that calibrated the model: other cameras, tables or parts break it",
    )
    group.add_argument(
        "--threshold",
        type=float,
        metavar="PROBABILITY",
        help="below this probability of the model (default: as trained); no guarantee goes with it",
    )


def check(arguments: argparse.Namespace) -> None:
    """Checks all arguments before imports that take seconds.

    Raises:
        ResistorClsError: one that cannot be used.
    """
    from resistor_cls.tracking.references import check_reference

    if arguments.top is not None and arguments.top < 1:
        raise ConfigError(f"--top {arguments.top}: expected 1 or more")
    if arguments.risk is not None and arguments.risk not in RISKS:
        known = ", ".join(f"{risk:g}" for risk in RISKS)
        raise ConfigError(f"--risk {arguments.risk:g}: models guarantee one of {known}")
    if arguments.threshold is not None and not 0 <= arguments.threshold <= 1:
        raise ConfigError(f"--threshold {arguments.threshold:g}: expected 0 to 1")
    if arguments.views not in (None, *VIEWS):
        known = ", ".join(map(str, VIEWS))
        raise ConfigError(f"--views {arguments.views}: expected one of {known}")
    if arguments.annotate is not None and os.path.isfile(arguments.annotate):  # noqa: PTH113
        raise ConfigError(f"--annotate {arguments.annotate} is a file: name a folder")
    if sys.stdout is None:
        raise ConfigError(
            "standard output is closed (>&-), so predictions cannot be printed: leave it open, or "
            "write them into a file by adding > predictions.txt"
        )
    if arguments.format == "html" and sys.stdout.isatty():
        raise ConfigError("--format html writes a page: put it into a file by adding > list.html")
    if arguments.expect == "":
        raise ConfigError("--expect: give a value, such as --expect 4k7")
    if arguments.count and arguments.format == "html":
        raise ConfigError(
            "--count with --format html: the page counts by itself; leave out --count, or take "
            "another format"
        )
    for place in arguments.photos:
        if not os.path.lexists(place):  # False also for a name that no file can have
            raise DataError(f"{place} does not exist: name photos, or folders of photos")
    allow_code(*arguments.allow_code)
    check_reference(arguments.model, arguments.tracking_uri, "--model")
