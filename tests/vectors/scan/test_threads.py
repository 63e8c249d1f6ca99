"""Threads that share out the rows of one query."""

import multiprocessing
import sys
import threading

import pytest

from timanh.vectors.scan import threads


def test_parts_come_back_in_order_and_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "cores", lambda: 3)
    threads._pool.cache_clear()
    together = threading.Barrier(3, timeout=10)

    def work(part: int) -> int:
        together.wait()
        return part * part

    try:
        assert threads.in_threads(work, 3) == [0, 1, 4]
    finally:
        threads._pool.cache_clear()


def test_a_single_part_stays_in_its_thread() -> None:
    assert threads.in_threads(lambda part: threading.get_ident(), 1) == [threading.get_ident()]


def test_what_goes_wrong_in_a_thread_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        threads.in_threads(lambda part: 1 // part, 2)


def squares() -> None:
    sys.exit(0 if threads.in_threads(lambda part: part * part, 2) == [0, 1] else 1)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_has_new_threads() -> None:
    assert threads.in_threads(lambda part: part, 2) == [0, 1]
    child = multiprocessing.get_context("fork").Process(target=squares)
    child.start()
    child.join(20)
    alive = child.is_alive()
    child.kill()
    assert not alive and child.exitcode == 0
