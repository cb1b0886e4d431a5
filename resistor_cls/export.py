"""`python -m resistor_cls.export --model REF --format onnx --output FILE`: exports a model."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from resistor_cls import __version__
from resistor_cls.config.calling import as_called, called, named_as_given
from resistor_cls.config.command_line import Parser, path
from resistor_cls.config.model_options import add_code_option, add_store_option
from resistor_cls.custom_code import allow_code
from resistor_cls.errors import ConfigError, ModelError, run_command

if TYPE_CHECKING:
    from resistor_cls.exporting.parity import Labelled, Parity
    from resistor_cls.model import ResistorNetwork

# Copies of names in `exporting.export_model`, which takes seconds to import.
PRECISIONS = ("float32", "float16", "int8")
_EXAMPLES = """\
examples:
  python -m resistor_cls.export --model rendered --output reader.onnx
  python -m resistor_cls.export --model runs:/RUN_ID/model --output mine.onnx --photos my_photos/
  python -m resistor_cls.export --model best.ckpt --output small.onnx --precision float16

The file holds the detector, the network, its categories, settings and calibration. Predict with it:
  python -m resistor_cls.predict photo.jpg --model reader.onnx
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    return run_command(lambda: _run(_parser().parse_args(argv)))


def _run(arguments: argparse.Namespace) -> None:
    with named_as_given("tracking.uri", "--tracking-uri"):
        _export(arguments)


def _parser() -> Parser:
    parser = Parser(
        prog=called("export"),
        description="Writes a trained model as one ONNX file, which predicts without PyTorch. "
        "The export predicts the same photos as the model; its scores are written beside it "
        "(FILE.parity.json), and nothing is written where it differs too much.",
        epilog=as_called(_EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--model",
        required=True,
        metavar="REF",
        help="checkpoint file, runs:/RUN_ID/model, models:/NAME@ALIAS, or rendered for the model "
        "of the package",
    )
    parser.add_argument("--format", choices=("onnx",), default="onnx", help="default: onnx")
    parser.add_argument(
        "--output", required=True, type=path, metavar="FILE", help="a name that ends in .onnx"
    )
    parser.add_argument("--replace", action="store_true", help="replace FILE where it exists")
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="float32",
        help="of the stored weights (default: float32); float16 halves the file, and is computed "
        "in float32 too; int8 computes most convolutions in 8 bits, calibrated on a part of the "
        "photos",
    )
    parser.add_argument(
        "--photos",
        type=path,
        metavar="FOLDER",
        help="photos that the export is scored on, in a folder for each category where labels are "
        "known (default: synthetic photos)",
    )
    parser.add_argument(
        "--count",
        type=int,
        metavar="N",
        help="number of synthetic photos (default: 200)",
    )
    parser.add_argument(
        "--license",
        metavar="TEXT",
        help="of the weights, such as CC-BY-4.0; written into the file (default: that of the "
        "package for its own model)",
    )
    add_code_option(parser)
    add_store_option(parser)
    return parser


def _export(arguments: argparse.Namespace) -> None:
    allow_code(*arguments.allow_code)
    if arguments.count is not None and arguments.count < 1:
        raise ConfigError(f"--count {arguments.count}: expected 1 or more")
    if arguments.photos is not None and arguments.count is not None:
        raise ConfigError("--count is the number of synthetic photos: leave it out with --photos")
    from resistor_cls.tracking.references import check_reference

    check_reference(arguments.model, arguments.tracking_uri, "--model")
    # Imported here, so that --help and the check of arguments take no seconds.
    from resistor_cls.exporting.export_model import check_target, export_model, parity_file
    from resistor_cls.exporting.photos import (
        CALIBRATING,
        DRAWN,
        drawn_photos,
        labelled_folder,
        set_apart,
    )

    check_target(arguments.output, arguments.replace)
    photos = [] if arguments.photos is None else labelled_folder(arguments.photos)
    network = _network(arguments)
    calibrating: list[Labelled] = []
    if not photos:
        count, more = arguments.count or DRAWN, CALIBRATING * (arguments.precision == "int8")
        photos = drawn_photos(
            network.categories,
            count + more,
            network.preprocessing.channels,
            network.preprocessing.shape,
            any_value=network.reads_any_value,
        )
        photos, calibrating = photos[:count], photos[count:]
    elif arguments.precision == "int8":
        calibrating, photos = set_apart(photos)
    license = arguments.license
    if license is None and arguments.model == "rendered":
        license = "Apache-2.0"  # of the package
    parity = export_model(
        network,
        arguments.output,
        photos,
        version=__version__,
        precision=arguments.precision,
        license=license,
        calibrating=calibrating,
    )
    size = arguments.output.stat().st_size / 1e6
    print(f"{arguments.output} ({size:.1f} MB, {parity.precision}): {_in_words(parity)}")
    print(f"scores: {parity_file(arguments.output)}")


def _network(arguments: argparse.Namespace) -> "ResistorNetwork":
    from resistor_cls.model import ResistorNetwork
    from resistor_cls.tracking import model_file

    with model_file(arguments.model, arguments.tracking_uri, "--model") as file:
        if str(file).endswith(".onnx"):
            raise ModelError(f"--model {arguments.model} is exported already: give its checkpoint")
        return ResistorNetwork.load(file)


def _in_words(parity: "Parity") -> str:
    words = (
        f"{parity.agreement:.2%} of {parity.photos} photos have the same prediction, and "
        f"probabilities differ by at most {parity.max_difference:.1g}"
    )
    if parity.original is None or parity.exported is None:
        return words
    return (
        f"{words}; of {parity.labelled} with labels {parity.exported.accuracy:.1%} are right "
        f"(before: {parity.original.accuracy:.1%}), {parity.exported.coverage:.1%} are accepted "
        f"(before: {parity.original.coverage:.1%})"
    )


if __name__ == "__main__":
    sys.exit(main())
