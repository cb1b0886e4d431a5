"""Serves a model over HTTP: predictions, a page for people, metrics."""

import argparse
import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from resistor_cls.config.calling import as_called, called, named_as_given, show
from resistor_cls.config.command_line import Parser, path
from resistor_cls.config.model_options import add_code_option, add_model_option, add_store_option
from resistor_cls.custom_code import allow_code
from resistor_cls.errors import ConfigError, end_process, run_command
from resistor_cls.serving.hosts import addresses_of, is_loopback
from resistor_cls.serving.limits import Limits

if TYPE_CHECKING:
    from resistor_cls.inference import Predictor
    from resistor_cls.inference.read_options import ReadOptions
    from resistor_cls.serving.service import Options

TOKEN = "RESISTOR_CLS_TOKEN"  # environment variable
_LIBRARIES = ("fastapi", "prometheus_client", "python_multipart", "starlette", "uvicorn")
_EXAMPLES = f"""examples:
  python -m resistor_cls.serve
      the model of the package on http://127.0.0.1:8000, for this machine alone
  python -m resistor_cls.serve --model checkpoints/best.ckpt --review corrections/
  {TOKEN}=… python -m resistor_cls.serve --host 0.0.0.0 --port 8080
      for other machines too: requests have to carry the token

docs/service.md has requests, limits and metrics.
exit status: 0 stopped by SIGTERM; 2 something you can fix, such as a port in use; 130 Ctrl-C
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    return run_command(lambda: _run(_parser().parse_args(argv)))


def _parser() -> Parser:
    parser = Parser(
        prog=called("serve"),
        description=__doc__,
        epilog=as_called(_EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_model_options(parser)
    server = parser.add_argument_group("server")
    server.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1")
    server.add_argument("--port", type=int, default=8000, help="default: 8000; 0 is any free one")
    server.add_argument(
        "--token-file",
        type=path,
        metavar="FILE",
        help=f"file with the token that requests have to carry; without it that of ${TOKEN}. "
        "Needed for a host that is not loopback",
    )
    server.add_argument(
        "--review",
        type=path,
        metavar="FOLDER",
        help="store photos with corrected values there, for data=folder to train on",
    )
    server.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="threads that predict; default: 1. More gain where one does not use all cores",
    )
    _add_limits(parser)
    return parser


def _add_model_options(parser: Parser) -> None:
    group = parser.add_argument_group("model")
    add_model_option(group)
    add_code_option(group)
    add_store_option(group)
    group.add_argument("--series", metavar="any|E24|E96", help="as of predict")
    group.add_argument("--categories", type=path, metavar="FILE", help="as of predict")
    group.add_argument("--threshold", type=float, metavar="PROBABILITY", help="as of predict")


def _add_limits(parser: Parser) -> None:
    group = parser.add_argument_group("limits")
    for name, default, help_ in (
        ("--max-bytes", Limits.bytes, "of one request"),
        ("--max-pixels", Limits.pixels, "of one photo"),
        ("--max-photos", Limits.photos, "in one request"),
        ("--max-waiting", Limits.waiting, "photos of all requests that wait"),
    ):
        group.add_argument(
            name, type=int, default=default, metavar="N", help=f"{help_}; default: {default}"
        )
    group.add_argument(
        "--timeout",
        type=float,
        default=Limits.seconds,
        metavar="SECONDS",
        help=f"until a request is given up; default: {Limits.seconds:g}",
    )


def _run(arguments: argparse.Namespace) -> None:
    with named_as_given("tracking.uri", "--tracking-uri"):
        _serve(arguments)


def _serve(arguments: argparse.Namespace) -> None:
    token = _checked(arguments)
    # Imported here, so that --help and the check of arguments take no seconds.
    try:
        from resistor_cls.serving.server import listening_socket, serve, url_of

        with closing(listening_socket(arguments.host, arguments.port)) as listening:
            from resistor_cls.serving.app import create_app

            app = create_app(_predictor(arguments), _options(arguments, token))
            line = f"{arguments.model} is served on {url_of(listening)} (Ctrl-C stops it)"
            serve(app, listening, arguments.timeout, lambda: show(line))
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error


def _not_installed(error: ModuleNotFoundError) -> ModuleNotFoundError | ConfigError:
    """The error where a library of the extra `serve` is missing; any other as it is."""
    missing = (error.name or "").partition(".")[0]
    if missing not in _LIBRARIES:
        return error
    return ConfigError(f"{missing} is not installed: pip install 'resistor_cls[serve]'")


def _checked(arguments: argparse.Namespace) -> str | None:
    """Checks all arguments before imports that take seconds; returns the token.

    Raises:
        ResistorClsError: one that cannot be used.
    """
    from resistor_cls.tracking.references import check_reference

    if not 0 <= arguments.port <= 65_535:
        raise ConfigError(f"--port {arguments.port}: expected 0 to 65535")
    for name in ("max_bytes", "max_pixels", "max_photos", "max_waiting", "timeout", "workers"):
        if not 1 <= getattr(arguments, name) < 2**40:
            option = f"--{name.replace('_', '-')}"
            raise ConfigError(f"{option} {getattr(arguments, name):g}: expected 1 or more")
    if arguments.threshold is not None and not 0 <= arguments.threshold <= 1:
        raise ConfigError(f"--threshold {arguments.threshold:g}: expected 0 to 1")
    token = _token(arguments.token_file)
    if token is None and not is_loopback(arguments.host):
        addresses_of(arguments.host, arguments.port)  # a name without a machine needs no token
        raise ConfigError(
            f"--host {arguments.host}: others could use the service without a token; give "
            f"--token-file FILE or {TOKEN}=…, or serve this machine alone with --host 127.0.0.1"
        )
    if arguments.review is not None:
        _check_review(arguments.review)
    allow_code(*arguments.allow_code)
    check_reference(arguments.model, arguments.tracking_uri, "--model")
    return token


def _token(file: Path | None) -> str | None:
    """The token of a file or of the environment; None where there is none.

    Raises:
        ConfigError: a file that cannot be read, or a token that no header can carry.
    """
    if file is None:
        token, source = os.environ.get(TOKEN), f"${TOKEN}"
        if token is None:
            return None
    else:
        source = f"--token-file {file}"
        try:
            token = file.read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise ConfigError(f"{source} cannot be read: {why}") from error
    token = token.strip()
    if not token or not all("!" <= letter <= "~" for letter in token):
        raise ConfigError(
            f"{source} holds no token: expected one word of ASCII characters, such as "
            "python -c 'import secrets; print(secrets.token_urlsafe())' prints"
        )
    return token


def _check_review(folder: Path) -> None:
    """Makes the folder of corrections.

    Raises:
        ConfigError: it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError as error:
        raise ConfigError(f"--review {folder}: {error.strerror}; name another folder") from error
    if not writable:
        raise ConfigError(f"--review {folder} cannot be written: name another folder")


def _options(arguments: argparse.Namespace, token: str | None) -> "Options":
    from resistor_cls.serving.service import Options

    stored = arguments.model.startswith(("runs:/", "models:/"))
    return Options(
        # No client is shown a path.
        model=arguments.model if stored else Path(arguments.model).name,
        threshold=arguments.threshold,
        listed=arguments.categories is not None,
        limits=Limits(
            bytes=arguments.max_bytes,
            pixels=arguments.max_pixels,
            photos=arguments.max_photos,
            seconds=arguments.timeout,
            waiting=arguments.max_waiting,
        ),
        token=token,
        review=arguments.review,
        workers=arguments.workers,
    )


def _predictor(arguments: argparse.Namespace) -> "Predictor":
    """Loads the model."""
    from resistor_cls.inference import Predictor
    from resistor_cls.tracking import model_file

    options = _read_options(arguments)
    with model_file(arguments.model, arguments.tracking_uri, "--model") as file:
        predictor = Predictor.load(file)
    predictor.argument_prefix = "--"
    predictor.set_read_options(options)
    predictor.argument_prefix = ""  # reasons are read by clients, who know no option
    predictor.set_inference(threshold=arguments.threshold)
    return predictor


def _read_options(arguments: argparse.Namespace) -> "ReadOptions":
    from resistor_cls.category_codes import readable_categories
    from resistor_cls.inference.read_options import ReadOptions

    if arguments.categories is None:
        return ReadOptions(arguments.series)
    categories = readable_categories(arguments.categories)
    # Reasons name the list, and no client is shown a path.
    return ReadOptions(arguments.series, categories, arguments.categories.name)


if __name__ == "__main__":
    end_process(main())
