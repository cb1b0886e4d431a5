"""The notebooks run from top to bottom."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
# The kernel and its client close their sockets at the end of the process.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_notebook_runs_and_keeps_no_output(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    outputs = [cell.get("outputs") for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(outputs), "outputs are not kept: they go stale and may show photos"
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": tmp_path}}).execute()
