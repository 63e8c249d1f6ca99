"""The AI service as posts see it: whether it is there, what it has, and what an answer means."""

import asyncio
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from uuid import uuid4

from services.upstream import Upstream
from utils.problems import BackendError

PROBE_S, LONGEST_PROBE_S = 2.0, 12.0  # after its return, work goes on within 15 s
IDLE_S, IDLE_REMOTE_S = 10.0, 60.0  # a tunnel's free plan counts requests
FINGERPRINT = re.compile(r"[0-9A-Za-z_-]{1,64}")
MAX_DIM = 2000
# Statuses by which the service says that a picture is at fault.
REFUSED = frozenset({413, 415, 422})


class AwayError(Exception):
    """The service is at fault: nothing is wrong with the picture, and it is tried again."""

    def __init__(self, code: str, detail: str, wait_s: float = 0.0) -> None:
        super().__init__(detail)
        self.code = code
        self.wait_s = wait_s


class PictureRefusedError(Exception):
    """The service cannot use this picture, however often it is sent."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class PictureFailedError(PictureRefusedError):
    """The service failed over this picture; it may be either's fault."""


@dataclass(frozen=True)
class AiState:
    """How the service is doing.

    Attributes:
        state: "off" none is set; "unknown" not asked yet; "on"; "away", with code and detail.
        since: seconds since 1970.
        model, fingerprint, dim: of its encoder.
        captioner, captioner_fingerprint, languages: of its captioner; None and () without one.
    """

    state: Literal["off", "unknown", "on", "away"] = "unknown"
    since: float = field(default_factory=time.time)
    code: str | None = None
    detail: str | None = None
    model: str | None = None
    fingerprint: str | None = None
    dim: int | None = None
    captioner: str | None = None
    captioner_fingerprint: str | None = None
    languages: tuple[str, ...] = ()


class Ai:
    """Requests to the AI service, and a watch over it.

    `changed` is called whenever the state changes.
    """

    def __init__(self, upstream: Upstream | None, timeout_s: float) -> None:
        """`upstream` None: no AI service."""
        self.upstream = upstream
        self.timeout_s = timeout_s
        self.state = AiState("unknown" if upstream else "off")
        self.changed: Callable[[], None] = lambda: None
        self.on = asyncio.Event()
        self.away = asyncio.Event()
        self._probe_now = asyncio.Event()
        self._not_before = 0.0
        self._bad_answers = 0  # one after the other

    async def watch(self) -> None:
        """Find out how it is doing, again and again."""
        pause_s = PROBE_S
        while self.upstream is not None:
            if self.state.state != "on":
                wait_s = self._not_before - time.monotonic()
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
                await self.probe()
                pause_s = min(2 * pause_s, LONGEST_PROBE_S)
            else:
                pause_s = PROBE_S
                await self._look()
            on = self.state.state == "on"
            idle_s = IDLE_S if self.upstream.target.is_local else IDLE_REMOTE_S
            self._probe_now.clear()
            try:
                async with asyncio.timeout(idle_s if on else pause_s):
                    await self._probe_now.wait()
            except TimeoutError:
                pass

    def expected(self) -> frozenset[str]:
        """The tasks that are or will be done: none without a service, no captions where it has no
        captioner."""
        state = self.state
        if state.state == "off":
            return frozenset()
        no_captioner = state.fingerprint is not None and state.captioner is None
        return frozenset({"embedding"} if no_captioner else {"embedding", "captions"})

    def ask_again(self) -> None:
        """Look now, and not at the next time."""
        self._probe_now.set()

    async def probe(self) -> None:
        """Let it compute something; that it answers is not enough."""
        try:
            answer = await self._json("GET", "/api/ai/health")
            self._learn(answer.get("ai"))
        except (AwayError, PictureRefusedError) as error:
            self._set_away(error.code, str(error), getattr(error, "wait_s", 0.0))

    async def embedding(self, content: bytes) -> dict[str, Any]:
        """`embedding` (unit, finite, of the right length), `fingerprint`, `model`, `dim`.

        Raises:
            AwayError, PictureRefusedError, PictureFailedError.
        """
        answer = await self._features(content, captions="false")
        answer["embedding"] = self._checked_vector(answer)
        return answer

    async def captions(self, content: bytes) -> dict[str, Any]:
        """`captions` by language, `captioner`, `captioner_fingerprint`; raises as `embedding`."""
        answer = await self._features(content, captions="true")
        problem = answer.get("captions_problem")
        if isinstance(problem, dict):
            raise PictureFailedError(
                str(problem.get("code", "error")), str(problem.get("detail", "no caption"))
            )
        found = answer.get("captions")
        if not isinstance(found, dict) or not all(isinstance(x, str) for x in found.values()):
            raise self.bad("captions that are not texts")
        if not all(text.strip() and "\0" not in text for text in found.values()):
            raise PictureFailedError("wrote-nothing", "The captioner wrote nothing about it.")
        return answer

    async def text(self, query: str) -> dict[str, Any]:
        """`embedding` of words, `translated`, `fingerprint`. Raises AwayError."""
        answer = await self._json("POST", "/api/ai/text-embedding", json={"query": query})
        answer["embedding"] = self._checked_vector(answer)
        return answer

    async def _features(self, content: bytes, captions: str) -> dict[str, Any]:
        boundary = uuid4().hex
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="captions"\r\n\r\n{captions}'
            f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="image"; '
            'filename="picture"\r\nContent-Type: application/octet-stream\r\n\r\n'
        )
        body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        return await self._json(
            "POST",
            "/api/ai/image-features",
            content=body,
            headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
        )

    async def _json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """An object. Raises AwayError, PictureRefusedError, PictureFailedError."""
        upstream = self.upstream
        if upstream is None:
            raise AwayError("ai-off", "No AI service is set.")
        if "json" in options:
            import json

            options["content"] = json.dumps(options.pop("json")).encode()
            options["headers"] = {"Content-Type": "application/json"}
        try:
            async with asyncio.timeout(self.timeout_s):
                answer = await upstream.json(
                    method, path, uuid4().hex[:16], timeout_s=self.timeout_s, **options
                )
        except TimeoutError as error:
            away = AwayError("ai-slow", f"The AI service took over {self.timeout_s:g} s.")
            self._set_away(away.code, str(away))
            raise away from error
        except BackendError as error:
            raise self._meaning(error) from error
        if not isinstance(answer, dict):
            raise self.bad("something that is not an object")
        return answer

    def _meaning(self, error: BackendError) -> Exception:
        if error.status in REFUSED:
            return PictureRefusedError(error.code, str(error))
        if error.status == 500:
            return PictureFailedError(error.code, str(error))
        if error.status == 404:
            error = BackendError(
                502, "ai-missing", "The API that is connected has no AI service. Update it."
            )
        away = AwayError(error.code, str(error), float(error.retry_after or 0))
        if error.status != 429:  # busy: it is there, and only has to be left alone for a while
            self._set_away(away.code, str(away), away.wait_s)
        return away

    def _checked_vector(self, answer: dict[str, Any]) -> list[float]:
        vector, fingerprint = answer.get("embedding"), answer.get("fingerprint")
        if not isinstance(fingerprint, str) or not FINGERPRINT.fullmatch(fingerprint):
            raise self.bad("no fingerprint of its model")
        if not isinstance(vector, list) or not all(
            isinstance(x, int | float) and math.isfinite(x) for x in vector
        ):
            raise self.bad("an embedding that is not a list of numbers")
        state = self.state
        if fingerprint == state.fingerprint and len(vector) != state.dim:
            raise self.bad(f"{len(vector)} numbers where its model makes {state.dim}")
        if not 1 <= len(vector) <= MAX_DIM:
            raise self.bad(f"an embedding of {len(vector)} numbers")
        length = math.sqrt(sum(x * x for x in vector))
        if not 0.9 < length < 1.1:
            raise self.bad(f"an embedding of length {length:.3f} instead of 1")
        self._bad_answers = 0
        return [x / length for x in vector]

    def bad(self, what: str) -> AwayError:
        """The error of an answer that makes no sense; the service is left alone for a while."""
        error = AwayError("ai-bad-answer", f"The AI service sent {what}. Nothing of it was kept.")
        # It seems well until it is asked, so that it is asked less and less often.
        self._set_away(error.code, str(error), PROBE_S * 2**self._bad_answers)
        self._bad_answers = min(self._bad_answers + 1, 3)
        return error

    async def _look(self) -> None:
        """Whether its models are the same; costs it nothing."""
        try:
            answer = await self._json("GET", "/health")
        except (AwayError, PictureRefusedError):
            return
        found = answer.get("ai")
        if isinstance(found, dict) and self._models(found) != self._models_known():
            await self.probe()

    def _learn(self, found: Any) -> None:
        if not isinstance(found, dict):
            raise AwayError("ai-missing", "The API that is connected has no AI service. Update it.")
        part = found.get("embedding") or {}
        if part.get("state") != "ready":
            raise AwayError("ai-failed", f"Its encoder fails: {part.get('detail')}")
        model, fingerprint, dim, *captions = self._models(found)
        if not isinstance(fingerprint, str) or not FINGERPRINT.fullmatch(fingerprint):
            raise AwayError("ai-bad-answer", "It names no fingerprint of its model.")
        if not isinstance(dim, int) or not 1 <= dim <= MAX_DIM:
            raise AwayError("ai-bad-answer", f"Its model makes {dim} numbers.")
        state = AiState(
            "on", self.state.since if self.state.state == "on" else time.time(), None, None,
            str(model), fingerprint, dim, *captions,
        )  # fmt: skip
        self._set(state)

    def _models(self, found: dict[str, Any]) -> tuple[Any, ...]:
        embedding, captions = (found.get(name) or {} for name in ("embedding", "captions"))
        ready = captions.get("state") == "ready"
        languages = tuple(
            x for x in captions.get("languages") or () if re.fullmatch("[a-z]{2,3}", x)
        )
        return (
            embedding.get("model"), embedding.get("fingerprint"), embedding.get("dim"),
            captions.get("captioner") if ready else None,
            captions.get("fingerprint") if ready else None,
            languages if ready else (),
        )  # fmt: skip

    def _models_known(self) -> tuple[Any, ...]:
        state = self.state
        return (
            state.model, state.fingerprint, state.dim, state.captioner,
            state.captioner_fingerprint, state.languages,
        )  # fmt: skip

    def _set_away(self, code: str, detail: str, wait_s: float = 0.0) -> None:
        self._not_before = time.monotonic() + min(wait_s, LONGEST_PROBE_S)
        since = self.state.since if self.state.state == "away" else time.time()
        self._set(replace(self.state, state="away", since=since, code=code, detail=detail))

    def _set(self, state: AiState) -> None:
        changed = state != self.state
        self.state = state
        on = state.state == "on"
        (self.on.set if on else self.on.clear)()
        (self.away.clear if on else self.away.set)()
        if changed:
            self.changed()
