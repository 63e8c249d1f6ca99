"""METEOR of English captions, by its authors' program, where Java and pycocoevalcap are installed.

METEOR 1.5 (Denkowski and Lavie 2014) also takes stems, synonyms and paraphrases for matches; its
tables come with the program, which reads sentences from its stdin. What it counts for one can be
added up, and of such sums it gives the score of a corpus.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from timanh.captioning.words import plain_words
from timanh.errors import TimAnhError

JAR = Path("meteor", "meteor-1.5.jar")
LANGUAGE = "en"


class MeteorError(TimAnhError):
    """There is no METEOR here, or it stopped; the message says why, and what to do."""


def meteor_command(language: str) -> list[str]:
    """What starts the program.

    Raises:
        MeteorError: it compares no captions in this language, or is not installed.
    """
    if language != LANGUAGE:
        raise MeteorError("it compares English captions only")
    package = find_spec("pycocoevalcap")
    places = [] if package is None else list(package.submodule_search_locations or [])
    jar = next((Path(place) / JAR for place in places if (Path(place) / JAR).is_file()), None)
    if jar is None:
        raise MeteorError("pip install pycocoevalcap")
    java = shutil.which("java")
    if java is None:
        raise MeteorError("it needs Java, and there is no java on the PATH")
    program = [java, "-Dfile.encoding=UTF-8", "-Xmx2G", "-jar", str(jar)]
    return [*program, "-", "-", "-stdio", "-l", LANGUAGE, "-norm"]


class Meteor:
    """The running program; see `running_meteor`."""

    def __init__(self, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
        """`said` is where its errors go."""
        self._process = process
        self._said = said

    def counts(
        self, candidates: Sequence[str], references: Sequence[Sequence[str]]
    ) -> NDArray[np.float64]:
        """(N, 23) what it counts for each caption and its best reference.

        Raises:
            MeteorError: it stopped.
        """
        rows = []
        for candidate, texts in zip(candidates, references, strict=True):
            words = [" ".join(plain_words(text)) for text in (*texts, candidate)]
            [answer] = self._ask("SCORE ||| " + " ||| ".join(words), 1)
            rows.append(answer.split())
        return self._numbers(rows)

    def scores(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """(M,) METEOR, 0..1, of M rows of counts, each of a caption or the sum of many.

        Raises:
            MeteorError: it stopped.
        """
        rows = [" ".join(map(str, row)) for row in counts.tolist()]
        # Behind the scores of the rows comes that of all together.
        return self._numbers(self._ask("EVAL ||| " + " ||| ".join(rows), len(rows) + 1)[:-1])

    def _ask(self, line: str, answers: int) -> list[str]:
        try:
            into, out = _pipes(self._process)
            into.write(f"{line}\n".encode())
            into.flush()
            found = [out.readline().decode().strip() for _ in range(answers)]
        except OSError as error:
            raise self._stopped() from error
        if not all(found):
            raise self._stopped()
        return found

    @staticmethod
    def _numbers(answers: list[Any]) -> NDArray[np.float64]:
        try:
            return np.array(answers, np.float64)
        except ValueError as error:
            raise MeteorError(f"its program answers no numbers ({error})") from error

    def _stopped(self) -> MeteorError:
        self._process.kill()
        self._process.wait()
        self._said.seek(0)
        words = self._said.read().decode("utf8", "replace").strip().splitlines()
        return MeteorError(f"its program stopped ({(words or ['without a word'])[-1][:200]})")


@contextmanager
def running_meteor(command: Sequence[str]) -> Iterator[Meteor]:
    """The program that `command` starts, until the end of the block.

    Raises:
        MeteorError: it cannot be started.
    """
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
            )
        except OSError as error:
            raise MeteorError(f"{command[0]} cannot be started ({error.strerror})") from error
        try:
            yield Meteor(process, said)
        finally:
            process.kill()
            process.communicate()


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin is not None and process.stdout is not None
    return process.stdin, process.stdout
