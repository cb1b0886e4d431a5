"""The file of a SQLite store: it appears with all of its tables, or not at all."""

import functools
import logging
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import mlflow

from resistor_cls.errors import TrackingError

log = logging.getLogger("resistor_cls")

# Seconds for another program, such as `mlflow ui`, to finish the tables that it is making. Making
# all of them takes two to four.
SETTLING = 15.0
PART = ".mlflow.part"  # a plain name: that of the store may mean something in an address
# What a new store holds already: its version, and the experiment "Default".
_NEVER_EMPTY = frozenset({"alembic_version", "experiments", "sqlite_sequence", "workspaces"})


def make_database(file: Path) -> None:
    """Makes the tables of a store where they are absent, or where making them was cut short.

    MLflow changes tables one by one, in a hundred steps: killed on the way, it leaves a file that
    neither it nor anybody else can finish ("duplicate column name"). Here the tables are made in a
    file beside it, which is renamed when it is complete. A file that was left half made is
    replaced, unless it holds anything.

    Only one process at a time may call this.

    Args:
        file: the database; its folder exists.

    Raises:
        TrackingError: a file that is not a database, or one that holds something and has not the
            tables of this MLflow, which would begin to change them without asking.
    """
    if _is_complete_soon(file):
        return
    if _holds_anything(file):
        raise TrackingError(
            f"tracking.uri=sqlite:///{file} is not a store of this version of MLflow, or an "
            "upgrade of it was cut short: copy the file, then run "
            f"`mlflow db upgrade sqlite:///{file}`; where that fails, put back the copy from "
            "before the upgrade, or move the file away, and a new store begins"
        )
    if _tables(file):
        log.warning("%s has not all tables of this MLflow and holds no run: it is made anew", file)
    part = file.with_name(PART)
    _remove([part, *_side_files(part)])
    try:
        _make(part)
        _remove(_side_files(file))  # SQLite would take an old journal for that of the new file
        part.replace(file)
    finally:
        _remove([part, *_side_files(part)])


def _make(part: Path) -> None:
    from mlflow.store.tracking import DEFAULT_LOCAL_FILE_AND_ARTIFACT_PATH
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    # For any name of the folder: the address uses its descriptor (Linux).
    folder = os.open(part.absolute().parent, os.O_RDONLY)
    try:
        address = f"sqlite:////proc/self/fd/{folder}/{part.name}"
        SqlAlchemyStore(address, DEFAULT_LOCAL_FILE_AND_ARTIFACT_PATH).engine.dispose()
    finally:
        os.close(folder)
    descriptor = os.open(part, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # a power cut after the renaming must not leave an empty file
    finally:
        os.close(descriptor)


def _side_files(file: Path) -> list[Path]:
    return [file.with_name(f"{file.name}-{kind}") for kind in ("journal", "wal", "shm")]


def _remove(files: list[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _is_complete_soon(file: Path) -> bool:
    """Whether a database has the tables of this MLflow; waits for one that is being made."""
    if not _tables(file):
        return False
    newest = _newest_version()
    changed = time.monotonic()
    newest_stamp = None
    while True:
        version, stamp = _version(file), file.stat().st_mtime_ns
        if version == newest:
            return True
        if stamp != newest_stamp:
            newest_stamp, changed = stamp, time.monotonic()
        # A file that no program changes any more is left as it is.
        if time.monotonic() - changed > SETTLING / 5:
            return False
        time.sleep(0.2)


@functools.cache
def _newest_version() -> str | None:
    from alembic.script import ScriptDirectory

    steps = Path(mlflow.__file__).parent / "store" / "db_migrations"
    return ScriptDirectory(str(steps)).get_current_head()


def _holds_anything(file: Path) -> bool:
    return any(
        _select(file, f'SELECT 1 FROM "{name}" LIMIT 1')  # a name that the database gave itself
        for name in _tables(file) - _NEVER_EMPTY
    )


def _version(file: Path) -> str | None:
    """What alembic says of a database; None of one that has leftovers of a step."""
    tables = _tables(file)
    if "alembic_version" not in tables or any(name.startswith("_alembic_tmp") for name in tables):
        return None
    rows = _select(file, "SELECT version_num FROM alembic_version")
    return str(rows[0][0]) if len(rows) == 1 else None


def _tables(file: Path) -> set[str]:
    rows = _select(file, "SELECT name FROM sqlite_master WHERE type = 'table'")
    return {str(name) for (name,) in rows}


def _select(file: Path, query: str) -> list[tuple[object, ...]]:
    """The rows of a query; none of a file that is absent or empty.

    Raises:
        TrackingError: a file that is not a database.
    """
    if not file.exists() or not file.stat().st_size:
        return []
    try:
        with closing(sqlite3.connect(file, timeout=SETTLING)) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.DatabaseError as error:
        remedy = (
            "wait for the program that holds it, or end it"
            if "locked" in str(error)
            else "choose another file"
        )
        raise TrackingError(
            f"tracking.uri=sqlite:///{file} cannot be used: {error}; {remedy}"
        ) from error
