"""How many cores there are to share work among."""

import os

# Fewer than there are: for a process that works beside others of the same command.
LIMIT = "RESISTOR_CLS_CORES"


def usable_cores() -> int:
    """Cores that this process may use: a container, or a job of a sweep, may use few of them."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        there = len(os.sched_getaffinity(0))
    else:
        there = os.cpu_count() or 1
    limit = os.environ.get(LIMIT, "")
    return min(there, int(limit)) if limit.isdecimal() and int(limit) else there
