"""The notebooks run from top to bottom, and keep what they show."""

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.helpers import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
# The kernel and its client close their sockets at the end of the process.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTEBOOK_PHOTOS", "10")
    monkeypatch.setenv("NOTEBOOK_EPOCHS", "1")
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": tmp_path}}).execute()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_keeps_what_it_shows_and_needs_no_tracking(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    outputs = [output for cell in cells for output in cell.outputs]
    assert any("image/jpeg" in output.get("data", {}) for output in outputs)
    assert cells[-1].outputs
    assert not [output for output in outputs if output.output_type == "error"]
    texts = [output.get("text", "") for output in outputs]
    assert not [text for text in texts if "site-packages" in text or "Warning" in text]
    assert "resistor_cls.tracking" not in json.dumps([cell.source for cell in cells])
