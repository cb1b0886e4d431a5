"""When Python searches for garbage."""

import gc

from resistor_cls.garbage import rare_searches, search_as_usual


def test_searches_are_rare_while_a_job_imports() -> None:
    before = gc.get_threshold()
    with rare_searches():
        assert gc.get_threshold() > before
        search_as_usual()  # a training begins
        assert gc.get_threshold() == before
    with rare_searches():
        pass
    assert gc.get_threshold() == before
