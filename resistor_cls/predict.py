"""Reads resistors: names the category in each photo."""

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from resistor_cls.errors import ConfigError, DataError, run_command
from resistor_cls.words import Parser, path

if TYPE_CHECKING:
    from resistor_cls.inference import Prediction

# Those of `evaluation.calibration` and `model.views`, which take seconds to import.
RISKS = (0.001, 0.01, 0.05)
VIEWS = (1, 2, 4, 8)

_EXAMPLES = """examples:
  python -m resistor_cls.predict photo.jpg
  python -m resistor_cls.predict photo.jpg --model checkpoints/best.ckpt
  python -m resistor_cls.predict photos/ --model best.ckpt --risk 0.01
  python -m resistor_cls.predict photos/ --model runs:/RUN_ID/model --format csv > answers.csv
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    return run_command(lambda: _predict(_parser().parse_args(argv)))


def _parser() -> Parser:
    parser = Parser(
        prog="python -m resistor_cls.predict",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("photos", nargs="+", type=path, metavar="PHOTO_OR_FOLDER")
    parser.add_argument(
        "--model",
        default="rendered",
        metavar="REF",
        help="checkpoint file, runs:/RUN_ID/model, models:/…; by default the model that comes with "
        "the package, which has seen drawn photos of 37 categories",
    )
    parser.add_argument("--top", type=int, default=3, help="candidates for each photo (default 3)")
    parser.add_argument(
        "--risk",
        type=float,
        metavar="SHARE",
        help='say "don\'t know" so often that at most this share of the other answers is wrong: '
        "0.001, 0.01 or 0.05; needs a model that was calibrated on enough photos",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="PROBABILITY",
        help='say "don\'t know" below this probability (default: as the model was trained)',
    )
    parser.add_argument(
        "--views",
        type=int,
        help="average over turned and mirrored views: 1, 2, 4 or 8 (default: as trained)",
    )
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table")
    parser.add_argument(
        "--tracking-uri",
        default=os.environ.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db"),
        help="MLflow store that runs:/ and models:/ are looked up in (default %(default)s)",
    )
    return parser


def _predict(arguments: argparse.Namespace) -> None:
    _check(arguments)
    # Here and not above, so that --help and a wrong argument answer at once.
    from resistor_cls.inference import Predictor, find_photos
    from resistor_cls.tracking import resolve_model

    photos = find_photos(arguments.photos)
    predictor = Predictor.load(resolve_model(arguments.model, arguments.tracking_uri))
    predictor.answer_by(arguments.views, arguments.threshold)
    if arguments.risk is not None:
        predictor.check_risk(arguments.risk)
    answers = predictor.predict(photos, arguments.top, arguments.risk)
    unread = _WRITERS[arguments.format](answers, predictor.locates)
    if unread:
        raise DataError(
            f"{len(unread)} of {len(photos)} photos cannot be read:\n  " + "\n  ".join(unread)
        )


def _check(arguments: argparse.Namespace) -> None:
    """Looks at all arguments before seconds of imports.

    Raises:
        ResistorClsError: names the argument.
    """
    from resistor_cls.tracking.references import check_reference

    if arguments.top < 1:
        raise ConfigError(f"--top {arguments.top}: expected 1 or more")
    if arguments.risk is not None and arguments.risk not in RISKS:
        known = ", ".join(f"{risk:g}" for risk in RISKS)
        raise ConfigError(f"--risk {arguments.risk:g}: models promise one of {known}")
    if arguments.threshold is not None and not 0 <= arguments.threshold <= 1:
        raise ConfigError(f"--threshold {arguments.threshold:g}: expected 0 to 1")
    if arguments.views not in (None, *VIEWS):
        known = ", ".join(map(str, VIEWS))
        raise ConfigError(f"--views {arguments.views}: expected one of {known}")
    for place in arguments.photos:
        if not place.exists():
            raise DataError(f"{place} does not exist: name photos, or folders of photos")
    check_reference(arguments.model, arguments.tracking_uri)


def _write_table(answers: Iterable["Prediction"], locates: bool) -> list[str]:
    unread = []
    for answer in answers:
        if answer.error:
            unread.append(answer.error)
            continue
        candidates = "   ".join(f"{name:<10} {share:6.1%}" for name, share in answer.candidates)
        mark = "" if answer.located else "   no body found: the whole photo"
        unsure = "   don't know" if answer.accepted is False else ""
        print(f"{answer.photo}   {candidates}{unsure}{mark}", flush=True)
    return unread


def _write_json(answers: Iterable["Prediction"], locates: bool) -> list[str]:
    rows = list(answers)
    print(
        json.dumps(
            [
                {
                    "photo": str(answer.photo),
                    "candidates": [
                        {"category": name, "probability": share}
                        for name, share in answer.candidates
                    ],
                    "confidence": answer.confidence,
                    "accepted": answer.accepted,
                    **({"located": answer.located} if locates else {}),
                    "error": answer.error or None,
                }
                for answer in rows
            ],
            indent=2,
            ensure_ascii=False,
        )
    )
    return [answer.error for answer in rows if answer.error]


def _write_csv(answers: Iterable["Prediction"], locates: bool) -> list[str]:
    unread = []
    writer = csv.writer(sys.stdout, lineterminator="\n")
    columns = ("photo", "rank", "category", "probability", "confidence", "accepted", "located")
    # The last one only of a model that looks for the body.
    writer.writerow(columns if locates else columns[:-1])
    for answer in answers:
        if answer.error:
            unread.append(answer.error)
        for rank, (name, share) in enumerate(answer.candidates, start=1):
            sure = answer.confidence if rank == 1 else None
            row = (answer.photo, rank, name, share, sure, answer.accepted, answer.located)
            writer.writerow(row if locates else row[:-1])
    return unread


_WRITERS = {"table": _write_table, "json": _write_json, "csv": _write_csv}

if __name__ == "__main__":
    sys.exit(main())
