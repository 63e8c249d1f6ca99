"""Whatever Google's page does, a search over HTTP is answered within 3.5 seconds.

deep-translator itself asks a stand-in for the page, on a real socket.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import requests
from deep_translator.constants import BASE_URLS
from pixel_encoder import PixelEncoder, make_pictures

from timanh.api import create_app
from timanh.search import SearchEngine, Translator
from timanh.search import google as google_page
from timanh.search.translation import google_translate
from timanh.serving import ApiServer
from timanh.vectors import VectorDictionary, build_dictionary

LIMIT_S = 4.0  # three seconds for the translator, and a crowd on a busy machine
Talk = Callable[[socket.socket, threading.Event], None]


def page(body: bytes, status: str = "200 OK", headers: str = "Content-Type: text/html") -> Talk:
    """One answer, whole."""
    head = f"HTTP/1.1 {status}\r\n{headers}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    return lambda client, over: client.sendall(head + body)


def result(text: str) -> Talk:
    """As Google's page for simple browsers has it."""
    return page(f'<html><div class="result-container">{text}</div></html>'.encode())


def hang(client: socket.socket, over: threading.Event) -> None:
    over.wait(20)


def drip(client: socket.socket, over: threading.Event) -> None:
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not over.wait(0.2):
        client.sendall(b"x")


def late(client: socket.socket, over: threading.Event) -> None:
    over.wait(2)
    result("a dog")(client, over)


def reset(client: socket.socket, over: threading.Event) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


CAPTCHA = (
    b"<!doctype html><title>Sorry...</title><form id='captcha-form' action='index'>"
    b"Our systems have detected unusual traffic from your computer network."
)
SLOW = {"translator-slow"}
FAILED = {"translator-failed"}
ODD = {"translator-odd"}
BEHAVIOURS: dict[str, tuple[Talk, set[str | None]]] = {
    "hangs": (hang, SLOW),
    "drips": (drip, SLOW),
    "resets": (reset, FAILED),
    "closes": (lambda client, over: None, FAILED),
    "refuses with 429": (page(b"", "429 Too Many Requests"), FAILED),
    "refuses with 403": (page(b"no", "403 Forbidden"), FAILED),
    "fails with 500": (page(b"<html>", "500 Internal Server Error"), FAILED),
    "asks for a captcha": (page(CAPTCHA), FAILED),
    "sends the browser round": (page(b"", "302 Found", "Location: /again"), FAILED),
    "answers nothing": (page(b""), FAILED),
    "answers half": (
        lambda client, over: client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n<ht"),
        FAILED,
    ),
    "speaks no HTTP": (lambda client, over: client.sendall(b"\0\1\2 hello\r\n\r\n"), FAILED),
    "speaks JSON": (page(b'{"data": ["a dog"]}'), FAILED),
    "lies about gzip": (
        page(b"no gzip", headers="Content-Type: text/html\r\nContent-Encoding: gzip"), FAILED,
    ),
    "has an empty result": (result(""), ODD),
    "has a page as its result": (result("&lt;html&gt;sorry&lt;/html&gt;"), ODD),
    "has an endless result": (result("dog " * 20_000), ODD),
    "is well": (result("a dog"), {None}),
}  # fmt: skip


class Google:
    """A socket that behaves as its `talk` does."""

    def __init__(self) -> None:
        self.talk: Talk = hang
        self.requests = 0
        self.over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/m"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(client,), daemon=True).start()

    def _answer(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            request = b""
            while not request.endswith(b"\r\n\r\n"):  # bytes left unread would reset the answer
                request += client.recv(65536) or b"\r\n\r\n"
            self.requests += 1
            self.talk(client, self.over)

    def close(self) -> None:
        """Let go of all whom it keeps waiting."""
        self.over.set()
        self._listening.close()


@pytest.fixture
def google() -> Iterator[Google]:
    made = Google()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BASE_URLS, "GOOGLE_TRANSLATE", made.url)
        patch.setenv("NO_PROXY", "*")
        yield made
    made.close()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> SearchEngine:
    folder = tmp_path_factory.mktemp("translators")
    build_dictionary(make_pictures(folder / "g", 8), PixelEncoder(), folder / "i", progress=False)
    return SearchEngine(PixelEncoder(), VectorDictionary.open(folder / "i"))


@pytest.fixture(scope="module")
def client(engine: SearchEngine) -> Iterator[httpx.Client]:
    limits = httpx.Limits(max_connections=100)
    with (
        ApiServer(create_app(engine), port=0) as server,
        httpx.Client(base_url=server.url, timeout=30, limits=limits, trust_env=False) as client,
    ):
        yield client


def search(client: httpx.Client, words: str, **form: str) -> tuple[float, dict[str, object]]:
    began = time.monotonic()
    answer = client.post("/api/search", data={"query": words, **form})
    took = time.monotonic() - began
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["results"]) == 5
    return took, answer.json()["query"]


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_an_answer_in_time_whatever_the_translator_does(
    engine: SearchEngine, google: Google, client: httpx.Client, behaviour: str
) -> None:
    """Both texts of a query need it; together they may not wait longer than one."""
    engine.translator = Translator()
    google.talk, codes = BEHAVIOURS[behaviour]
    before = google.requests
    took, query = search(client, "con chó chạy", without="trời mưa")
    assert took < LIMIT_S
    assert google.requests > before
    assert query["notice_code"] in codes
    assert query["translated"] == ("a dog" if codes == {None} else None)


def test_a_translator_that_refuses_connections(
    engine: SearchEngine, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setitem(BASE_URLS, "GOOGLE_TRANSLATE", f"http://127.0.0.1:{port}/m")
    engine.translator = Translator()
    took, query = search(client, "con chó chạy", without="trời mưa")
    assert took < LIMIT_S and query["notice_code"] == "translator-failed"


@pytest.mark.parametrize("talk", [hang, late])
def test_a_crowd_at_a_slow_translator_is_answered_in_time_and_english_at_once(
    engine: SearchEngine, google: Google, client: httpx.Client, talk: Talk
) -> None:
    """Each with words of its own; four at a time ask, the others do not wait for their turn."""
    engine.translator = Translator()
    google.talk = talk
    with ThreadPoolExecutor(24) as pool:
        started = [pool.submit(search, client, f"con chó số {number}") for number in range(24)]
        time.sleep(0.3)
        english, _ = search(client, "a dog")
        answers = [each.result() for each in started]
    assert max(took for took, _ in answers) < LIMIT_S
    assert english < 1
    codes = {query["notice_code"] for _, query in answers}
    assert codes <= {"translator-slow", "translator-resting", None}
    assert (None in codes) == (talk is late)


@pytest.mark.parametrize("talk", [hang, drip])
def test_a_connection_is_given_up(
    google: Google, monkeypatch: pytest.MonkeyPatch, talk: Talk
) -> None:
    """deep-translator has no timeout of its own; a thread would hang as long as the page does."""
    monkeypatch.setattr(google_page, "READ_S", 0.4)
    monkeypatch.setattr(google_page, "WHOLE_S", 0.8)
    google.talk = talk
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        google_translate("con chó")
    assert time.monotonic() - began < 3


def test_a_page_that_never_ends_is_not_read_to_its_end(
    google: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google_page, "MOST_BYTES", 1000)
    google.talk = result("dog " * 1000)
    with pytest.raises(requests.RequestException):
        google_translate("con chó")


def test_a_stream_begins_in_time_too(
    engine: SearchEngine, google: Google, client: httpx.Client
) -> None:
    engine.translator = Translator()
    google.talk = hang
    began = time.monotonic()
    form = {"query": "con chó chạy"}
    with client.stream("POST", "/api/search/stream", data=form) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: understood"
        assert time.monotonic() - began < LIMIT_S
        assert "event: done" in list(lines)
