"""Reads resistors: names the category in each photo."""

import argparse
import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from resistor_cls.config.words import Parser, path
from resistor_cls.csv_tables import csv_line
from resistor_cls.errors import ConfigError, DataError, as_text, printable, run_command
from resistor_cls.own_code import FLAG, allow_code

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
    parser.add_argument(
        FLAG,
        action="append",
        default=[],
        metavar="PACKAGE",
        help="let the model use code of your own from this package, see docs/extend.md",
    )
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table")
    parser.add_argument(
        "--tracking-uri",
        default=os.environ.get("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db"),
        help="MLflow store that runs:/ and models:/ are looked up in (default: "
        "$MLFLOW_TRACKING_URI, else sqlite:///mlflow.db)",
    )
    return parser


def _predict(arguments: argparse.Namespace) -> None:
    _check(arguments)
    # Here and not above, so that --help and a wrong argument answer at once.
    from resistor_cls.data.walking import UNREADABLE, left_out_line
    from resistor_cls.inference import Predictor, look_for_photos
    from resistor_cls.tracking import model_file

    photos, left_out = look_for_photos(arguments.photos)
    if line := left_out_line(left_out, len(photos)):
        print(line, file=sys.stderr)
    with model_file(arguments.model, arguments.tracking_uri) as file:
        predictor = Predictor.load(file)
    predictor.answer_by(arguments.views, arguments.threshold)
    if arguments.risk is not None:
        predictor.check_risk(arguments.risk)
    answers = predictor.predict(photos, arguments.top, arguments.risk)
    unread = _WRITERS[arguments.format](answers, predictor.locates)
    # Photos in a folder that may not be read have no prediction either.
    closed = [one.name for one in left_out if one.reason == UNREADABLE]
    problems = []
    if unread:
        problems.append(f"{len(unread)} of {len(photos)} photos cannot be read:")
        problems += [f"  {printable(one)}" for one in unread]
    if closed:
        problems.append("these folders or files may not be read:")
        problems += [f"  {printable(one)}" for one in closed]
    if problems:
        raise DataError("\n".join(problems))


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
        if not os.path.lexists(place):  # False too of a name that no file can have
            raise DataError(f"{place} does not exist: name photos, or folders of photos")
    allow_code(*arguments.allow_code)
    check_reference(arguments.model, arguments.tracking_uri)


def _write_table(answers: Iterable["Prediction"], locates: bool) -> list[str]:
    unread = []
    for answer in answers:
        if answer.error:
            unread.append(answer.error)
            continue
        candidates = "   ".join(
            f"{printable(name):<10} {share:6.1%}" for name, share in answer.candidates
        )
        mark = "" if answer.located else "   no body found: the whole photo"
        unsure = "   don't know" if answer.accepted is False else ""
        _print(f"{printable(str(answer.photo))}   {candidates}{unsure}{mark}\n")
    return unread


def _write_json(answers: Iterable["Prediction"], locates: bool) -> list[str]:
    rows = list(answers)
    text = json.dumps(
        [
            {
                "photo": as_text(str(answer.photo)),
                "candidates": [
                    {"category": name, "probability": share} for name, share in answer.candidates
                ],
                "confidence": answer.confidence,
                "accepted": answer.accepted,
                **({"located": answer.located} if locates else {}),
                "error": as_text(answer.error) or None,
            }
            for answer in rows
        ],
        indent=2,
        ensure_ascii=False,
    )
    # JSON escapes the control characters of ASCII alone. The others are escaped too, and all that
    # the output cannot encode: what is printed stays JSON, and moves no cursor.
    text = re.sub("[\x7f-\x9f]", _json_escape, text)
    if not _can_encode(text):
        text = re.sub("[^\x00-\x7f]", _json_escape, text)
    print(text)
    return [answer.error for answer in rows if answer.error]


def _write_csv(answers: Iterable["Prediction"], locates: bool) -> list[str]:
    unread = []
    shown = printable if sys.stdout.isatty() else as_text  # a file holds names as they are
    columns = ("photo", "rank", "category", "probability", "confidence", "accepted", "located")
    # The last one only of a model that looks for the body.
    _print(csv_line(columns if locates else columns[:-1]))
    for answer in answers:
        if answer.error:
            unread.append(answer.error)
        photo = shown(str(answer.photo))
        for rank, (name, share) in enumerate(answer.candidates, start=1):
            sure = answer.confidence if rank == 1 else None
            row = (photo, rank, shown(name), share, sure, answer.accepted, answer.located)
            _print(csv_line(row if locates else row[:-1]))
    return unread


def _json_escape(letter: re.Match[str]) -> str:
    r"""A character as JSON escapes it: `\uNNNN` for each of its UTF-16 units (RFC 8259)."""
    digits = letter[0].encode("utf-16-be").hex()
    return "".join(f"\\u{digits[start : start + 4]}" for start in range(0, len(digits), 4))


def _can_encode(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _print(text: str) -> None:
    """Prints at once; what the output cannot encode is escaped, so that no photo is lost by it."""
    if not _can_encode(text):
        encoding = sys.stdout.encoding
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    print(text, end="", flush=True)


_WRITERS = {"table": _write_table, "json": _write_json, "csv": _write_csv}

if __name__ == "__main__":
    sys.exit(main())
