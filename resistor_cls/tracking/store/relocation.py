"""Tells a store that was moved where its artifacts are now.

MLflow keeps absolute addresses of artifacts in its database: of experiments, runs, logged models
and registered versions.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from resistor_cls.errors import ConfigError, TrackingError, without_passwords
from resistor_cls.tracking.store.connection import (
    SERVED,
    check_store,
    connect,
    database_file,
    local_folder,
    require_store,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Tables of MLflow → columns with addresses of artifacts.
_COLUMNS = {
    "experiments": ("artifact_location",),
    "runs": ("artifact_uri",),
    "logged_models": ("artifact_location",),
    "model_versions": ("source", "storage_location"),
}


def relocate(uri: str, moved: tuple[Path, Path] | None = None) -> dict[tuple[Path, Path], int]:
    """Changes the addresses of artifacts that were moved.

    Args:
        uri: of the store, a database.
        moved: the old and the new folder. None finds them beside a SQLite file: an experiment whose
            artifacts are gone keeps them now in the folder of the same name, or in the same folders
            below one, beside the file.

    Returns:
        Old and new folder → how many addresses were changed.

    Raises:
        ConfigError: a server, which keeps the artifacts itself; `moved` is needed.
        TrackingError: a store that cannot be used, a new folder that does not exist.
    """
    from sqlalchemy import create_engine

    _check(uri, moved)
    client = connect(uri)
    if moved is None:
        places = [one.artifact_location for one in client.search_experiments()]
        moves = list(dict.fromkeys(_found_beside(database_file(uri), places)))
    else:
        moves = [(moved[0].absolute(), moved[1].absolute())]
    engine = create_engine(uri)
    try:
        with engine.begin() as connection:  # all addresses or none
            return {(old, new): _replaced(connection, old, new) for old, new in moves}
    finally:
        engine.dispose()


def _check(uri: str, moved: tuple[Path, Path] | None) -> None:
    check_store(uri)
    require_store(uri)
    named = f"tracking.uri={without_passwords(uri)}"
    if uri.startswith(tuple(f"{scheme}:" for scheme in SERVED)):
        raise ConfigError(
            f"{named} is a server, which keeps artifacts itself: name its database, or start it "
            "with the new --artifacts-destination"
        )
    if moved is None and database_file(uri) is None:
        raise ConfigError(f"{named} does not lie beside its artifacts: add --from OLD --to NEW")
    if moved is not None and not moved[1].is_dir():
        raise TrackingError(
            f"--to {moved[1]} is not a folder: expected where the artifacts are now"
        )


def _found_beside(database: Path | None, places: list[str]) -> Iterator[tuple[Path, Path]]:
    """Where folders of artifacts were that are gone, and where they are beside the database."""
    assert database is not None
    for place in places:
        old = local_folder(place)
        if old is None or not old.is_absolute() or old.is_dir():
            continue
        # The longest part of the old path first: a/kept rather than kept.
        for start in range(1, len(old.parts)):
            new = database.absolute().parent.joinpath(*old.parts[start:])
            if new.is_dir():
                yield old, new
                break


def _replaced(connection: "Connection", old: Path, new: Path) -> int:
    """Replaces the beginning of addresses; returns how many were changed."""
    from sqlalchemy import MetaData, Table, func, or_, select, update

    count = 0
    # An address is a path or a file URI.
    for before, after in ((old.as_uri(), new.as_uri()), (str(old), str(new))):
        for name, columns in _COLUMNS.items():
            table = Table(name, MetaData(), autoload_with=connection)
            for column in (table.c[key] for key in columns):
                # Not LIKE, for which a folder's name may hold signs with a meaning.
                below = func.substr(column, 1, len(before) + 1) == f"{before}/"
                affected = or_(column == before, below)
                rows = select(func.count()).select_from(table).where(affected)
                count += connection.execute(rows).scalar_one()
                changed = after + func.substr(column, len(before) + 1)
                connection.execute(update(table).where(affected).values({column: changed}))
    return count
