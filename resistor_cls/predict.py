"""Reads resistors: prints value, tolerance, power rating and bands of the part in each photo."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from resistor_cls.config.calling import called, named_as_given
from resistor_cls.config.predict_arguments import MAX_READINGS, check, parser
from resistor_cls.errors import ConfigError, DataError, end_process, printable, run_command

if TYPE_CHECKING:
    from resistor_cls.data.sources.walk import LeftOut
    from resistor_cls.inference import Prediction, Predictor
    from resistor_cls.inference.printing import Format
    from resistor_cls.inference.read_options import ReadOptions


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    return run_command(lambda: _run(parser(__doc__ or "").parse_args(argv)))


def _run(arguments: argparse.Namespace) -> None:
    with named_as_given("tracking.uri", "--tracking-uri"):
        _predict(arguments)


def _predict(arguments: argparse.Namespace) -> None:
    check(arguments)
    # Imported here, so that --help and the check of arguments take no seconds.
    from resistor_cls.data.sources.walk import left_out_line
    from resistor_cls.inference import Predictor, look_for_photos
    from resistor_cls.tracking import model_file

    options = _read_options(arguments)
    photos, left_out = look_for_photos(arguments.photos)
    if line := left_out_line(left_out, len(photos)):
        _note(line)
    copies = None
    if arguments.annotate is not None:
        from resistor_cls.inference.annotated_copies import AnnotatedCopies, not_copies

        photos = not_copies(photos, arguments.photos, arguments.annotate)
        copies = AnnotatedCopies(arguments.annotate, photos)
    with model_file(arguments.model, arguments.tracking_uri, "--model") as file:
        predictor = Predictor.load(file)
    _set_options(arguments, predictor, options)
    top = arguments.top or _default_top(arguments.format)
    top = min(top, MAX_READINGS if predictor.reads_any_value else len(predictor.categories))
    writer = _writer(arguments, photos, predictor, top)
    unread, unfamiliar = [], 0
    writer.begin()
    # A line of a value names the second one too.
    read = max(top, 2) if predictor.reads_any_value and arguments.format == "table" else top
    try:
        for photo, predictions in _each_photo(arguments, photos, predictor, read):
            writer.add(predictions)
            unfamiliar += any(one.located and one.familiar is False for one in predictions)
            if predictions[0].error is not None:
                unread.append(predictions[0].error)
            elif copies is not None:
                copies.write(photo, predictions)
    except KeyboardInterrupt:
        writer.interrupt()
        raise
    writer.end()
    if 2 * unfamiliar >= max(len(photos), 1):
        _note(_unfamiliar_note(unfamiliar, len(photos), arguments.model))
    _raise_for(unread, len(photos), left_out)


def _read_options(arguments: argparse.Namespace) -> "ReadOptions":
    """The options on values, read before the model is.

    Raises:
        DataError: a list or an expected value that cannot be read.
    """
    from resistor_cls.categories import parse_value
    from resistor_cls.category_codes import readable_categories
    from resistor_cls.inference.read_options import ReadOptions

    expected, categories = None, None
    if arguments.expect is not None:
        try:
            expected = parse_value(arguments.expect)
        except DataError as error:
            raise DataError(f"--expect: {error}") from error
    if arguments.categories is not None:
        categories = readable_categories(arguments.categories)
    return ReadOptions(arguments.series, categories, str(arguments.categories), expected)


def _set_options(
    arguments: argparse.Namespace, predictor: "Predictor", options: "ReadOptions"
) -> None:
    """Gives the options of the command line to the predictor, which checks them."""
    predictor.argument_prefix = "--"
    predictor.set_read_options(options)
    predictor.set_inference(arguments.views, arguments.threshold)
    if arguments.risk is not None:
        predictor.check_risk(arguments.risk)
        if arguments.model == "rendered":
            _note(
                f"--risk {arguments.risk:g}: the model of the package is calibrated on synthetic "
                "photos, and guarantees nothing for others"
            )


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
    from resistor_cls.inference.counting import CountedFormat
    from resistor_cls.inference.printing import Csv, Json, JsonLines, Table
    from resistor_cls.inference.value_table import ValueTable, VerdictTable

    form, expecting = arguments.format, arguments.expect is not None
    if form == "table":
        table: Format
        if expecting:
            table = VerdictTable(photos)
        elif predictor.reads_any_value:
            table = ValueTable(photos, top)
        else:
            table = Table(photos, predictor.categories, top)
        return CountedFormat(form, table) if arguments.count else table
    if arguments.count:
        return CountedFormat(form)
    if form == "html":
        from resistor_cls.inference.photo_page import Page

        model = "of the package" if arguments.model == "rendered" else arguments.model
        return Page(len(photos), model, top)
    if form == "csv":
        return Csv(top, expecting)
    return Json() if form == "json" else JsonLines()


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


if __name__ == "__main__":
    end_process(main())
