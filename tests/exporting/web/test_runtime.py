import base64
import hashlib
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from resistor_cls.errors import ConfigError
from resistor_cls.exporting.web import runtime
from resistor_cls.exporting.web.runtime import FILES, VERSION, runtime_files
from tests.helpers.static_host import static_host


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RESISTOR_CLS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def made_up(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Contents that count as those of the runtime."""
    contents = {name: name.encode() for name in FILES}
    digests = {name: hashlib.sha256(one).hexdigest() for name, one in contents.items()}
    monkeypatch.setattr(runtime, "FILES", digests)
    return contents


def write(folder: Path, contents: dict[str, bytes]) -> None:
    folder.mkdir(parents=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)


@pytest.mark.parametrize("place", [".", "dist", "package/dist"])
def test_a_given_folder_may_be_any_part_of_the_package(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = made_up(monkeypatch)
    write(tmp_path / "given" / place, contents)
    assert runtime_files(tmp_path / "given") == contents


def test_a_given_folder_without_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"expected the folder of onnxruntime-web {VERSION}"):
        runtime_files(tmp_path)


def test_files_of_another_version_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "given", {name: b"other" for name in FILES})
    with pytest.raises(ConfigError, match=r"ort\.wasm\.bundle\.min\.mjs is not that of"):
        runtime_files(tmp_path / "given")


def test_cached_files_need_no_network(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = made_up(monkeypatch)
    write(cache / f"onnxruntime-web-{VERSION}", contents)
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    assert runtime_files(None) == contents


def test_without_a_network_the_message_says_what_to_do(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    with pytest.raises(ConfigError, match=r"npm pack onnxruntime-web.* give --runtime FOLDER"):
        runtime_files(None)


@pytest.mark.parametrize("damaged", [False, True])
def test_the_package_is_fetched_and_checked(
    damaged: bool, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = made_up(monkeypatch)
    package = BytesIO()
    with tarfile.open(fileobj=package, mode="w:gz") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(f"package/dist/{name}")
            member.size = len(content)
            archive.addfile(member, BytesIO(content))
    host = tmp_path / "registry" / "onnxruntime-web" / "-"
    write(host, {f"onnxruntime-web-{VERSION}.tgz": package.getvalue()})
    if not damaged:
        digest = hashlib.sha512(package.getvalue()).digest()
        monkeypatch.setattr(runtime, "_INTEGRITY", base64.b64encode(digest).decode())
    with static_host(tmp_path / "registry") as address:
        monkeypatch.setenv("npm_config_registry", address)
        if damaged:
            with pytest.raises(ConfigError, match="is damaged, or another package"):
                runtime_files(None)
            assert list(cache.iterdir()) == []
            return
        assert runtime_files(None) == contents
    assert runtime_files(None) == contents  # from the cache
