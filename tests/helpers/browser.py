"""Drives headless Chromium by the DevTools protocol, over pipes: no port and no library."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--no-first-run",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--remote-debugging-pipe",
)


class Browser:
    """One tab of a headless Chromium.

    Args:
        profile: empty folder for its files.
    """

    def __init__(self, profile: Path) -> None:
        assert CHROMIUM is not None
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        # Chromium reads commands from descriptor 3 and writes answers to descriptor 4. The shell
        # moves them there: by way of 8 and 9, because they may be 3 and 4 in the other order.
        moved = f'exec 8<&{theirs_in} 9>&{theirs_out}; exec 3<&8 4>&9 8<&- 9>&-; exec "$@"'
        self._process = subprocess.Popen(
            ["bash", "-c", moved, "bash", CHROMIUM, *FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(theirs_in, theirs_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(profile)},
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._rest, self._last, self._session = b"", 0, None
        self.events: list[dict[str, Any]] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "DOM", "Log"):
            self.send(f"{domain}.enable")
        self.emulate()

    def emulate(
        self,
        width: int = 1280,
        height: int = 900,
        mobile: bool = False,
        dark: bool = False,
        scale: float = 1,
    ) -> None:
        """Takes another screen.

        Args:
            width: of the window in pixels.
            height: of the window in pixels.
            mobile: whether it is a phone: touch, and the viewport of a phone.
            dark: whether the person prefers dark colours.
            scale: pixels of the screen per pixel of the page.
        """
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=mobile,
        )
        self.send("Emulation.setTouchEmulationEnabled", enabled=mobile)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Sends a command and waits for its answer.

        Raises:
            RuntimeError: the command failed, or the browser ended.
        """
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            received = self._receive()
            if received.get("id") == self._last:
                if "error" in received:
                    raise RuntimeError(f"{method}: {received['error']['message']}")
                return dict(received["result"])
            self.events.append(received)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            read = os.read(self._in, 1 << 20)
            if not read:
                raise RuntimeError("the browser has ended")
            self._rest += read
        message, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(message))

    def open(self, address: str) -> None:
        """Opens a page and waits until its modules have run."""
        self.run("window.isBefore = true")
        self.send("Page.navigate", url=address)
        self.wait_for("!window.isBefore && document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """Runs a script of the page, which may await; returns the value of its last expression."""
        done = self.send(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
            replMode=True,
        )
        if "exceptionDetails" in done:
            details = done["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return done["result"].get("value")

    def wait_for(self, condition: str, seconds: float = 20) -> None:
        """Waits until a condition of the page holds.

        Raises:
            RuntimeError: it does not hold in time.
        """
        # In the page: one command, however often it looks.
        held = self.run(
            f"""const until = performance.now() + {1000 * seconds};
            while (!({condition}) && performance.now() < until)
              await new Promise((done) => setTimeout(done, 20));
            Boolean({condition})"""
        )
        if not held:
            raise RuntimeError(f"not within {seconds:g} s: {condition}")

    def choose_files(self, selector: str, files: Sequence[Path]) -> None:
        """Chooses files in a field, as a person does."""
        document = self.send("DOM.getDocument")["root"]["nodeId"]
        node = self.send("DOM.querySelector", nodeId=document, selector=selector)["nodeId"]
        self.send("DOM.setFileInputFiles", nodeId=node, files=[str(file) for file in files])

    def drop(self, files: Sequence[Path]) -> None:
        """Drops files or folders on the page."""
        data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.send("Input.dispatchDragEvent", type=kind, x=200, y=200, data=data)

    def press(self, key: str, text: str = "") -> None:
        """Presses a key, such as Tab, or Enter with the text of a carriage return."""
        codes = {"Tab": 9, "Enter": 13, "Escape": 27}
        names = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
        self.send("Input.dispatchKeyEvent", type="keyDown", text=text, **names)
        self.send("Input.dispatchKeyEvent", type="keyUp", **names)

    def screenshot(self, file: Path, whole: bool = False) -> None:
        """Writes what is seen, or the whole page, as a PNG file."""
        picture = self.send("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        file.write_bytes(base64.b64decode(picture))

    def errors(self) -> list[str]:
        """Errors that the page has had: exceptions, refused by the policy, failed requests."""
        found = []
        for event in self.events:
            parameters = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                details = parameters["exceptionDetails"]
                found.append(details.get("exception", {}).get("description", details["text"]))
            if event.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
                found.append(parameters["entry"]["text"])
        return found

    def requests(self) -> set[str]:
        """The addresses that the page has requested."""
        sent = (one for one in self.events if one.get("method") == "Network.requestWillBeSent")
        return {one["params"]["request"]["url"] for one in sent}

    def __enter__(self) -> "Browser":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)
