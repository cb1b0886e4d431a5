"""Reads resistors: prints value, tolerance, power rating and bands of the part in each photo."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from resistor_cls.config.calling import as_called, called, named_as_given
from resistor_cls.config.command_line import Parser, path
from resistor_cls.custom_code import FLAG, allow_code
from resistor_cls.errors import ConfigError, DataError, printable, run_command

if TYPE_CHECKING:
    from resistor_cls.data.sources.walk import LeftOut
    from resistor_cls.inference import Prediction, Predictor
    from resistor_cls.inference.printing import Format

# Copies of constants of `evaluation.calibration` and `model.tta`, which take seconds to import.
RISKS = (0.001, 0.01, 0.05)
VIEWS = (1, 2, 4, 8)
FORMATS = ("table", "json", "jsonl", "csv", "html")

_EXAMPLES = """examples:
  python -m resistor_cls.predict photo.jpg
  python -m resistor_cls.predict photo.jpg --top 3
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


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    return run_command(lambda: _run(_parser().parse_args(argv)))


def _parser() -> Parser:
    name = called("predict")
    parser = Parser(
        prog=name,
        usage=f"{name} PHOTO_OR_FOLDER… [--model REF] [options]",
        description=__doc__,
        epilog=as_called(_EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "photos",
        nargs="+",
        type=path,
        metavar="PHOTO_OR_FOLDER",
        help="photos, and folders whose photos are read at any depth",
    )
    _add_model_options(parser)
    _add_output_options(parser)
    _add_refusal_options(parser)
    return parser


def _add_model_options(parser: Parser) -> None:
    group = parser.add_argument_group("model")
    group.add_argument(
        "--model",
        default="rendered",
        metavar="REF",
        help="checkpoint file, runs:/RUN_ID/model or models:/NAME@ALIAS; by default the model that "
        "comes with the package, which was trained on synthetic photos of 37 categories",
    )
    group.add_argument(
        "--views",
        type=int,
        metavar="N",
        help="test-time augmentation: average over 1, 2, 4 or 8 rotated and mirrored views "
        "(default: as trained)",
    )
    group.add_argument(
        FLAG,
        action="append",
        default=[],
        metavar="PACKAGE",
        help="let the model use custom code from this package, see docs/extend.md",
    )
    group.add_argument(
        "--tracking-uri",
        default=os.environ.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db"),
        metavar="URI",
        help="MLflow store that runs:/ and models:/ are looked up in (default: "
        "$MLFLOW_TRACKING_URI, else sqlite:///mlflow.db)",
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


def _run(arguments: argparse.Namespace) -> None:
    with named_as_given("tracking.uri", "--tracking-uri"):
        _predict(arguments)


def _predict(arguments: argparse.Namespace) -> None:
    _check(arguments)
    # Imported here, so that --help and the check of arguments take no seconds.
    from resistor_cls.data.sources.walk import left_out_line
    from resistor_cls.inference import Predictor, look_for_photos
    from resistor_cls.inference.annotated_copies import AnnotatedCopies, not_copies
    from resistor_cls.tracking import model_file

    photos, left_out = look_for_photos(arguments.photos)
    if line := left_out_line(left_out, len(photos)):
        _note(line)
    copies = None
    if arguments.annotate is not None:
        photos = not_copies(photos, arguments.photos, arguments.annotate)
        copies = AnnotatedCopies(arguments.annotate, photos)
    with model_file(arguments.model, arguments.tracking_uri, "--model") as file:
        predictor = Predictor.load(file)
    predictor.argument_prefix = "--"
    predictor.set_inference(arguments.views, arguments.threshold)
    if arguments.risk is not None:
        predictor.check_risk(arguments.risk)
        if arguments.model == "rendered":
            _note(
                f"--risk {arguments.risk:g}: the model of the package is calibrated on synthetic "
                "photos, and guarantees nothing for others"
            )
    top = arguments.top or _default_top(arguments.format)
    top = min(top, len(predictor.categories))
    writer = _writer(arguments, photos, predictor, top)
    unread, unfamiliar = [], 0
    writer.begin()
    for photo, predictions in _each_photo(arguments, photos, predictor, top):
        writer.add(predictions)
        unfamiliar += any(one.located and one.familiar is False for one in predictions)
        if predictions[0].error is not None:
            unread.append(predictions[0].error)
        elif copies is not None:
            copies.write(photo, predictions)
    writer.end()
    if 2 * unfamiliar >= max(len(photos), 1):
        _note(_unfamiliar_note(unfamiliar, len(photos), arguments.model))
    _raise_for(unread, len(photos), left_out)


def _note(text: str) -> None:
    """Prints a line beside the predictions; nothing where standard error is closed (`2>&-`)."""
    if sys.stderr is not None:
        print(text, file=sys.stderr)


def _unfamiliar_note(unfamiliar: int, photos: int, model: str) -> str:
    """Says what a user can do about photos unlike those that calibrated the model."""
    known = "the synthetic photos" if model == "rendered" else "the photos"
    which = "the photo is" if photos == 1 else f"{unfamiliar} of {photos} photos are"
    train = f"{called('train')} experiment=best data=folder data.root=FOLDER"
    return (
        f"{which} unlike {known} that calibrated this model: the best guess for such a photo is "
        "often wrong. A model that is trained on photos of your own parts, taken with your camera, "
        f"knows them: {train}"
    )


def _each_photo(
    arguments: argparse.Namespace, photos: Sequence[Path], predictor: "Predictor", top: int
) -> Iterator[tuple[Path, list["Prediction"]]]:
    """Photos with their predictions; with a progress bar for several photos on a terminal."""
    from tqdm import tqdm

    if arguments.every and not predictor.locates:
        raise ConfigError(
            f"--all: {arguments.model} reads whole photos and finds no bodies; give a model "
            "that was trained with model.locate=true"
        )
    found: Iterator[list[Prediction]] = (
        predictor.predict_bodies(photos, top, arguments.risk)
        if arguments.every
        else ([one] for one in predictor.predict(photos, top, arguments.risk))
    )
    with tqdm(
        total=len(photos),
        unit="photo",
        leave=False,
        disable=len(photos) < 2 or sys.stderr is None or not sys.stderr.isatty(),
    ) as bar:
        for photo, predictions in zip(photos, found, strict=True):
            yield photo, predictions
            bar.update()


def _default_top(form: str) -> int:
    from resistor_cls.inference.printing import CANDIDATES

    return 1 if form in ("table", "html") else CANDIDATES


def _writer(
    arguments: argparse.Namespace, photos: Sequence[Path], predictor: "Predictor", top: int
) -> "Format":
    from resistor_cls.inference.photo_page import Page
    from resistor_cls.inference.printing import Csv, Json, JsonLines, Table

    if arguments.format == "table":
        return Table(photos, predictor.categories, top)
    if arguments.format == "html":
        model = "of the package" if arguments.model == "rendered" else arguments.model
        return Page(len(photos), model, top)
    if arguments.format == "csv":
        return Csv(top)
    return Json() if arguments.format == "json" else JsonLines()


def _raise_for(unread: Sequence[str], photos: int, left_out: Sequence["LeftOut"]) -> None:
    """Names the photos and folders without a prediction.

    Raises:
        DataError: there are some.
    """
    from resistor_cls.data.sources.walk import UNREADABLE

    # Photos in a folder without read permission have no prediction either.
    closed = [one.name for one in left_out if one.reason == UNREADABLE]
    problems = []
    if unread:
        problems.append(f"{len(unread)} of {photos} photos cannot be read:")
        problems += [f"  {printable(one)}" for one in unread]
    if closed:
        problems.append("these folders or files may not be read:")
        problems += [f"  {printable(one)}" for one in closed]
    if problems:
        raise DataError("\n".join(problems))


def _check(arguments: argparse.Namespace) -> None:
    """Checks all arguments before imports that take seconds."""
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
    for place in arguments.photos:
        if not os.path.lexists(place):  # False also for a name that no file can have
            raise DataError(f"{place} does not exist: name photos, or folders of photos")
    allow_code(*arguments.allow_code)
    check_reference(arguments.model, arguments.tracking_uri, "--model")


if __name__ == "__main__":
    sys.exit(main())
