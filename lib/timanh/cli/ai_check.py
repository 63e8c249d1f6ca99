"""Each endpoint of an AI service, tried and timed."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from PIL import Image, ImageDraw

from timanh.errors import SettingsError
from timanh.serving.listening import is_loopback

TIMEOUT_S = 300.0
AGAIN = 5


@dataclass(frozen=True)
class Row:
    """One endpoint.

    Attributes:
        took_ms: how long its answer took; None where it gave none.
        found: what it answered, or what is wrong.
    """

    name: str
    ok: bool
    took_ms: float | None
    found: str


class Service:
    """An AI service by its address, with the key behind `#key=` or separate."""

    def __init__(self, address: str, key: str = "") -> None:
        parts = urlsplit(address.strip())
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError(
                f"{address!r} is not the address of an AI service. Write it as http://127.0.0.1:8001."
            )
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self.key = "".join(parse_qs(parts.fragment).get("key", [])) or key
        # A proxy cannot reach this machine.
        near = is_loopback(parts.hostname)
        handlers = [urllib.request.ProxyHandler({})] if near else []
        self.opener = urllib.request.build_opener(*handlers)

    def ask(self, path: str, form: dict[str, Any] | None = None) -> tuple[dict[str, Any], float]:
        """The answer and its milliseconds; `form` with bytes in it is sent as a picture.

        Raises:
            OSError, ValueError: no answer, a refusal, or an answer in another form.
        """
        headers = {"ngrok-skip-browser-warning": "1", "User-Agent": "timanh"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        body = None
        if form is not None:
            body, headers["Content-Type"] = _encoded(form)
        began = time.perf_counter()
        request = urllib.request.Request(self.url + path, body, headers)
        with self.opener.open(request, timeout=TIMEOUT_S) as response:
            answer = json.load(response)
        if not isinstance(answer, dict):
            raise ValueError("the answer is not a JSON object")
        return answer, 1000 * (time.perf_counter() - began)


def check_service(address: str, key: str = "") -> Iterator[Row]:
    """Try all endpoints in turn.

    Raises:
        SettingsError: `address` is none.
    """
    service = Service(address, key)
    picture = _picture()
    health = yield from _row("GET /health", service, "/health", None, _model)
    if health is None:
        return
    steps: list[tuple[str, str, dict[str, Any] | None, Any]] = [
        ("first picture (cold start)", "/api/ai/image-features", {"image": picture(0)}, _features),
        *(
            (f"picture {n}", "/api/ai/image-features", {"image": picture(n)}, _features)
            for n in range(1, AGAIN)
        ),
        ("same picture again", "/api/ai/image-features", {"image": picture(0)}, _features),
        ("classify", "/api/ai/classify", {"image": picture(0), "labels": '["circle","cat"]'},
         _best),
        ("text-embedding", "/api/ai/text-embedding", {"query": "sunset beach", "limit": 20},
         lambda found: f"{len(found['embedding'])} numbers"),
        ("all parts, and memory", "/api/ai/health", None, _parts),
    ]  # fmt: skip
    for name, path, form, describe in steps:
        yield from _row(name, service, path, form, describe)


def _row(name: str, service: Service, path: str, form: dict[str, Any] | None, describe: Any) -> Any:
    try:
        answer, took_ms = service.ask(path, form)
        yield Row(name, True, round(took_ms, 1), describe(answer))
        return answer
    except urllib.error.HTTPError as error:
        yield Row(name, False, None, f"{error.code}: {_detail(error)}")
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        yield Row(name, False, None, " ".join(str(error).split()) or type(error).__name__)
    return None


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.load(error)["detail"])
    except (OSError, ValueError, KeyError, TypeError):
        return str(error.reason)


def _model(health: dict[str, Any]) -> str:
    return f"{health['model']}, {health['status']}"


def _features(found: dict[str, Any]) -> str:
    caption = found["caption"] or next(iter(found["captions"].values()), None)
    words = "no captioner" if found["captioner"] is None else f"“{caption}”"
    return f"{found['dim']} numbers of {found['model']}, {words}"


def _best(found: dict[str, Any]) -> str:
    best = found["predictions"][0]
    return f"{best['label']} {best['score']:.2f}"


def _parts(found: dict[str, Any]) -> str:
    parts = ", ".join(f"{name} {part['state']}" for name, part in found["ai"].items())
    memory = found["memory_mb"]
    return parts if memory is None else f"{parts}; {memory:,.0f} MB in memory"


def _picture() -> Any:
    """A different picture for each number of a run; no two runs share one."""
    salt = uuid4().int

    def draw(number: int) -> bytes:
        image = Image.new("RGB", (320, 240), "white")
        colour = ((salt >> number) % 256, 40 * number % 256, salt % 256)
        ImageDraw.Draw(image).ellipse((60, 40, 220, 200), fill=colour)
        out = BytesIO()
        image.save(out, "PNG")
        return out.getvalue()

    return draw


def _encoded(form: dict[str, Any]) -> tuple[bytes, str]:
    """JSON, or multipart where a picture is among the fields."""
    if not any(isinstance(value, bytes) for value in form.values()):
        return json.dumps(form).encode(), "application/json"
    boundary = uuid4().hex
    parts = []
    for name, value in form.items():
        file = isinstance(value, bytes)
        more = '; filename="test.png"\r\nContent-Type: image/png' if file else ""
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
        parts.append(head.encode() + (value if file else str(value).encode()) + b"\r\n")
    return b"".join(
        parts
    ) + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
