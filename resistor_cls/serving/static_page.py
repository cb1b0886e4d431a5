"""The files of the page for people, and what it may load."""

from pathlib import Path

PAGE = Path(__file__).with_name("page")
# The Content-Security-Policy of the page: it loads nothing from other hosts.
POLICY = "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:"
