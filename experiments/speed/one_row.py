"""Measures one row, in a process of its own, for run.py.

Threads, caches and memory of one row cannot change another. Processes that a row starts import this
file again: it imports no library.
"""

import argparse
import json
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

from frame import Options
from rows import ROWS


def main() -> None:
    """Writes what was measured, or a text that says why nothing was, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("row", choices=ROWS)
    parser.add_argument("out", type=Path)
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--repeats", type=int, required=True)
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    try:
        options = Options(chosen.scratch, chosen.repeats, chosen.quick)
        found: Any = asdict(ROWS[chosen.row].measure(options))
    except NotImplementedError as error:
        found = f"not measured: {error}"
    except Exception as error:  # one row must not end the others
        traceback.print_exc()
        found = f"failed: {type(error).__name__}: {error}"
    chosen.out.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
