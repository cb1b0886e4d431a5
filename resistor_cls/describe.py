"""`python -m resistor_cls.describe --model REF --output FOLDER`: writes cards from files."""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from resistor_cls import __version__
from resistor_cls.config.calling import as_called, called, named_as_given
from resistor_cls.config.command_line import Parser, path
from resistor_cls.config.model_options import add_store_option
from resistor_cls.errors import ConfigError, end_process, run_command

_EXAMPLES = """\
examples:
  python -m resistor_cls.describe --model runs:/RUN_ID/model --output cards/
  python -m resistor_cls.describe --model rendered --results experiments/any_resistor --output docs/
  python -m resistor_cls.describe --data data/rendered --url https://example.org/resistors

A model gets model_card.md, and reforms.md where its run is known; a set that render drew gets
dataset_card.md and croissant.json. All are made from files: what these do not hold is said to be
unknown.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    return run_command(lambda: _run(_parser().parse_args(argv)))


def _run(arguments: argparse.Namespace) -> None:
    with named_as_given("tracking.uri", "--tracking-uri"):
        _describe(arguments)


def _parser() -> Parser:
    parser = Parser(
        prog=called("describe"),
        description="Writes the card of a model, a reporting sheet of its run, or the card of a "
        "set of synthetic photos.",
        epilog=as_called(_EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--model",
        metavar="REF",
        help="checkpoint or ONNX file, runs:/RUN_ID/model, models:/NAME@ALIAS, or rendered for "
        "the model of the package",
    )
    what.add_argument("--data", type=path, metavar="FOLDER", help="that render has filled")
    parser.add_argument(
        "--output", type=path, metavar="FOLDER", help="for the files (default with --data: there)"
    )
    parser.add_argument(
        "--results",
        type=path,
        metavar="FOLDER",
        help="values.csv and acceptance.csv of a study of this model (which is not checked), as "
        "experiments/any_resistor/run.py writes them",
    )
    parser.add_argument(
        "--license",
        metavar="TEXT",
        help="of the weights or the photos, such as CC-BY-4.0 (default: that of an exported model, "
        "and that of the package for its own model and for what it draws)",
    )
    parser.add_argument(
        "--url", metavar="URL", default="", help="of the published photos; today is their date"
    )
    parser.add_argument("--replace", action="store_true", help="replace files that exist")
    add_store_option(parser)
    return parser


def _describe(arguments: argparse.Namespace) -> None:
    output = arguments.output or arguments.data
    if output is None:
        raise ConfigError("--output is missing: name the folder for the files")
    if arguments.data is None and arguments.url:
        raise ConfigError("--url is the address of photos: leave it out, or give --data")
    if arguments.data is not None and arguments.results is not None:
        raise ConfigError("--results are those of a model: leave it out, or give --model")
    if output.exists() and not output.is_dir():
        raise ConfigError(f"--output {output} is a file: name a folder")
    # Heavy imports below, so that --help and wrong options take no seconds.
    texts = _of_data(arguments) if arguments.data is not None else _of_model(arguments)
    for name in texts:
        if (output / name).exists() and not arguments.replace:
            raise ConfigError(
                f"--output {output}: {name} exists, and nothing is overwritten; name another "
                "folder, or add --replace"
            )
    output.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (output / name).write_text(text, encoding="utf-8")
        print(output / name)


def _of_model(arguments: argparse.Namespace) -> dict[str, str]:
    from resistor_cls.tracking import check_reference, model_file

    reference, uri = arguments.model, arguments.tracking_uri
    check_reference(reference, uri, "--model")
    from resistor_cls.describing.model_card import model_card
    from resistor_cls.describing.model_files import read_model
    from resistor_cls.describing.reforms import reforms
    from resistor_cls.describing.sources import Sources
    from resistor_cls.describing.study import read_study
    from resistor_cls.tracking.run.reading import run_results

    study = None if arguments.results is None else read_study(arguments.results)
    with model_file(reference, uri, "--model") as file:
        model = read_model(file, reference, __version__)
    run = None if reference == "rendered" else run_results(reference, uri)
    sources = Sources(model, run, study)
    texts = {"model_card.md": model_card(sources, arguments.license or model.license)}
    return texts if run is None else {**texts, "reforms.md": reforms(sources)}


def _of_data(arguments: argparse.Namespace) -> dict[str, str]:
    from resistor_cls.describing.croissant import croissant
    from resistor_cls.describing.dataset_card import dataset_card
    from resistor_cls.describing.synthetic_set import read_synthetic_set

    synthetic = read_synthetic_set(Path(arguments.data))
    license = arguments.license or "Apache-2.0"  # of the package, whose generator drew them
    published = datetime.now(UTC).date().isoformat() if arguments.url else ""
    values = croissant(synthetic, license, arguments.url, published)
    if not arguments.url:
        print(
            "croissant.json lacks the address and the date that Croissant requires of published "
            "data: add --url where the photos are published",
            file=sys.stderr,
        )
    return {
        "dataset_card.md": dataset_card(synthetic, license),
        "croissant.json": json.dumps(values, indent=2, ensure_ascii=False) + "\n",
    }


if __name__ == "__main__":
    end_process(main())
