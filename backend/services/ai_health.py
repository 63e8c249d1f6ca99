"""What the AI service has, where that is another one than the API."""

import time
from typing import Any

from services.upstream import Upstream
from utils.problems import BackendError

FRESH_S = 10.0
PATIENCE_S = 2.0  # the page waits for it; what takes longer is not there at the moment


class AiHealth:
    """The part `ai` of an AI service's `/health`; requested now and then."""

    def __init__(self, service: Upstream | None) -> None:
        """`service` None: there is none."""
        self.service = service
        self._found: Any = None
        self._requested = float("-inf")

    async def ask(self, request_id: str) -> Any:
        """What it says; None where there is no service, or where it does not answer."""
        if self.service is not None and time.monotonic() - self._requested > FRESH_S:
            self._requested = time.monotonic()
            try:
                health = await self.service.json("GET", "/health", request_id, timeout_s=PATIENCE_S)
            except BackendError:
                health = None
            self._found = health.get("ai") if isinstance(health, dict) else None
        return self._found
