"""ONNX Runtime Web, which runs the model in a browser: fetched once from npm, and checked."""

import base64
import hashlib
import os
import tarfile
import urllib.error
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from resistor_cls.data.sources.download import fetch
from resistor_cls.errors import ConfigError
from resistor_cls.model.checkpoint.whole_files import write_whole

VERSION = "1.30.0"
# SHA-512 of the package, as npm states it.
_INTEGRITY = (
    "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
)
# The files that a page needs, with their SHA-256: of the builds, the one for the CPU alone.
FILES = MappingProxyType(
    {
        "ort.wasm.bundle.min.mjs": (
            "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90"
        ),
        "ort-wasm-simd-threaded.wasm": (
            "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2"
        ),
    }
)
_NAME = f"onnxruntime-web-{VERSION}"
_REGISTRY = "https://registry.npmjs.org"
_BY_HAND = (
    f"npm pack onnxruntime-web@{VERSION} fetches it on another machine; unpack it there, and give "
    "--runtime FOLDER"
)


def runtime_files(given: Path | None) -> Mapping[str, bytes]:
    """The contents of `FILES`.

    Args:
        given: folder that holds them, such as an unpacked package of npm; None for those in the
            cache, where they are fetched to if they are absent.

    Raises:
        ConfigError: they are not there, of another version, or cannot be fetched.
    """
    if given is not None:
        return _given(given)
    folder = _cache() / _NAME
    try:
        return _checked(folder)
    except (OSError, ValueError):  # absent or damaged
        try:
            _fetch_into(folder)
            return _checked(folder)
        except OSError as error:
            raise ConfigError(f"{folder} cannot be written: {error.strerror or error}") from error


def _given(folder: Path) -> Mapping[str, bytes]:
    places = [folder, folder / "dist", folder / "package" / "dist"]
    place = next((one for one in places if (one / next(iter(FILES))).is_file()), folder)
    try:
        return _checked(place)
    except OSError as error:
        raise ConfigError(
            f"--runtime {folder}: {Path(error.filename).name} cannot be read ({error.strerror}): "
            f"expected the folder of onnxruntime-web {VERSION}, as npm pack "
            f"onnxruntime-web@{VERSION} fetches it, unpacked"
        ) from error
    except ValueError as error:
        raise ConfigError(
            f"--runtime {folder}: {error} is not that of onnxruntime-web {VERSION}: fetch it by "
            f"npm pack onnxruntime-web@{VERSION}"
        ) from error


def _checked(folder: Path) -> dict[str, bytes]:
    """The files of a folder.

    Raises:
        OSError: one that cannot be read.
        ValueError: one of another content; its name.
    """
    contents = {name: (folder / name).read_bytes() for name in FILES}
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != FILES[name]:
            raise ValueError(name)
    return contents


def _fetch_into(folder: Path) -> None:
    """Fetches the package, and keeps the files that are needed.

    Raises:
        ConfigError: it cannot be fetched, or is not what npm states.
        OSError: no space or no permission.
    """
    url = f"{_registry()}/onnxruntime-web/-/{_NAME}.tgz"
    package = folder.with_suffix(".tgz")
    package.parent.mkdir(parents=True, exist_ok=True)
    try:
        fetch(url, package)
    except urllib.error.URLError as error:
        raise ConfigError(
            f"{_NAME} cannot be fetched from {url} ({error.reason}): {_BY_HAND}"
        ) from error
    try:
        digest = hashlib.sha512(package.read_bytes()).digest()
        if base64.b64encode(digest).decode() != _INTEGRITY:
            raise ConfigError(f"{url} is damaged, or another package: run again, or {_BY_HAND}")
        with tarfile.open(package) as archive:
            for name in FILES:
                member = archive.extractfile(f"package/dist/{name}")
                assert member is not None  # the digest was that of a known package
                write_whole(folder / name, member.read())
    finally:
        package.unlink()


def _registry() -> str:
    """The address of npm, or the mirror that npm is set to by its environment variable."""
    name = "npm_config_registry"
    return (os.environ.get(name) or os.environ.get(name.upper()) or _REGISTRY).rstrip("/")


def _cache() -> Path:
    """Where `paths.cache` is by default; exports have no config."""
    return Path(os.environ.get("RESISTOR_CLS_CACHE", "~/.cache/resistor_cls")).expanduser()
