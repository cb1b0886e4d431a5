"""Code of a user's own, named by an import path such as `my_package.nets:tiny_net`.

A model names its backbone, and where its photos came from. Importing a name runs code, and a file
of a model may come from anywhere. Therefore a path is imported only where whoever runs the program
has allowed its package: by `--allow-code my_package`, by the variable RESISTOR_CLS_ALLOW_CODE, or
by `allow_code`.
"""

import importlib
import os
import re
from typing import Any

from resistor_cls.errors import ConfigError, ModelError, nearest

# Worker processes and later commands of a shell inherit it.
VARIABLE = "RESISTOR_CLS_ALLOW_CODE"
FLAG = "--allow-code"

_NAME = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
# One name behind the colon: `my_package.nets:os.system` would leave the package.
_PATH = re.compile(rf"({_NAME}):([A-Za-z_]\w*)", re.ASCII)
_ALLOWED = re.compile(rf"{_NAME}(?::[A-Za-z_]\w*)?", re.ASCII)
_SHOWN = 200  # characters of a name: a file may hold one of any length


def is_import_path(name: str) -> bool:
    """Whether a name means code of a user's own; no name of ours or of timm has a colon."""
    return ":" in name


def allow_code(*packages: str) -> None:
    """Allows packages for this process and those that it starts.

    Args:
        packages: `my_package` for all in it, `my_package.nets` for a module, or
            `my_package.nets:tiny_net` for that alone.

    Raises:
        ConfigError: something else.
    """
    for package in packages:
        if not _ALLOWED.fullmatch(package):
            raise ConfigError(
                f"{FLAG} {package}: expected the name of a package, such as my_package, or "
                "my_package.nets:tiny_net"
            )
    os.environ[VARIABLE] = ",".join(dict.fromkeys([*allowed_code(), *packages]))


def allowed_code() -> list[str]:
    """What is allowed."""
    return [name for one in os.environ.get(VARIABLE, "").split(",") if (name := one.strip())]


def import_custom(path: str, key: str) -> Any:
    """Imports what an allowed path names.

    Args:
        path: `package.module:name`.
        key: that it was given by, for messages.

    Returns:
        A function or class that is defined in an allowed package.

    Raises:
        ModelError: it is not allowed, not installed, cannot be imported, or there is no such name.
    """
    module, name = check_allowed(path, key)
    shown = f"{key}={path[:_SHOWN]}"
    made = _imported(module, name, shown)
    home = getattr(made, "__module__", None) or type(made).__module__
    named = f"{module}:{name}" in allowed_code()  # then it may come from anywhere
    if not callable(made) or not (named or _is_allowed(home, getattr(made, "__name__", ""))):
        raise ModelError(
            f"{shown}: expected a function or a class that is defined in {module.split('.')[0]}, "
            f"found {type(made).__name__} of {home}"
        )
    return made


def check_allowed(path: str, key: str) -> tuple[str, str]:
    """Checks that a path may be imported; imports nothing.

    Args:
        path: see `import_custom`.
        key: see `import_custom`.

    Returns:
        The module and the name in it.

    Raises:
        ModelError: it is no import path, or not allowed.
    """
    shown = f"{key}={path[:_SHOWN]}"
    found = _PATH.fullmatch(path)
    if found is None:
        raise ModelError(f"{shown}: expected an import path such as my_package.nets:tiny_net")
    module, name = found.groups()
    if not _is_allowed(module, name):
        package = module.partition(".")[0]
        raise ModelError(
            f"{shown} is code of the package {package}, and nothing of it was imported: if you "
            f"trust it, add {FLAG} {package}, or set {VARIABLE}={package}"
        )
    return module, name


def _is_allowed(module: str, name: str) -> bool:
    parents = module.split(".")
    names = {".".join(parents[: count + 1]) for count in range(len(parents))}
    return not (names | {f"{module}:{name}"}).isdisjoint(allowed_code())


def _imported(module: str, name: str, shown: str) -> Any:
    try:
        imported = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise ModelError(
                f"{shown}: {module} needs {error.name}, which is not installed: install it"
            ) from error
        raise ModelError(
            f"{shown}: there is no module {error.name} here: install its package, or name the "
            "folder that it is in by PYTHONPATH"
        ) from error
    except Exception as error:  # whatever the code of a user raises
        raise ModelError(
            f"{shown}: {module} cannot be imported ({reason(error)}): fix it, or install the "
            "version of it that the model was trained with"
        ) from error
    if not hasattr(imported, name):
        known = [one for one, value in vars(imported).items() if callable(value)]
        hint = nearest(name, known) if known else "it defines nothing that could be called"
        raise ModelError(f"{shown}: {module} has no {name}; {hint}")
    return getattr(imported, name)


def reason(error: BaseException) -> str:
    """The kind of an error and its first line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:_SHOWN]}" if lines else type(error).__name__
