from pathlib import Path

import pytest

from resistor_cls.errors import ConfigError, ModelError, TrackingError
from resistor_cls.tracking import model_file, open_run
from resistor_cls.tracking.store.connection import check_store, connect, experiment_id
from tests.helpers.runs import store_uri


def test_a_path_is_used_as_it_is(workplace: Path) -> None:
    Path("best.ckpt").write_bytes(b"")
    with model_file("best.ckpt", "nothing://is.looked.up") as file:
        assert file == Path("best.ckpt")


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("nowhere.ckpt", "model=nowhere.ckpt does not exist: expected a checkpoint or ONNX file"),
        (".", "model=. is a folder"),
        ("runs:/0123456789abcdef0123456789abcdef/model", "is not in sqlite:///"),
        ("models:/resistor_cls@champion", "is not in sqlite:///"),
    ],
)
def test_what_is_not_there_is_named(reference: str, message: str, workplace: Path) -> None:
    with pytest.raises(ModelError, match=message), model_file(reference, store_uri(workplace)):
        pass


def test_a_run_without_a_model_is_named(workplace: Path) -> None:
    with open_run("out", uri=store_uri(workplace), system_metrics=False) as run:
        run.save_text("config/resolved.yaml", "a: 1")
    reference = f"runs:/{run.run_id}/config"
    with (
        pytest.raises(ModelError, match="holds neither a checkpoint nor an ONNX file"),
        model_file(reference, store_uri(workplace)),
    ):
        pass


def test_a_model_that_an_earlier_version_logged_is_its_checkpoint(workplace: Path) -> None:
    """It carried the weights of the package too."""
    place = workplace / "logged"
    for name in ("artifacts/best.ckpt", "code/resistor_cls/model/rendered.safetensors", "MLmodel"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(name)
    client = connect(store_uri(workplace))
    with open_run("out", uri=store_uri(workplace), system_metrics=False) as run:
        client.log_artifacts(run.run_id, str(place), "model")
    with model_file(f"runs:/{run.run_id}/model", store_uri(workplace)) as file:
        assert Path(file).read_text() == "artifacts/best.ckpt"


def test_stores_that_cannot_be_used_are_refused_in_seconds(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected sqlite"):
        check_store("mlruns")
    with pytest.raises(TrackingError, match="nothing answers there"):
        check_store("http://127.0.0.1:9")
    (tmp_path / "text.db").write_text("this is no database, whatever its name says")
    with pytest.raises(TrackingError, match=r"text\.db cannot be used"):
        connect(f"sqlite:///{tmp_path / 'text.db'}")


def test_a_deleted_experiment_is_named(workplace: Path) -> None:
    client = connect(store_uri(workplace))
    number = experiment_id(client, store_uri(workplace), "old", "artifacts")
    client.delete_experiment(number)
    with pytest.raises(TrackingError, match=r"tracking\.experiment=old was deleted"):
        experiment_id(client, store_uri(workplace), "old", "artifacts")


def test_an_error_outside_the_trainer_closes_the_run_too(workplace: Path) -> None:
    client = connect(store_uri(workplace))
    with (
        pytest.raises(ZeroDivisionError),
        open_run("out", uri=store_uri(workplace), system_metrics=False) as run,
    ):
        run.set_tags({"share": 1 / 0})
    closed = client.get_run(run.run_id)
    assert closed.info.status == "FAILED"
    assert closed.data.tags["error"] == "ZeroDivisionError: division by zero"
    assert [item.path for item in client.list_artifacts(run.run_id, "logs")] == ["logs/error.txt"]
