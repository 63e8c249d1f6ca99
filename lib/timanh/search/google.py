"""Google Translate's page through deep-translator, with limits on time and size."""

import time
from functools import cache
from io import BytesIO
from typing import Any

import requests
from requests.adapters import HTTPAdapter

CONNECT_S = 3.0
READ_S = 3.0
WHOLE_S = 6.0
MOST_BYTES = 2_000_000


def translate_page(text: str, source: str = "vi", target: str = "en") -> object:
    """From one language to another, both by their ISO codes.

    Raises:
        TimeoutError: the page did not come in time.
        requests.RequestException: it did not come at all.
        Exception: what deep-translator raises over a page without a translation.
    """
    from deep_translator import GoogleTranslator

    _limit_connections()
    try:
        return GoogleTranslator(source=source, target=target).translate(text)
    except requests.Timeout as error:
        raise TimeoutError(str(error)) from error


class TimedAdapter(HTTPAdapter):
    """Connects within 3 s, waits at most 3 s for the next byte, and reads at most 6 s in all."""

    def send(self, request: Any, stream: Any = False, timeout: Any = None, *rest: Any,
             **options: Any) -> requests.Response:  # fmt: skip
        """As `requests` calls it; the body has been read when this returns."""
        ends = time.monotonic() + WHOLE_S
        response = super().send(request, True, (CONNECT_S, READ_S), *rest, **options)
        body = bytearray()
        # read1 returns with what has come; read, all that urllib3 1 has, waits for more.
        read = getattr(response.raw, "read1", response.raw.read)
        while chunk := read(65_536, decode_content=True):
            body += chunk
            if len(body) > MOST_BYTES:
                response.raw.close()
                raise requests.RequestException(f"The page has over {MOST_BYTES} bytes.")
            if time.monotonic() > ends:
                response.raw.close()
                raise requests.ReadTimeout(f"The page had not ended after {WHOLE_S:g} s.")
        response.raw.release_conn()
        response.raw = BytesIO(bytes(body))
        return response


@cache
def _limit_connections() -> requests.Session:
    """deep-translator calls `requests.get`, without a timeout and without a way to give one."""
    import deep_translator.google

    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, TimedAdapter())
    deep_translator.google.requests = session
    return session
