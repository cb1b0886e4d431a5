"""Templates of Markdown files: names in them are free text, and mean themselves."""

import functools
import re
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from resistor_cls.errors import many, printable
from resistor_cls.evaluation.wording import digits, level, share

# What would begin emphasis, code, a link, a cell or an HTML tag.
_MARKDOWN = re.compile(r"([\\`*<>|\[\]])")


def filled(template: str, **values: Any) -> str:
    """Fills a template.

    Args:
        template: name of a file in `templates`.
        values: what it names.
    """
    return _environment().get_template(template).render(**values)


def yaml_head(values: dict[str, Any]) -> Markup:
    """The head of a card of the Hugging Face Hub, between lines of three dashes."""
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)
    return Markup(f"---\n{text}---")


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        finalize=_as_text,
    )  # autoescape is for HTML; here `finalize` escapes
    environment.filters |= {
        "code": _as_code, "digits": digits, "level": level, "many": many, "markup": Markup,
        "share": share,
    }  # fmt: skip
    return environment


def _as_text(value: Any) -> Any:
    if isinstance(value, str) and not isinstance(value, Markup):
        return _MARKDOWN.sub(r"\\\1", printable(value))
    return value


def _as_code(value: Any) -> Markup:
    """Text in a code span, in which nothing can be escaped."""
    return Markup("`" + printable(str(value)).replace("`", "'").replace("|", "/") + "`")
