"""`python -m resistor_cls.render OUT`: generates a data set of synthetic photos."""

import argparse

from resistor_cls.config.calling import as_called, called
from resistor_cls.config.command_line import Parser, path
from resistor_cls.errors import ConfigError, end_process, run_command

_EXAMPLES = """\
examples:
  python -m resistor_cls.render data/rendered
      the 37 categories of the "Resistor" data set with its counts, 2,881 photos
  python -m resistor_cls.render data/small --per-category 10 --size 224 --seed 1
      ten small photos of each of them
  python -m resistor_cls.render data/mine --categories my_categories.txt --per-category 80
      other categories, one name per line: 47K_1-4W, 4K99_1-4W, left, cracked
"""


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    return run_command(lambda: _render(_parser().parse_args(argv)))


def _parser() -> Parser:
    parser = Parser(
        prog=called("render"),
        description="Generates a data set: one folder per category, boxes.csv and scenes.csv. "
        "The same arguments give the same files; an interrupted command continues where it "
        "stopped.",
        epilog=as_called(_EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("out", metavar="OUT", type=path, help="folder for the photos")
    parser.add_argument(
        "--categories", metavar="FILE", type=path, help="one name per line; default: the 37"
    )
    parser.add_argument(
        "--per-category",
        metavar="N",
        type=int,
        help="photos of each category; default: the counts of the 37, 50 with --categories",
    )
    parser.add_argument(
        "--size", metavar="PX", type=int, default=700, help="side of a photo; default: 700"
    )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="default: 0")
    parser.add_argument(
        "--workers", metavar="N", type=int, help="processes; default: one per usable core"
    )
    return parser


def _render(arguments: argparse.Namespace) -> None:
    _require("--size", arguments.size, 64, 2000)
    _require("--per-category", arguments.per_category, 1)
    _require("--workers", arguments.workers, 1)
    _require("--seed", arguments.seed, 0)

    # Here and not above, so that --help does not wait for OpenCV.
    from resistor_cls.categories import Categories
    from resistor_cls.synthetic import counts_to_draw, generate_dataset

    counts = counts_to_draw(arguments.categories, arguments.per_category)
    categories = Categories(counts)
    out = generate_dataset(
        arguments.out,
        categories,
        counts,
        size=arguments.size,
        seed=arguments.seed,
        workers=arguments.workers,
    )
    print(
        f"{sum(counts.values())} photos of {len(categories)} categories in {out}, with boxes.csv "
        f"and scenes.csv; train on them: "
        f"{called('train')} data=folder data.root={out}"
    )


def _require(option: str, value: int | None, minimum: int, maximum: int | None = None) -> None:
    if value is None or (value >= minimum and (maximum is None or value <= maximum)):
        return
    expected = f"at least {minimum}" if maximum is None else f"{minimum} to {maximum}"
    raise ConfigError(f"{option} {value}: expected {expected}")


if __name__ == "__main__":
    end_process(main())
