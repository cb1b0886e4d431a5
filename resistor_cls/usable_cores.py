"""How many cores there are to share work among."""

import os


def usable_cores() -> int:
    """Cores that this process may use: a container may use fewer than there are."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
