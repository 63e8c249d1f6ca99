"""A file from an address, taken up again where it stopped."""

import time
from pathlib import Path

import requests

from timanh.errors import DataError
from timanh.progress import tqdm

CHUNK = 1 << 16  # of a connection that breaks, as much may be lost
TRIES, PAUSE_S = 5, 2.0
TIMEOUT_S = (15, 60)  # to connect, between two chunks


def fetch_file(
    address: str, file: Path, *, progress: bool = True, pause_s: float = PAUSE_S
) -> Path:
    """Fetch `address` into `file`; a file that is there is left as it is.

    What has come is kept in `file` + ".part", with the server's mark of its version in ".tag":
    the next call, or the next of five tries, asks for the rest only.

    Raises:
        DataError: the server refuses, or the connection breaks five times.
    """
    if file.is_file():
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    part, reason = file.with_name(f"{file.name}.part"), ""
    for attempt in range(TRIES):
        if attempt:
            time.sleep(pause_s * attempt)
        try:
            if _fetch_rest(address, part, progress, file.name):
                part.replace(file)
                _tag(part).unlink(missing_ok=True)
                return file
            reason = "the connection broke"
        except requests.RequestException as error:
            reason = type(error).__name__
    raise DataError(
        f"{address} cannot be fetched ({reason}). What has come is kept in {part}; check the "
        "connection and give the same command again to go on."
    )


def _fetch_rest(address: str, part: Path, progress: bool, label: str) -> bool:
    """Append to `part`; whether it is whole."""
    have = part.stat().st_size if part.is_file() else 0
    tag = _tag(part).read_text("utf8") if have and _tag(part).is_file() else ""
    headers = {"Accept-Encoding": "identity"}
    if have and tag:
        headers |= {"Range": f"bytes={have}-", "If-Range": tag}
    with requests.get(address, headers=headers, stream=True, timeout=TIMEOUT_S) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            part.unlink(missing_ok=True)
            return False
        _check(address, answer)
        resumed = answer.status_code == requests.codes.partial_content
        have = have if resumed else 0
        _tag(part).write_text(_version(answer), "utf8")
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        with (
            part.open("ab" if resumed else "wb") as out,
            tqdm(
                total=total, initial=have, unit="B", unit_scale=True, desc=label,
                disable=not progress,
            ) as bar,
        ):  # fmt: skip
            for chunk in answer.iter_content(CHUNK):
                out.write(chunk)
                bar.update(len(chunk))
    return total is None or part.stat().st_size == total


def _check(address: str, answer: requests.Response) -> None:
    if answer.status_code >= 500 or answer.status_code == requests.codes.too_many_requests:
        raise requests.HTTPError(f"status {answer.status_code}")
    if not answer.ok:
        raise DataError(
            f"{address} answers {answer.status_code} {answer.reason}. If the collection has moved, "
            "fetch it in a browser.",
            cli="Then name its folder with --data.",
            notebook="Then set DATA to its folder.",
        )
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        raise DataError(
            f"{address} answers with a page instead of the file, as Google Drive does when too "
            "many fetch it. Try again tomorrow, or fetch it in a browser."
        )


def _version(answer: requests.Response) -> str:
    """By which a server says whether the rest is of the same file; a weak ETag does not."""
    tag = answer.headers.get("ETag", "")
    return answer.headers.get("Last-Modified", "") if not tag or tag.startswith("W/") else tag


def _tag(part: Path) -> Path:
    return part.with_suffix(".tag")
