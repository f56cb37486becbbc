"""What is found once a run: counted."""

import pytest

from app.once import once_a_run, one_run


def test_once_a_run_and_anew_in_the_next() -> None:
    asked: list[tuple[object, ...]] = []

    @once_a_run
    def find(*args: object, **more: object) -> int:
        asked.append(args)
        return len(asked)

    with one_run():
        assert [find("a"), find("b"), find("a"), find("a", more=1), find("a", more=1)] == [1, 2, 1, 3, 3]
    with one_run():
        assert [find("a"), find("a")] == [4, 4]
    assert [find("a"), find("a")] == [5, 6]  # outside, as in a widget's callback, nothing is kept


def test_a_run_that_fails_keeps_nothing() -> None:
    @once_a_run
    def find() -> list[int]:
        return []

    def fail() -> None:
        with one_run():
            find().append(1)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with one_run():
        assert find() == []
