"""A store that was moved finds its artifacts again, by one command."""

import shutil
from pathlib import Path

import pytest

from resistor_cls.errors import ConfigError, TrackingError
from resistor_cls.relocate import main as relocate
from resistor_cls.tracking import model_file, open_run
from resistor_cls.tracking.registry.versions import register
from resistor_cls.tracking.store import relocation
from resistor_cls.tracking.store.connection import connect, experiment_id
from tests.helpers.runs import store_uri


def filled(place: Path, artifacts: str) -> str:
    """The id of a run with a registered model, in a store of its own."""
    uri = store_uri(place)
    with open_run(place / "out", uri=uri, artifacts=artifacts, system_metrics=False) as run:
        run.save_text("a.txt", "a")
    client = connect(uri)
    info = client.get_run(run.run_id).info
    model = client.create_logged_model(info.experiment_id, "model", run.run_id)
    (place / "best.ckpt").write_bytes(b"weights")
    client.log_model_artifact(model.model_id, str(place / "best.ckpt"))
    client.finalize_logged_model(model.model_id, "READY")
    register(client, model.model_id, run.run_id)
    client.set_registered_model_alias("resistor_cls", "champion", "1")
    return run.run_id


@pytest.mark.parametrize("folder", ["mlartifacts", "Grüße (1)%/_kept"])
def test_artifacts_of_a_moved_store_are_found_again(
    folder: str, workplace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = workplace / "old", workplace / "new"
    old.mkdir()
    shutil.copy(workplace / "mlflow.db", old / "mlflow.db")
    run_id = filled(old, str(old / folder))
    shutil.move(old, new)
    uri = store_uri(new)
    champion = "models:/resistor_cls@champion"
    with (
        pytest.raises(TrackingError, match=r"which is gone: .* resistor_cls\.relocate --tracking"),
        model_file(champion, uri),
    ):
        pass
    assert relocate(["--tracking-uri", uri]) == 0
    # The experiment, its run, its model, and where the version says that this is.
    assert capsys.readouterr().out == f"{old / folder} is {new / folder} now: 4 addresses changed\n"
    for reference, content in {f"runs:/{run_id}/a.txt": b"a", champion: b"weights"}.items():
        with model_file(reference, uri) as file:
            assert Path(file).read_bytes() == content
    with open_run(new / "out2", uri=uri, system_metrics=False) as run:
        run.save_text("b.txt", "b")
    assert len(list((new / folder).rglob("b.txt"))) == 1
    assert not old.exists()
    assert relocate(["--tracking-uri", uri]) == 0
    assert "nothing to change" in capsys.readouterr().out


def test_folders_are_named_where_they_lie_elsewhere(workplace: Path, tmp_path: Path) -> None:
    uri = store_uri(workplace)
    client = connect(uri)
    first = experiment_id(client, uri, "first", str(tmp_path / "kept"))
    second = experiment_id(client, uri, "second", str(tmp_path / "kept too"))
    (tmp_path / "kept").rename(tmp_path / "now")
    moved = (tmp_path / "kept", tmp_path / "now")
    assert relocation.relocate(uri, moved) == {moved: 1}
    places = [client.get_experiment(one).artifact_location for one in (first, second)]
    assert places == [(tmp_path / "now").as_uri(), (tmp_path / "kept too").as_uri()]


def test_what_cannot_be_relocated_is_named(
    workplace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert relocate(["--from", "/old"]) == 2
    assert "--from and --to belong together" in capsys.readouterr().err
    assert relocate(["--from", "/old", "--to", "/nowhere"]) == 2
    assert "--to /nowhere is not a folder" in capsys.readouterr().err
    assert relocate(["--tracking-uri", f"sqlite:///{workplace}/none.db"]) == 2
    assert "does not exist or is empty" in capsys.readouterr().err
    monkeypatch.setattr(relocation, "check_store", lambda uri: None)
    with pytest.raises(ConfigError, match="is a server, which keeps artifacts itself"):
        relocation.relocate("http://127.0.0.1:9")
    with pytest.raises(ConfigError, match="does not lie beside its artifacts: add --from"):
        relocation.relocate("postgresql://me:secret@host/db")
