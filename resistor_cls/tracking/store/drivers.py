"""Drivers of the databases that MLflow can use: each comes with an extra of ours."""

from urllib.parse import urlsplit

from resistor_cls.errors import TrackingError

# Databases that MLflow can use, and the address whose driver our extra of the same name installs.
_DRIVERS = {"postgresql": "postgresql://", "mysql": "mysql+pymysql://", "mssql": "mssql+pyodbc://"}


def check_driver(uri: str) -> None:
    """Checks that the driver of a database is installed.

    Raises:
        TrackingError: it is not; names what installs it, and nothing of the address but its kind.
    """
    scheme = urlsplit(uri).scheme
    database = scheme.partition("+")[0]
    if database not in _DRIVERS:
        return
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        make_url(f"{scheme}://").get_dialect().import_dbapi()
    except (ImportError, ArgumentError) as error:
        raise TrackingError(
            f"tracking.uri={scheme}://… needs a driver that is not installed ({error}): "
            f"pip install 'resistor_cls[{database}]', and write {_DRIVERS[database]}…"
        ) from error
