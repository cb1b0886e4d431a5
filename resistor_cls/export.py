"""`python -m resistor_cls.export --model REF --format onnx|web --output PATH`: exports a model."""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from resistor_cls import __version__
from resistor_cls.config.calling import as_called, called, named_as_given
from resistor_cls.config.command_line import Parser, path
from resistor_cls.config.model_options import add_code_option, add_store_option
from resistor_cls.custom_code import allow_code
from resistor_cls.errors import ConfigError, ModelError, end_process, run_command

if TYPE_CHECKING:
    from resistor_cls.exporting.parity import Labelled, Parity
    from resistor_cls.model import ResistorNetwork
    from resistor_cls.model.exported.files import ExportedModel

# Copies of names in `exporting.export_model`, which takes seconds to import.
PRECISIONS = ("float32", "float16", "int8")
_EXAMPLES = """\
examples:
  python -m resistor_cls.export --model rendered --output reader.onnx
  python -m resistor_cls.export --model runs:/RUN_ID/model --output mine.onnx --photos my_photos/
  python -m resistor_cls.export --model best.ckpt --output small.onnx --precision float16
  python -m resistor_cls.export --model rendered --format web --output page/

The ONNX file holds the detector, the network, its categories, settings and calibration:
  python -m resistor_cls.predict photo.jpg --model reader.onnx

A web page runs the model in the browser. Put its folder on any static host, or look at it:
  python -m http.server --directory page/
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
        description="Writes a trained model as one ONNX file, which predicts without PyTorch, or "
        "as a web page. The export predicts the same photos as the model; its scores are written "
        "beside it (NAME.parity.json), and nothing is written where it differs too much.",
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
    parser.add_argument(
        "--format",
        choices=("onnx", "web"),
        default="onnx",
        help="onnx, the default, for a file; web for a static folder with a page that predicts in "
        "the browser",
    )
    parser.add_argument(
        "--output",
        required=True,
        type=path,
        metavar="PATH",
        help="a name that ends in .onnx, or the folder of the page",
    )
    parser.add_argument("--replace", action="store_true", help="replace PATH where it exists")
    parser.add_argument(
        "--runtime",
        type=path,
        metavar="FOLDER",
        help="unpacked package onnxruntime-web, for --format web without a network (default: it is "
        "fetched from npm once, and kept in the cache)",
    )
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
        help="number of synthetic photos (default: 1000)",
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
    if arguments.runtime is not None and arguments.format != "web":
        raise ConfigError("--runtime is for --format web: leave it out")
    from resistor_cls.tracking.references import check_reference, version_reference

    check_reference(arguments.model, arguments.tracking_uri, "--model")
    arguments.model = version_reference(arguments.model, arguments.tracking_uri, "--model")
    if arguments.format == "web":
        _export_page(arguments)
        return
    # Imported here, so that --help and the check of arguments take no seconds.
    from resistor_cls.exporting.export_model import check_target, parity_file
    from resistor_cls.tracking.model.export_scores import keep_scores

    path = arguments.output
    check_target(path, arguments.replace)
    with _model_file(arguments) as file:
        if _is_exported(file):
            raise ModelError(f"--model {arguments.model} is exported already: give its checkpoint")
        parity = _export_file(arguments, _network(file), path)
    size = path.stat().st_size / 1e6
    print(f"{path} ({size:.1f} MB, {parity.precision}): {_in_words(parity)}")
    print(f"scores: {parity_file(path)}")
    keep_scores(parity_file(path), arguments.model, arguments.tracking_uri)


def _export_page(arguments: argparse.Namespace) -> None:
    from resistor_cls.exporting.web.folder import check_folder, write_page
    from resistor_cls.exporting.web.runtime import runtime_files

    folder, name = arguments.output, arguments.model
    check_folder(folder, arguments.replace)
    runtime = runtime_files(arguments.runtime)
    with _model_file(arguments) as file:
        model = _exported_model(arguments, file)
        scored = not _is_exported(file)
    stored = name.startswith(("runs:/", "models:/"))
    shown = name if stored else Path(name).name  # a page shows no folder of this machine
    size = write_page(model, folder, shown, runtime) / 1e6
    print(f"{folder} ({size:.1f} MB): put it on any static host with HTTPS")
    print(f"look at it: python -m http.server --bind 127.0.0.1 --directory {folder}")
    if scored:
        from resistor_cls.exporting.export_model import parity_file
        from resistor_cls.tracking.model.export_scores import keep_scores

        keep_scores(parity_file(folder), name, arguments.tracking_uri)


def _exported_model(arguments: argparse.Namespace, file: Path) -> "ExportedModel":
    """The model of a page: an exported one as it is, any other exported and scored."""
    from resistor_cls.exporting.web.folder import check_model
    from resistor_cls.model.exported.files import read_exported
    from resistor_cls.model.exported.network import ExportedNetwork

    if _is_exported(file):
        model = read_exported(file)
        check_model(model.header, arguments.model)
        ExportedNetwork(file, model)  # says why a graph cannot be run
        return model
    from resistor_cls.exporting.export_model import model_header, parity_file
    from resistor_cls.model.checkpoint.whole_files import write_whole

    network = _network(file)
    check_model(model_header(network), arguments.model)
    with TemporaryDirectory(prefix="resistor_cls-") as scratch:
        exported = Path(scratch) / "model.onnx"
        print(_in_words(_export_file(arguments, network, exported)))
        write_whole(parity_file(arguments.output), parity_file(exported).read_bytes())
        return read_exported(exported)


def _export_file(arguments: argparse.Namespace, network: "ResistorNetwork", path: Path) -> "Parity":
    from resistor_cls.exporting.export_model import export_model

    photos, calibrating = _photos(arguments, network)
    license = arguments.license
    if license is None and arguments.model == "rendered":
        license = "Apache-2.0"  # of the package
    return export_model(
        network,
        path,
        photos,
        version=__version__,
        precision=arguments.precision,
        license=license,
        calibrating=calibrating,
    )


def _photos(
    arguments: argparse.Namespace, network: "ResistorNetwork"
) -> tuple["Iterable[Labelled]", "Iterable[Labelled]"]:
    """The photos that score the export, and those that set the ranges of 8 bits."""
    from resistor_cls.exporting.photos import (
        CALIBRATING,
        DRAWN,
        drawn_photos,
        labelled_folder,
        set_apart,
    )

    if arguments.photos is not None:
        given = labelled_folder(arguments.photos)
        apart, rest = set_apart(given) if arguments.precision == "int8" else ([], given)
        return _shown(rest, len(rest)), apart
    count = arguments.count or DRAWN
    scoring, calibrating = (
        drawn_photos(
            network.categories,
            numbers,
            network.preprocessing.channels,
            network.preprocessing.shape,
            any_value=network.reads_any_value,
        )
        for numbers in (range(count), range(count, count + CALIBRATING))
    )
    return _shown(scoring, count), calibrating


def _shown(photos: "Iterable[Labelled]", count: int) -> "Iterator[Labelled]":
    """The photos, with a bar on a terminal that shows how many of them were taken."""
    from tqdm import tqdm

    with tqdm(total=count, desc="scoring", unit="photo", disable=None, leave=False) as bar:
        for photo in photos:
            yield photo
            bar.update()


@contextmanager
def _model_file(arguments: argparse.Namespace) -> Iterator[Path]:
    from resistor_cls.model.exported.files import RENDERED_ONNX
    from resistor_cls.tracking import model_file

    with model_file(arguments.model, arguments.tracking_uri, "--model") as file:
        # The package's model is exported already, and only pages take it as it is.
        yield RENDERED_ONNX if file == "rendered" and arguments.format == "web" else Path(file)


def _is_exported(file: Path) -> bool:
    return file.suffix == ".onnx"


def _network(file: Path) -> "ResistorNetwork":
    from resistor_cls.model import ResistorNetwork

    return ResistorNetwork.load("rendered" if file == Path("rendered") else file)


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
    end_process(main())
