"""Writes the page for people as a static folder, with the model and what runs it."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from resistor_cls.data.scratch import remove_left_over, scratch_folder
from resistor_cls.errors import ConfigError, ModelError
from resistor_cls.exporting.web.values import calibration_of, page_values
from resistor_cls.model.exported.files import ExportedModel, without_metadata
from resistor_cls.serving.static_page import PAGE, POLICY

_HERE = Path(__file__).parent
# Where the files of the runtime go. Some hosts do not know .mjs, and browsers refuse modules of
# another type.
_RUNTIME = {
    "ort.wasm.bundle.min.mjs": "runtime/onnxruntime.js",
    "ort-wasm-simd-threaded.wasm": "runtime/ort-wasm-simd-threaded.wasm",
}
_WORKER = "offline.js"  # the service worker; beside index.html, as it serves what lies below it
_VALUES = "model/model.json"
_HEAD = f"""<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<link rel="manifest" href="manifest.json">
"""


def check_folder(folder: Path, replace: bool) -> None:
    """Checks the name of a folder that is to be written.

    Args:
        folder: the folder.
        replace: whether an exported page that is there may be replaced.

    Raises:
        ConfigError: it exists and may not be replaced, or cannot be made.
    """
    if folder.is_dir() and any(folder.iterdir()):
        if not _is_page(folder):
            raise ConfigError(
                f"--output {folder} exists and is not an exported page: name a new folder"
            )
        if not replace:
            raise ConfigError(
                f"--output {folder} exists, and nothing is overwritten; name another folder, or "
                "add --replace"
            )
    elif folder.exists() and not folder.is_dir():
        raise ConfigError(f"--output {folder} is a file: name a new folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(folder.parent, _prefix(folder)):
            pass
    except OSError as error:
        raise ConfigError(
            f"--output {folder} cannot be made: {error.strerror}; name another folder"
        ) from error


def check_model(header: Mapping[str, Any], name: str) -> None:
    """Checks that the code of the page can run a model.

    Args:
        header: of the exported model.
        name: that `--model` has given.

    Raises:
        ModelError: it cannot.
    """
    for is_so, what in (
        (header["detector"] is None, "has no detector (model.locate)"),
        (header["settings"].get("steps") is not None, "has fixed transforms (model.steps)"),
    ):
        if is_so:
            raise ModelError(
                f"--model {name} {what}, which --format web does not support: serve it instead, "
                "python -m resistor_cls.serve --model REF"
            )


def write_page(model: ExportedModel, folder: Path, name: str, runtime: Mapping[str, bytes]) -> int:
    """Writes the folder of a page: whole or not at all.

    Args:
        model: that `check_model` accepts.
        folder: that `check_folder` accepts.
        name: of the model, as the page shows it.
        runtime: the files of ONNX Runtime Web, see `runtime_files`.

    Returns:
        The size of all files in bytes.

    Raises:
        OSError: no room or no permission.
    """
    files = page_files(model, name, runtime)
    remove_left_over(folder.parent, _prefix(folder))
    with scratch_folder(folder.parent, _prefix(folder)) as scratch:
        made = scratch / "page"
        for path, content in files.items():
            (made / path).parent.mkdir(parents=True, exist_ok=True)
            (made / path).write_bytes(content)
        if folder.exists():
            shutil.rmtree(folder)
        made.replace(folder)
    return sum(map(len, files.values()))


def page_files(model: ExportedModel, name: str, runtime: Mapping[str, bytes]) -> dict[str, bytes]:
    """The contents of all files of a page by their paths in its folder; see `write_page`."""
    assert model.detector is not None
    values = json.dumps(page_values(model.header, name), ensure_ascii=False)
    files = {f"page/{file.name}": file.read_bytes() for file in _files_of(PAGE)}
    index = files.pop("page/index.html").decode()
    files |= {
        # It has the same functions as the file that asks a service.
        "page/service.js": (_HERE / "service.js").read_bytes(),
        "manifest.json": (_HERE / "manifest.json").read_bytes(),
        "licences.txt": _licences(model).encode(),
        _VALUES: values.encode(),
        "model/network.onnx": without_metadata(model.network),
        "model/detector.onnx": model.detector,
        **_references(model.header),
    }
    files |= {f"engine/{file.name}": file.read_bytes() for file in _files_of(_HERE / "engine")}
    files |= {_RUNTIME[file]: content for file, content in runtime.items()}
    files |= {"index.html": _index(index, sum(map(len, files.values()))).encode()}
    return files | {_WORKER: _service_worker(files).encode()}


def _index(index: str, size: int) -> str:
    """The page of a service as that of a folder whose files have this size in bytes."""
    loading = f"Loading the model: {size / 1e6:.0f} MB on the first visit"
    for before, added in (
        ('<meta charset="utf-8">\n', _HEAD),
        ('<p id="model">', loading),  # replaced once the model is loaded
    ):
        assert index.count(before) == 1
        index = index.replace(before, before + added)
    return index


def _references(header: Mapping[str, Any]) -> dict[str, bytes]:
    """The features of the calibration photos, float32, that a model of categories compares with."""
    calibration = None if header["reads_any_value"] else calibration_of(header)
    if calibration is None or calibration.familiarity is None:
        return {}
    return {"model/references.bin": calibration.familiarity.references.astype("<f4").tobytes()}


def _files_of(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.is_file())


def _service_worker(files: Mapping[str, bytes]) -> str:
    """The service worker, which keeps all files, for these contents."""
    digest = hashlib.sha256()
    for path, content in sorted(files.items()):
        digest.update(f"{path} {len(content)} ".encode())
        digest.update(content)
    script = (_HERE / _WORKER).read_text(encoding="utf-8")
    # Hosts may redirect index.html to its folder, and no page opens from a stored redirect.
    kept = json.dumps(["./", *sorted(files.keys() - {"index.html"})])
    return script.replace("FILES = []", f"FILES = {kept}", 1).replace(
        'VERSION = ""', f'VERSION = "{digest.hexdigest()[:16]}"', 1
    )


def _licences(model: ExportedModel) -> str:
    text = (_HERE / "licences.txt").read_text(encoding="utf-8")
    return text.replace("{model}", model.header["license"] or "not stated")


def _is_page(folder: Path) -> bool:
    return (folder / _WORKER).is_file() and (folder / _VALUES).is_file()


def _prefix(folder: Path) -> str:
    return f".{folder.name}-"
