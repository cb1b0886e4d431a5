"""A wrong command line is refused before the heavy imports, and nothing is written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from resistor_cls.config.predict_arguments import RISKS, VIEWS
from resistor_cls.evaluation import calibration

HEAVY = ("torch", "lightning", "mlflow", "pandas", "matplotlib", "cv2", "sqlalchemy", "sklearn")
CODE = f"""
import sys
from resistor_cls.{{command}} import main
status = main(sys.argv[1:])
print(status, [name for name in {HEAVY} if name in sys.modules])
"""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("predict nowhere.jpg", "nowhere.jpg does not exist"),
        ("predict here.jpg --model nowhere.ckpt", "--model=nowhere.ckpt does not exist"),
        ("predict here.jpg --model runs:/0a1b/model", "no store at sqlite:///mlflow.db"),
        ("predict here.jpg --model runs:/0a1b", "--model=runs:/0a1b is not complete"),
        ("predict here.jpg --risk 0.2", "--risk 0.2: models guarantee one of 0.001"),
        ("predict here.jpg --top 0", "--top 0: expected 1 or more"),
        ("predict here.jpg --views 3", "--views 3: expected one of 1, 2, 4, 8"),
        ("predict here.jpg --threshold nan", "--threshold nan: expected 0 to 1"),
        ("predict here.jpg --format xml", "argument --format: invalid choice: 'xml'"),
        ("predict here.jpg --colour", "unrecognized arguments: --colour"),
        ("predict", "the following arguments are required: PHOTO_OR_FOLDER"),
        ("render out --size many", "argument --size: invalid int value: 'many'"),
        ("evaluate model=nowhere.ckpt", "model=nowhere.ckpt does not exist"),
        ("evaluate model=models:/resistor_cls@champion", "no store at sqlite:///mlflow.db"),
        ("evaluate model=rendered --allow anything", "--allow anything: valid: subset, unknown"),
        ("evaluate --colour", "unrecognized arguments: --colour"),
        ("audit model=nowhere.ckpt", "model=nowhere.ckpt does not exist"),
        ("train data=folder data.root=nowhere", "/nowhere does not exist: expected a folder"),
        ("train data=table data.table=nowhere.csv", "/nowhere.csv does not exist: expected a .csv"),
        ("train data.validation=nowhere", "/nowhere does not exist: expected a folder"),
        ("train pseudo.photos=. pseudo.teacher=no", "pseudo.teacher=no does not exist"),
        ("train costs=nowhere.csv", "nowhere.csv does not exist"),
        ("train unknown=-1", "unknown=-1: expected 0 or more"),
        ("train optimizer.lr=nan", "optimizer.lr=nan: expected a finite number"),
        ("train optimizer.lr=-inf", "optimizer.lr=-inf: expected a finite number"),
        ("train data.batch_size=99999999999999999999", "expected a number below 2^63"),
        ("train model.backbone=mine.nets:tiny", "is code of the package mine, and nothing of it"),
        ("train model.pool=gme", "model.pool=gme: did you mean gem"),
        ("evaluate model=rendered inference.views=3", "inference.views=3: expected 1, 2, 4, 8"),
        ("audit data.folds=1", "data.folds=1: expected 2 or more"),
        ("train -m data=folder data.root=nowhere,neither", "/nowhere does not exist"),
    ],
)
def test_a_wrong_word_is_refused_at_once(line: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "here.jpg").touch()
    command, *words = line.split()
    done = subprocess.run(
        [sys.executable, "-c", CODE.format(command=command), *words],
        cwd=tmp_path,
        # Tests in the same process may have named a store.
        env={key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")},
        capture_output=True,
        text=True,
    )
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert done.stdout.strip() == "2 []"
    assert not list(tmp_path.rglob("*.db"))


def test_what_is_checked_early_is_what_is_checked_later() -> None:
    from resistor_cls.errors import ConfigError
    from resistor_cls.model.tta import check_views

    assert RISKS == calibration.RISKS
    for views in range(10):
        if views in VIEWS:
            check_views(views, (8, 8), "model.views=", "model.image_size gives")
            continue
        with pytest.raises(ConfigError):
            check_views(views, (8, 8), "model.views=", "model.image_size gives")
