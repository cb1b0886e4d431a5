"""Reads the pages that a run keeps."""

import json
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "img", "br", "input", "link"}


class Page(HTMLParser):
    """Checks that tags nest, and keeps attributes, text and the data of the script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.cells: dict[str, Any] = {}
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in {"script", "style"}:
            self.text += data
        elif data.startswith("{"):
            self.cells = json.loads(data)

    def ids(self) -> set[str]:
        return {value for _, name, value in self.attributes if name == "id"}
