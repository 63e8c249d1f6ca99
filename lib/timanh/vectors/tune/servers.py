"""Choose how a server searches the copy of a dictionary that it holds."""

import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from timanh.errors import SettingsError
from timanh.vectors.servers.engines import open_copy
from timanh.vectors.servers.server_copy import EFFORTS, ServerCopy
from timanh.vectors.tune.choose import Tuned, check_settings, check_size
from timanh.vectors.tune.measure import Choice, K, Say, Tuner, Way, take_turns

METHODS = ("auto", "exact", "hnsw")


def tune_engine(
    folder: Path,
    engine: str,
    queries: NDArray[np.float32],
    *,
    method: str = "auto",
    recall: float = 0.99,
    say: Say = lambda text: None,
) -> Tuned:
    """Measure the server's own ways to search `folder`'s copy, and let it use the best.

    `auto` takes HNSW where it reaches the recall and is faster than reading every vector. The
    choice stays with the server, and is made again when the dictionary is copied again.

    Args:
        engine: as `open_engine`, but not "folder".
        queries: (n, dim) float32 vectors of texts like those to come, n ≥ 20.
        recall: share of the 10 nearest that the index must find, 0..1.

    Raises:
        SettingsError: an unknown method or engine, a recall outside 0..1, or too few queries.
        DictionaryError: the server fails.
    """
    check_settings(method, METHODS, recall, len(queries))
    copy = open_copy(folder, engine)
    try:
        check_size(copy)
        return _tune(copy, Tuner(copy.dictionary.parts, queries, recall, 1, say), method)
    finally:
        copy.close()


def _tune(copy: ServerCopy, tuner: Tuner, method: str) -> Tuned:
    copy.drop_index()
    found, ms = tuner.measure(_way(copy))
    exact = Choice("exact", "every vector is read", found, ms, 0.0, 0.0)
    tuner.say(f"exact: {ms:.2f} ms, recall@{K} {found:.4f}")
    if method == "exact":
        return Tuned(exact, (exact,))
    try:
        graph, effort = _graph(copy, tuner)
    except SettingsError as error:  # a server that builds none over so many
        if method == "hnsw":
            raise
        tuner.say(str(error))
        return Tuned(exact, (exact,))
    if copy.scans_beside_index:
        took = take_turns([_way(copy, exact=True), _way(copy)], tuner.queries)
        exact, graph = replace(exact, ms=took[0]), replace(graph, ms=took[1])
    enough = graph.reaches(tuner.recall) and graph.ms < exact.ms
    if method == "auto" and not enough:
        copy.drop_index()
        return Tuned(exact, (exact, graph))
    copy.set_effort(effort, asdict(graph))
    return Tuned(graph, (exact, graph))


def _way(copy: ServerCopy, *, exact: bool = False) -> Way:
    return lambda query, k: copy.search(query, k, exact=exact)[0]


def _graph(copy: ServerCopy, tuner: Tuner) -> tuple[Choice, int]:
    """With the least effort that reaches the recall, or with the most there is."""
    began = time.perf_counter()
    copy.make_index(tuner.known)
    spent = time.perf_counter() - began
    megabytes = copy.index_bytes() / 1e6
    for effort in EFFORTS:
        copy.set_effort(effort, {})
        recall, ms = tuner.measure(_way(copy))
        choice = Choice("hnsw", f"effort {effort}", recall, ms, spent, megabytes)
        tuner.say(f"hnsw: {ms:.2f} ms, recall@{K} {recall:.4f}, effort {effort}")
        if recall >= tuner.recall:
            break
    of_pictures, pictures_ms = tuner.measure_pictures(_way(copy))
    tuner.say(f"pictures: {pictures_ms:.2f} ms, recall@{K} {of_pictures:.4f}")
    return replace(choice, of_pictures=of_pictures, pictures_ms=pictures_ms), effort
