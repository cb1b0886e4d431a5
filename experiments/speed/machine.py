"""Describes the machine: figures of different kinds of machines are never compared."""

import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

from resistor_cls.usable_cores import usable_cores

# The fastest units of a processor, the best first.
_UNITS = ("amx_bf16", "avx512_bf16", "avx512_vnni", "avx512f", "avx2")


def kind_of_machine() -> str:
    """Cores, maker and units of the processor, and the GPU."""
    text = _processor()
    maker = next((name for name in ("Intel", "AMD", "ARM") if name in text), platform.machine())
    unit = next((name for name in _UNITS if re.search(rf"\b{name}\b", text)), "no avx2")
    return f"{usable_cores()} cores, {maker} {unit}, {gpu() or 'no GPU'}"


def versions() -> str:
    """Of the libraries that do most of the work."""
    names = ("torch", "lightning", "onnxruntime", "opencv-python-headless", "pillow")
    return ", ".join(f"{name} {version(name)}" for name in names)


def _processor() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()


def gpu() -> str:
    """The name of the first GPU; empty without one."""
    try:
        words = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        found = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found.strip().partition("\n")[0]
