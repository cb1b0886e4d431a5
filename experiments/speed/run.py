"""Measures paths of the package against bare references, on one machine.

python experiments/speed/run.py [--only ROW …] [--quick] [--repeats 5] [--scratch FOLDER]
    [--save-baseline] [--list]

Writes results.csv and parts.csv beside this file after each row, and shows what became slower than
the stored baseline of this kind of machine. `--quick` measures fewer photos once and writes
nothing. A slowdown or a missed target is shown, and fails nothing. Run it while nothing else does.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from frame import Measured, Options, Row, load, summary, unmeasured
from machine import gpu, kind_of_machine, versions
from rows import ROWS
from table import RESULTS, baseline_file, slowdowns, write_parts, write_results

ONE_ROW = Path(__file__).with_name("one_row.py")
LIMIT = 3600  # seconds of a row; growth and tests are the longest


def measured(row: Row, options: Options) -> Measured | str:
    """Measures a row in a process of its own, or says why it was not measured."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        words = [str(ONE_ROW), row.name, out.name, "--scratch", str(options.scratch)]
        words += ["--repeats", str(options.repeats), *(["--quick"] if options.quick else [])]
        try:
            done = subprocess.run([sys.executable, *words], timeout=LIMIT)
        except subprocess.TimeoutExpired:
            return f"failed: took more than {LIMIT} s"
        if done.returncode:
            return f"failed: exit status {done.returncode}"
        found = json.loads(Path(out.name).read_text(encoding="utf-8"))
    return found if isinstance(found, str) else Measured(**found)


def measure_all(
    names: Sequence[str], options: Options
) -> Iterator[tuple[dict[str, Any], Mapping[str, float]]]:
    """The line of the table of each row, and the parts of its value, as soon as it is measured."""
    about = {"machine": kind_of_machine(), "versions": versions()}
    for name in names:
        busy = load()
        found = "no GPU" if ROWS[name].gpu and not gpu() else measured(ROWS[name], options)
        if isinstance(found, str):
            line, parts = unmeasured(ROWS[name], found), {}
        else:
            line, parts = summary(ROWS[name], found), found.parts
        yield {**line, **about, "load": busy}, parts


def show(line: dict[str, Any]) -> None:
    """Prints a line of the table."""
    if line.get("value") is None:
        print(f"{line['row']:<24} {line['note']}", flush=True)
        return
    text = f"{line['row']:<24} {line['value']:10.4g} {line['unit']:<10}"
    if line["ratio"] is not None:
        text += f" reference {line['reference']:10.4g}   ratio {line['ratio']:.3f}"
    text += f"  ({line['low']:.4g} to {line['high']:.4g})"
    if line["target"]:
        text += f"  {line['target']}: {'met' if line['met'] == 'yes' else 'MISSED'}"
    print(text, flush=True)


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=ROWS, help="some of the rows")
    parser.add_argument("--quick", action="store_true", help="fewer photos, once; writes nothing")
    parser.add_argument("--repeats", type=int, default=5, help="pairs of measurements; default: 5")
    parser.add_argument("--scratch", type=Path, help="folder of drawn photos, kept; default: none")
    parser.add_argument("--save-baseline", action="store_true", help="of this kind of machine")
    parser.add_argument("--list", action="store_true", help="name the rows and their targets")
    chosen = parser.parse_args()
    if chosen.list:
        for row in ROWS.values():
            print(f"{row.name:<24} {row.target or ''!s:<15} {row.title}")
        return
    with tempfile.TemporaryDirectory() as temporary:
        scratch = (chosen.scratch or Path(temporary)).absolute()
        scratch.mkdir(parents=True, exist_ok=True)
        options = Options(scratch, 1 if chosen.quick else chosen.repeats, chosen.quick)
        print(f"{kind_of_machine()}; {versions()}; load {load()}", flush=True)
        baseline = baseline_file(kind_of_machine())
        compared = baseline.is_file() and not chosen.quick  # which measures something smaller
        before = pd.read_csv(baseline, keep_default_na=False) if compared else None
        for line, parts in measure_all(chosen.only or list(ROWS), options):
            show(line)
            for slower in [] if before is None else slowdowns([line], before):
                print(f"slower than the baseline: {slower}", flush=True)
            if not chosen.quick:
                write_results(RESULTS, [line], list(ROWS))
                write_parts({line["row"]: parts})
            if chosen.save_baseline:
                write_results(baseline, [line], list(ROWS))


if __name__ == "__main__":
    main()
