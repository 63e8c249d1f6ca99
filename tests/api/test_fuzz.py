"""Generated requests: the OpenAPI description by schemathesis, and broken uploads."""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from drawn_captioner import ColourCaptioner
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from pixel_encoder import PixelEncoder, make_pictures
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from timanh.api import create_app
from timanh.search import SearchEngine
from timanh.vectors import VectorDictionary, build_dictionary, check_dictionary

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from api_uploads import TRACES, make_request

WANTED = [
    not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
    checks.response_schema_conformance, checks.unsupported_method,
]  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> SearchEngine:
    folder = tmp_path_factory.mktemp("fuzz")
    encoder = PixelEncoder()
    build_dictionary(make_pictures(folder / "g", 12), encoder, folder / "i", progress=False)
    return SearchEngine(encoder, VectorDictionary.open(folder / "i", encoder))


@pytest.fixture(scope="module")
def client(engine: SearchEngine) -> Iterator[TestClient]:
    app = create_app(engine, captioner=ColourCaptioner())
    with TestClient(app, base_url="http://127.0.0.1:8001", raise_server_exceptions=False) as made:
        yield made


def test_every_operation_keeps_to_its_description(client: TestClient) -> None:
    schema = schemathesis.openapi.from_asgi(
        "/openapi.json", client.app, headers={"Host": "127.0.0.1:8001"}
    )
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        tried += 1

        @given(case=operation.as_strategy())
        @settings(
            max_examples=5, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def keeps(case: schemathesis.Case) -> None:
            case.call_and_validate(
                session=client, checks=WANTED, headers={"Host": "127.0.0.1:8001"}
            )

        keeps()
    assert tried >= 14


def test_broken_uploads_leave_nothing_and_show_nothing(
    client: TestClient, engine: SearchEngine
) -> None:
    """A seeded few; benchmarks/api_uploads.py sends ten thousand."""
    statuses = set()
    for number in range(150):
        head, _, body = make_request(random.Random(f"7/{number}")).partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        kind = next(line[14:] for line in lines if line.startswith("Content-Type: "))
        answer = client.post(lines[0].split()[1], content=body, headers={"Content-Type": kind})
        statuses.add(answer.status_code)
        assert answer.status_code < 500, answer.text
        assert not any(trace in answer.content for trace in TRACES)
    assert {200, 415, 422} <= statuses
    kept = {path.name for path in (engine.dictionary.gallery / "added").glob("*")}
    assert kept <= {Path(item.path).name for item in engine.dictionary.items}
    assert check_dictionary(engine.dictionary, engine.encoder).ok
