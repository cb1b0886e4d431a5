import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from resistor_cls.errors import ConfigError, ModelError
from resistor_cls.evaluation.calibration import RISKS, Calibration
from resistor_cls.evaluation.calibration.familiarity import Familiarity
from resistor_cls.evaluation.calibration.prediction_sets import LEVELS
from resistor_cls.export import main
from resistor_cls.exporting.web.folder import check_folder, check_model, page_files, write_page
from resistor_cls.exporting.web.runtime import FILES
from resistor_cls.model.exported.files import RENDERED_ONNX, ExportedModel, read_exported
from resistor_cls.serving.static_page import PAGE

NOT_COUNTED = ("index.html", "offline.js")  # in the size that the page states
RUNTIME = {name: name.encode() for name in FILES}


@pytest.fixture(scope="module")
def model() -> ExportedModel:
    return read_exported(RENDERED_ONNX)


@pytest.fixture(scope="module")
def files(model: ExportedModel) -> dict[str, bytes]:
    return page_files(model, "rendered", RUNTIME)


def exports_of(script: str) -> set[str]:
    return set(re.findall(r"export (?:async )?(?:function|class) (\w+)", script))


def test_the_page_has_all_that_it_asks_for(files: dict[str, bytes]) -> None:
    scripts = {path: content.decode() for path, content in files.items() if path.endswith(".js")}
    del scripts["runtime/onnxruntime.js"]
    for path, script in scripts.items():
        for name in re.findall(r'from "(\./|\.\./)([^"]+)"', script):
            folder = Path(path).parent if name[0] == "./" else Path(path).parent.parent
            assert (folder / name[1]).as_posix() in files, (path, name)
    index = files["index.html"].decode()
    for name in re.findall(r'(?:src|href)="([^"#]+)"', index):
        assert name in files, name
    loaded = [content for name, content in files.items() if name not in NOT_COUNTED]
    size = round(sum(map(len, loaded)) / 1e6)
    assert f'<p id="model">Loading the model: {size} MB on the first visit</p>' in index


def test_the_file_without_a_service_has_the_functions_of_the_one_with(
    files: dict[str, bytes],
) -> None:
    with_service = (PAGE / "service.js").read_text(encoding="utf-8")
    assert exports_of(files["page/service.js"].decode()) == exports_of(with_service)


def test_the_service_worker_keeps_every_file_and_names_the_version(
    model: ExportedModel, files: dict[str, bytes]
) -> None:
    script = files["offline.js"].decode()
    kept = re.search(r"FILES = (\[.*\]);", script)
    assert kept is not None
    listed = set(re.findall(r'"([^"]+)"', kept[1]))
    assert listed == {"./", *files} - {"offline.js", "index.html"}
    again = page_files(model, "rendered", RUNTIME)
    assert again == files
    changed = page_files(model, "another", RUNTIME)
    assert changed["offline.js"] != files["offline.js"]


def test_licences_name_model_and_runtime(files: dict[str, bytes]) -> None:
    licences = files["licences.txt"].decode()
    assert "model: Apache-2.0" in licences
    assert "Copyright (c) Microsoft Corporation" in licences


def test_a_page_is_replaced_and_another_folder_is_not(model: ExportedModel, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    check_folder(folder, replace=False)
    size = write_page(model, folder, "rendered", RUNTIME)
    assert size == sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    with pytest.raises(ConfigError, match="add --replace"):
        check_folder(folder, replace=False)
    check_folder(folder, replace=True)
    write_page(model, folder, "rendered", RUNTIME)
    assert [path.name for path in tmp_path.iterdir()] == ["page"]
    (folder / "offline.js").unlink()
    with pytest.raises(ConfigError, match="is not an exported page"):
        check_folder(folder, replace=True)


def test_a_model_of_categories_brings_the_features_of_its_calibration(
    model: ExportedModel,
) -> None:
    references = np.eye(3, 4, dtype=np.float16)
    calibration = Calibration(
        1.5, (None,) * len(RISKS), (0.0,) * len(LEVELS), 3, Familiarity(references, 0.25)
    )
    header = {
        **model.header,
        "reads_any_value": False,
        "card": {"calibration": calibration.to_dict()},
    }
    made = page_files(replace(model, header=header), "mine", RUNTIME)
    assert (
        np.frombuffer(made["model/references.bin"], "<f4").tolist() == references.ravel().tolist()
    )
    values = json.loads(made["model/model.json"])["categories"]
    assert values["familiarity"] == {"columns": 4, "limit": 0.25}
    assert len(values["list"]) == 37


@pytest.mark.parametrize(
    ("change", "words"),
    [({"detector": None}, "has no detector"), ({"steps": {}}, "has fixed transforms")],
)
def test_what_the_page_cannot_do_is_refused(
    model: ExportedModel, change: dict[str, None], words: str
) -> None:
    settings = {**model.header["settings"], **change}
    with pytest.raises(ModelError, match=words):
        check_model({**model.header, "settings": settings, **change}, "mine.onnx")


def test_the_command_refuses_what_it_cannot_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = ["--output", str(tmp_path / "page")]
    cases = {
        "--runtime is for --format web": ["--output", "a.onnx", "--runtime", str(tmp_path)],
        "expected the folder of onnxruntime-web": [
            "--format", "web", *output, "--runtime", str(tmp_path)
        ],
    }  # fmt: skip
    for sentence, words in cases.items():
        assert main(["--model", "rendered", *words]) == 2
        assert sentence in capsys.readouterr().err
    assert not (tmp_path / "page").exists()
