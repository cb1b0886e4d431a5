"""Descriptions of runs: what their pages in MLflow say, as Markdown."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from resistor_cls.tracking.run.names import model_name

if TYPE_CHECKING:
    from resistor_cls.tracking.run.run import Run


def training_note(
    run: "Run", title: str, scores: Mapping[str, float], overlap: str, ending: str = ""
) -> str:
    """Describes a training: its best epoch, the report, and how to use the model.

    Args:
        run: of the training.
        title: which epoch, and on which photos.
        scores: of that epoch, by the names of their metrics.
        overlap: see `overlap_note`.
        ending: a sentence about how the training ended.
    """
    report = f"{run.link('report.html')} · {_scores(title, scores)}{ending}"
    use = f"`python -m resistor_cls.predict PHOTO --model {run.model_reference}`"
    return _paragraphs(overlap_note(overlap), report, use)


def evaluation_note(
    run: "Run", reference: str, photos: str, scores: Mapping[str, float], overlap: str
) -> str:
    """Describes an evaluation: the model, the photos and the scores.

    Args:
        run: of the evaluation.
        reference: of the model.
        photos: in words, such as `577 validation photos of rendered`.
        scores: by the names of their metrics.
        overlap: see `overlap_note`.
    """
    report = (
        f"{run.link('report.html')} · {_scores(f'{model_name(reference)} on {photos}', scores)}"
    )
    return _paragraphs(overlap_note(overlap), report, f"Model: `{reference}`")


def overlap_note(overlap: str) -> str:
    """Warns that photos trained the model, such as `12 of 453 photos were TRAINED ON`.

    Returns:
        Empty where the warning is empty.
    """
    return f"**{overlap}.** These scores are optimistic." if overlap else ""


def _scores(title: str, scores: Mapping[str, float]) -> str:
    return f"{title}: {', '.join(f'{name} {value:.4f}' for name, value in scores.items())}."


def _paragraphs(*parts: str) -> str:
    return "\n\n".join(filter(None, parts))
