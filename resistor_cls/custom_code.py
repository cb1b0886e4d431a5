"""Custom code, named by an import path such as `my_package.nets:tiny_net`.

A saved model names its backbone and the source of its photos. An import runs code, and a file of a
model may come from anywhere. Therefore a path is imported only if the user has allowed its
package: by `--allow-code my_package`, by the variable RESISTOR_CLS_ALLOW_CODE, or by `allow_code`.
"""

import importlib
import os
import re
from typing import Any

from resistor_cls.errors import ConfigError, ModelError, nearest

# An environment variable, so that worker processes inherit it.
VARIABLE = "RESISTOR_CLS_ALLOW_CODE"
FLAG = "--allow-code"

_NAME = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
# One name after the colon: `my_package.nets:os.system` would leave the package.
_PATH = re.compile(rf"({_NAME}):([A-Za-z_]\w*)", re.ASCII)
_ALLOWED = re.compile(rf"{_NAME}(?::[A-Za-z_]\w*)?", re.ASCII)
_MAX_SHOWN = 200  # characters of a name in a message: a file may hold one of any length


def is_import_path(name: str) -> bool:
    """Tells whether a name means custom code; no name of this package or of timm has a colon."""
    return ":" in name


def allow_code(*packages: str) -> None:
    """Allows packages for this process and the processes that it starts.

    Args:
        packages: `my_package` with all its modules, `my_package.nets` for one module, or
            `my_package.nets:tiny_net` for one name.

    Raises:
        ConfigError: a name of another form.
    """
    for package in packages:
        if not _ALLOWED.fullmatch(package):
            raise ConfigError(
                f"{FLAG} {package}: expected the name of a package, such as my_package, or "
                "my_package.nets:tiny_net"
            )
    os.environ[VARIABLE] = ",".join(dict.fromkeys([*allowed_code(), *packages]))


def allowed_code() -> list[str]:
    """Lists the packages, modules and names that are allowed."""
    return [name for one in os.environ.get(VARIABLE, "").split(",") if (name := one.strip())]


def import_custom(path: str, key: str) -> Any:
    """Imports the function or class of an allowed path.

    Args:
        path: `package.module:name`.
        key: of the config that holds the path, for messages.

    Returns:
        The function or class, which is defined in an allowed package.

    Raises:
        ModelError: the path is not allowed, not installed or cannot be imported, or its module
            has no such name.
    """
    module, name = check_allowed(path, key)
    shown = f"{key}={path[:_MAX_SHOWN]}"
    imported = _imported(module, name, shown)
    home = getattr(imported, "__module__", None) or type(imported).__module__
    named = f"{module}:{name}" in allowed_code()  # then it may be defined anywhere
    if not callable(imported) or not (
        named or _is_allowed(home, getattr(imported, "__name__", ""))
    ):
        raise ModelError(
            f"{shown}: expected a function or a class that is defined in {module.split('.')[0]}, "
            f"found {type(imported).__name__} of {home}"
        )
    return imported


def check_allowed(path: str, key: str) -> tuple[str, str]:
    """Checks that a path may be imported, without importing it; arguments as of `import_custom`.

    Returns:
        The module and the name in it.

    Raises:
        ModelError: the text is not an import path, or is not allowed.
    """
    shown = f"{key}={path[:_MAX_SHOWN]}"
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
    """Returns the type of an error and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:_MAX_SHOWN]}" if lines else type(error).__name__
