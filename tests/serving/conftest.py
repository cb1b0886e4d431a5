from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from resistor_cls.serving.app import create_app
from resistor_cls.serving.limits import Limits
from resistor_cls.serving.service import Options
from tests.helpers.served import Brightness

Served = Callable[..., TestClient]


@pytest.fixture
def predictor() -> Brightness:
    return Brightness()


@pytest.fixture
def served(predictor: Brightness, tmp_path: Path) -> Iterator[Served]:
    """Serves a predictor; arguments are options and limits."""
    with ExitStack() as stack:

        def start(
            of: Any = predictor, limits: dict[str, Any] | None = None, **options: Any
        ) -> TestClient:
            chosen = replace(Options(limits=Limits(**(limits or {}))), **options)
            app = create_app(of, chosen, page=tmp_path / "page")
            client = TestClient(
                app, base_url="http://localhost:8000", raise_server_exceptions=False
            )
            return stack.enter_context(client)

        yield start


@pytest.fixture
def client(served: Served) -> TestClient:
    """A service with the usual options."""
    return served()
