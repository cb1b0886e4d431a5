"""Saves results that were computed elsewhere into a run."""

from typing import TYPE_CHECKING

from resistor_cls.evaluation.results import Results

if TYPE_CHECKING:
    from resistor_cls.tracking.run.run import Run


def save_results(run: "Run", results: Results) -> None:
    """Writes results to the folder of a run, and to MLflow where the run is tracked.

    Figures become `figures/NAME.png`, tables `tables/NAME.csv`; texts and files keep their names.

    Args:
        run: that gets them.
        results: named values, see `Results`.
    """
    if results.tags:
        run.set_tags(results.tags)
    if results.params:
        run.log_params(results.params)
    for name, table in results.tables.items():
        run.save_table(name, table, index=table.index.name is not None)
    run.save_figures(results.figures)
    for name, write in results.files.items():
        run.save_file(name, write)
    for name, text in results.texts.items():
        run.save_text(name, text)
    if results.metrics:
        run.log_metrics(results.metrics)
