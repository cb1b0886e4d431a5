"""Fetches the real data set: resumed after an interruption, checked, then moved into place."""

import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path

from tqdm import tqdm

from resistor_cls.data.scratch import remove_left_over, scratch_folder
from resistor_cls.data.sources.archives import MAX_UNPACKED, unpack
from resistor_cls.errors import DataError

RESISTOR37_URL = "https://h2o-ht-catalog.s3.amazonaws.com/image_classification/Resistor.zip"
SILENCE = 30  # seconds without a byte after which a connection is given up
CHUNK = 1 << 20  # bytes


def fetch_and_unpack(url: str, root: Path) -> None:
    """Puts the unpacked content of a zip at `root`.

    A zip that lies at `ROOT.zip`, put there by hand or by an earlier try, is used as it is.

    Raises:
        DataError: no network, a damaged zip, no space or no permission.
    """
    archive = root.with_name(f"{root.name}.zip")
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        if not archive.exists():
            fetch(url, archive)
        _unpack(archive, root)
    except urllib.error.URLError as error:
        raise DataError(
            f"the data set at {url} cannot be fetched ({error.reason}): put the zip by hand at "
            f"{archive}, or use synthetic photos by data=rendered"
        ) from error
    except OSError as error:
        raise DataError(f"data.root={root} cannot be written: {error}") from error


def fetch(url: str, archive: Path) -> None:
    """Downloads a file; what an earlier try has left is resumed.

    Raises:
        URLError: no network, no such file, or a connection that broke off.
        OSError: no space or no permission.
    """
    part = archive.with_name(f"{archive.name}.part")
    done = part.stat().st_size if part.exists() else 0
    try:
        headers = {"Range": f"bytes={done}-"} if done else {}
        request = urllib.request.Request(url, headers=headers)
        response = urllib.request.urlopen(request, timeout=SILENCE)
    except (ValueError, HTTPException) as error:  # not an address, or not one of a web server
        raise urllib.error.URLError(error) from error
    except urllib.error.HTTPError as error:
        if not (done and error.code == 416):  # 416: all bytes are here already
            raise
    else:
        with response:
            resumed = response.status == 206
            done = done if resumed else 0
            rest = response.headers.get("Content-Length")
            total = done + int(rest) if rest else None
            progress = tqdm(
                total=total,
                initial=done,
                unit="B",
                unit_scale=True,
                desc=archive.name,
                leave=False,
                disable=None,  # not in a log file
            )
            with part.open("ab" if resumed else "wb") as file, progress:
                while block := _read(response):
                    if done + len(block) > MAX_UNPACKED:  # a server that never ends
                        raise urllib.error.URLError(f"it has more than {MAX_UNPACKED:,} bytes")
                    file.write(block)
                    progress.update(len(block))
                    done += len(block)
        if total is not None and done < total:
            raise urllib.error.URLError(f"broke off at {done:,} of {total:,} bytes; run again")
    part.replace(archive)


def _read(response: HTTPResponse) -> bytes:
    try:
        return response.read(CHUNK)
    except (OSError, HTTPException) as error:
        raise urllib.error.URLError(f"broke off: {error}; run again") from error


def _unpack(archive: Path, root: Path) -> None:
    prefix = f".{root.name}-"
    remove_left_over(root.parent, prefix)
    with scratch_folder(root.parent, prefix) as scratch:
        unpacked = scratch / "unpacked"
        unpacked.mkdir()
        unpack(archive, unpacked)
        if root.exists():  # an empty folder that the user made: it was checked to be empty
            root.rmdir()
        unpacked.replace(root)
