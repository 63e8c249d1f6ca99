"""A web server on a separate thread, for notebooks and tests as for the command line.

`uvicorn.run` does not work under nest_asyncio, and a task on the notebook's loop freezes
while a cell computes. So: bind the socket, then run a new event loop on a daemon thread.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from timanh.errors import ServingError
from timanh.serving.listening import listen, url_of

if TYPE_CHECKING:
    from fastapi import FastAPI

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 10.0
# Longer than the backend keeps an idle connection, so that none is closed under a search.
KEEP_ALIVE_S = 75


class ApiServer:
    """Serves an app until `stop()`; answers while the caller computes.

    Example:
        >>> with ApiServer(app, port=0) as server:
        ...     httpx.get(f"{server.url}/health")
    """

    def __init__(self, app: "FastAPI", host: str = "127.0.0.1", port: int = 8001) -> None:
        """`port` 0 takes any that is free."""
        self.app = app
        self.host = host
        self.port = port
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], None] = _nothing

    @property
    def url(self) -> str:
        """Address on this machine."""
        return url_of(self.host, self.port)

    @property
    def running(self) -> bool:
        """Whether its thread lives."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> "ApiServer":
        """Return once it answers.

        Raises:
            PortTakenError, SettingsError: as `listen`.
            ServingError: it did not come up.
        """
        import uvicorn

        if self.running:
            return self
        sock = listen(self.host, self.port)
        self.port = sock.getsockname()[1]
        config = uvicorn.Config(
            self.app,
            log_level="warning",
            lifespan="on",
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE_S,
        )
        server = uvicorn.Server(config)

        def run() -> None:
            with asyncio.Runner() as runner:
                runner.run(server.serve(sockets=[sock]))

        def stop() -> None:
            server.should_exit = True

        self._stop = stop
        self._thread = threading.Thread(target=run, name="timanh-api", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_TIMEOUT_S
        while not server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                sock.close()
                raise ServingError(f"The API did not start on {self.url}; its log says why.")
            time.sleep(0.01)
        return self

    def stop(self) -> None:
        """Finish what is being answered, then free the port."""
        if self._thread is None:
            return
        self._stop()
        self._thread.join(STOP_TIMEOUT_S)
        self._thread = None

    def __enter__(self) -> "ApiServer":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _nothing() -> None:
    """Before the first start there is nothing to stop."""
