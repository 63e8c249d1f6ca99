"""What the API and the backend each have, since neither imports the other: one table for both."""

import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grimp
import pytest
from fastapi import APIRouter, Depends, FastAPI, Form, UploadFile
from fastapi.testclient import TestClient
from pixel_encoder import PixelEncoder, make_pictures
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from upstream_standin import BACKEND

from timanh.api import ApiConfig, create_app
from timanh.api.http import docs_page, gate, known_fields, problems
from timanh.api.http.metrics import Metrics
from timanh.errors import TimAnhError
from timanh.search import SearchEngine
from timanh.serving import ServeConfig, config, listening
from timanh.vectors import VectorDictionary, build_dictionary

LIMIT = 1000  # bytes of a request
HOST = "127.0.0.1:8000"


class Fields(BaseModel):
    words: str = ""
    seen: dict[str, str] = {}


def small_app(refusal: Callable[..., Exception]) -> FastAPI:
    """Routes that fail in each way, and such as take fields."""
    app, router = FastAPI(), APIRouter()

    @router.get("/query")
    def query(words: str = "", k: int = 1) -> int:
        return k

    @router.post("/form")
    def form(words: str = Form(""), file: UploadFile | None = None) -> int:
        return len(words)

    @router.post("/json")
    def json(body: Fields) -> int:
        return 1

    app.include_router(router, dependencies=[Depends(known_fields.only_known_fields)])

    @app.get("/number/{number}")
    def number(number: int) -> int:
        return number

    @app.get("/refused/{status}")
    def refused(status: int) -> None:
        raise refusal(status, "some-code", "Words \ud800.", retry_after=3, near=["a", "Huế"])

    @app.get("/http/{status}")
    def http(status: int) -> None:
        raise HTTPException(status)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("a secret")

    return app


@pytest.fixture(params=["API", "backend"])
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    if request.param == "API":
        app = small_app(problems.RequestError)
        problems.install(app)
        settings = ApiConfig(max_request_bytes=LIMIT)
        app.add_middleware(gate.Gate, config=settings, metrics=Metrics())
    else:
        monkeypatch.syspath_prepend(str(BACKEND))
        from utils import guard
        from utils import problems as backend

        app = small_app(backend.BackendError)
        backend.install(app)
        app.add_middleware(guard.Guard, max_request_bytes=LIMIT)
    return TestClient(app, f"http://{HOST}")


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("GET", "/nowhere", {}, 404, "not-found"),
        ("POST", "/number/1", {}, 405, "method-not-allowed"),
        ("GET", "/number/one", {}, 422, "invalid-request"),
        ("GET", "/http/418", {}, 418, "i'm-a-teapot"),
        ("GET", "/refused/503", {}, 503, "some-code"),
        ("GET", "/refused/422", {}, 422, "some-code"),
        ("GET", "/broken", {}, 500, "internal-error"),
        ("GET", "/number/1", {"Host": "evil.example"}, 403, "foreign-host"),
        ("GET", "/number/1", {"Host": "127.0.0.1.evil.example"}, 403, "foreign-host"),
        ("GET", "/number/1", {"Host": "10.0.0.1"}, 403, "foreign-host"),
        ("GET", "/number/1", {"Host": "[::1"}, 403, "foreign-host"),
        ("GET", "/number/1", {"Origin": "https://evil.example"}, 403, "foreign-origin"),
        ("GET", "/number/1", {"Origin": "null"}, 403, "foreign-origin"),
        ("GET", "/number/1", {"Origin": "http://127.0.0.1:1"}, 403, "foreign-origin"),
        ("POST", "/number/1", {"Content-Length": str(LIMIT + 1)}, 413, "request-too-large"),
        ("GET", "/number/1", {"Host": "localhost"}, 200, None),
        ("GET", "/number/1", {"Host": "127.0.0.2:9"}, 200, None),
        ("GET", "/number/1", {"Host": "[::1]:8000"}, 200, None),
        ("GET", "/number/1", {"Origin": f"http://{HOST}"}, 200, None),
    ],
)
def test_the_same_request_gets_the_same_answer(
    client: TestClient, method: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    answer = client.request(method, path, headers={**headers, "X-Request-ID": "one-id-for-all"})
    assert answer.status_code == status, answer.text
    assert answer.headers["x-request-id"] == "one-id-for-all"
    if code is None:
        return
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["request_id"] == "one-id-for-all" and "secret" not in problem["detail"]
    given = path.startswith("/refused")
    assert problem.get("near") == (["a", "Huế"] if given else None)
    assert answer.headers.get("retry-after") == ("3" if given else None)
    fields = {"type", "title", "status", "detail", "code", "request_id"}
    assert problem.keys() == (fields | {"near"} if given else fields)


TAKES = "it takes words"


@pytest.mark.parametrize(
    ("path", "sent", "unknown", "words"),
    [
        ("/query?words=a&k=2", {}, None, ""),
        ("/query?words=a&topk=2", {}, "topk", f"no such field in the address; {TAKES}, k"),
        ("/form", {"data": {"words": "a"}, "files": {"file": b"x"}}, None, ""),
        ("/form", {"data": {"topk": "2"}}, "topk", f"no such field in the form; {TAKES}, file"),
        ("/form", {"files": {"image": b"x"}}, "image", f"in the form; {TAKES}, file"),
        ("/form?words=a", {}, "words", "no such field in the address; it takes none"),
        ("/json", {"json": {"words": "a", "seen": {"any": "b"}}}, None, ""),
        ("/json", {"json": {"Words": "a"}}, "Words", f"no such field in the JSON; {TAKES}, seen"),
        ("/json?k=1", {"json": {}}, "k", "no such field in the address; it takes none"),
        ("/json", {"content": b'{"words": "a"', "headers": {"content-type": "x/y"}}, "body", ""),
        ("/json", {"json": ["topk"]}, "body", ""),
    ],
)
def test_a_field_that_nobody_reads_is_refused_by_name(
    client: TestClient, path: str, sent: dict[str, Any], unknown: str | None, words: str
) -> None:
    answer = client.request("GET" if path.startswith("/query") else "POST", path, **sent)
    assert answer.status_code == (422 if unknown else 200), answer.text
    if unknown:
        problem = answer.json()
        assert problem["code"] == "invalid-request" and words in problem["detail"]
        assert f"({unknown}: " in problem["detail"]


@pytest.mark.parametrize("id", ["short", "with blank in it", "x" * 65, "dấu-tiếng-việt".encode()])
def test_an_odd_request_id_is_replaced(client: TestClient, id: str | bytes) -> None:
    answer = client.get("/number/1", headers={"X-Request-ID": id})
    assert len(answer.headers["x-request-id"]) == 16


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BACKEND))
    import main

    return main


@pytest.fixture
def api(tmp_path: Path) -> FastAPI:
    encoder = PixelEncoder()
    build_dictionary(make_pictures(tmp_path / "g", 2), encoder, tmp_path / "i", progress=False)
    return create_app(SearchEngine(encoder, VectorDictionary.open(tmp_path / "i")))


def test_both_describe_the_same_form(backend: Any, api: FastAPI) -> None:
    assert fields_of(api) == fields_of(backend.create_app(backend.Settings()))


def test_every_endpoint_of_both_knows_its_fields(
    backend: Any, api: FastAPI, tmp_path: Path
) -> None:
    from routes import image_route

    passed_on = {(route.path, *route.methods) for route in image_route.passed_on.routes}
    site = backend.create_app(backend.Settings(posts_folder=tmp_path / "posts"))
    for app, others in ((api, set()), (site, passed_on)):
        client = TestClient(app, f"http://{HOST}")  # not entered: nothing is behind the routes
        for path, operations in app.openapi()["paths"].items():
            for method in map(str.upper, operations):
                if (path, method) not in others:
                    answer = client.request(method, f"{path.replace('{id}', 'x')}?topk=3")
                    assert answer.status_code == 422, (method, path, answer.text)
                    assert "topk: there is no such field" in answer.json()["detail"]
    body = {"words": "a", "topk": 3}
    for sent in ({"json": body}, {"data": body}):
        answer = TestClient(api, f"http://{HOST}").post("/api/images/x/explain", **sent)
        assert answer.status_code == 422 and "topk" in answer.json()["detail"]


def fields_of(app: FastAPI) -> dict[str, tuple[str, str]]:
    """Name → type and description of each field of a search."""
    document = app.openapi()
    [content] = document["paths"]["/api/search"]["post"]["requestBody"]["content"].values()
    schema = content["schema"]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return {
        name: (field.get("type") or field["anyOf"][0]["type"], field["description"])
        for name, field in schema["properties"].items()
    }


def test_both_have_one_docs_page_and_take_the_same_keys(backend: Any) -> None:
    from utils.config import KEY
    from utils.guard import REQUEST_ID

    for ours in (docs_page, known_fields):
        path = Path(str(ours.__file__))
        assert (BACKEND / "utils" / path.name).read_text("utf8") == path.read_text("utf8")
    assert config.KEY.pattern == KEY.pattern and gate.REQUEST_ID.pattern == REQUEST_ID.pattern


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (errno.EADDRINUSE, "Port 80 is taken by another program"),
        (errno.EACCES, "This user may not listen on port 80"),
        (errno.ENOBUFS, "Nothing can listen on"),
    ],
)
def test_both_say_the_same_where_they_cannot_listen(
    backend: Any, monkeypatch: pytest.MonkeyPatch, cause: int, words: str
) -> None:
    class Refusing(socket.socket):
        def bind(self, address: object) -> None:
            raise OSError(cause, os.strerror(cause))

    monkeypatch.setattr(socket, "socket", Refusing)
    with pytest.raises(TimAnhError, match=words):
        listening.listen("127.0.0.1", 80)
    with pytest.raises(OSError, match=words):
        backend.listen(80)


def test_both_take_the_same_ports(backend: Any) -> None:
    for port in (-1, 70_000):
        words = f"Port must lie between 1 and 65535; got {port}"
        with pytest.raises(TimAnhError, match=words):
            ServeConfig(Path("x"), port=port).completed()
        with pytest.raises(OSError, match=words):
            backend.listen(port)


def test_the_backend_imports_only_downwards_and_in_no_circle(backend: Any) -> None:
    """import-linter holds the library's floors; the backend's packages are none of `timanh`."""
    graph = grimp.build_graph("routes", "services", "utils", cache_dir=None)
    assert not graph.find_illegal_dependencies_for_layers(("routes", "services", "utils"))
    circles = [
        (one, two)
        for one in graph.modules
        for two in graph.find_modules_directly_imported_by(one)
        if graph.chain_exists(two, one)
    ]
    assert len(graph.modules) > 10 and not circles
