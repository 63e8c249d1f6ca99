"""The only module of the backend that reads the environment and `.env`."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

HERE = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"  # never another: the backend holds the key of the API
KEY = re.compile(r"[\x21-\x7e]{1,512}")  # what an HTTP header can carry
# User and password, hosts, database, parameters, as PostgreSQL reads them. Another address it would
# take apart at the wrong places, and repeat parts of a password in its messages.
_HOST = r"(?:\[[^]@/]*\]|[^@/?:,[\]]*)(?::\d*)?"
DATABASE_URL = re.compile(
    rf"postgres(?:ql)?://(?:[^@/]*@)?{_HOST}(?:,{_HOST})*(?:/[^@?]*)?"
    r"(?:\?\w+=[^&=]*(?:&\w+=[^&=]*)*)?"
)
BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")


@dataclass(frozen=True)
class Settings:
    """How the backend runs.

    Attributes:
        api_url: address of the API, where one is set.
        api_key: its key, if it needs one.
        local_api_url: of an API that was started on this machine together with the backend.
        ai_service: connection line of the AI service; None takes the API, "" is none.
        posts_folder: of posts' pictures, and of the embedded database; None for no posts.
        workspace: run.py's, which has posts in it where it is given no other folder for them.
        database_url: of a PostgreSQL server for posts; None for the embedded one.
        strip_originals: whether the files of posts are stored without metadata, too.
        port: of the backend and the page.
        connect_timeout_s, read_timeout_s: how long to wait for the API.
        ai_timeout_s: how long to wait for the AI service, which may have to load its models.
        max_request_bytes: of one upload.
        max_post_bytes: of one post with its pictures.
        frontend: folder of the page.
        kept: file of the connection that was pasted at the page.
        api_state: file in which run.py says whether it is starting the API again.
    """

    api_url: str | None = None
    api_key: str = field(default="", repr=False)
    local_api_url: str = "http://127.0.0.1:8001"
    ai_service: str | None = field(default=None, repr=False)
    posts_folder: Path | None = None
    workspace: Path = HERE.parent / "workspace"
    database_url: str | None = field(default=None, repr=False)
    strip_originals: bool = False
    port: int = 8000
    connect_timeout_s: float = 3.0
    read_timeout_s: float = 30.0
    ai_timeout_s: float = 120.0
    max_request_bytes: int = 25_000_000
    max_post_bytes: int = 200_000_000
    frontend: Path = HERE.parent / "frontend"
    kept: Path = HERE / ".upstream.json"
    api_state: Path | None = None


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """From the environment, else from `backend/.env`, else the defaults.

    Raises:
        ValueError: a value that is not a number, http address, database address, port or key that
            can be sent; names the variable, and repeats no secret.
    """
    stored = {key: value or "" for key, value in dotenv_values(HERE / ".env").items()}
    given = {**stored, **(os.environ if environment is None else environment)}
    usual = Settings()
    local = _address(given, "TIMANH_LOCAL_API_URL") or usual.local_api_url
    remote = _address(given, "TIMANH_API_URL")
    return Settings(
        # run.py sets both to the API that it started itself.
        api_url=None if remote == local else remote,
        api_key=_key(given, "TIMANH_API_KEY"),
        local_api_url=local,
        ai_service=_ai_service(given),
        posts_folder=Path(given["TIMANH_POSTS"]) if given.get("TIMANH_POSTS") else None,
        workspace=Path(given.get("TIMANH_WORKSPACE") or usual.workspace).expanduser(),
        database_url=_database(given),
        strip_originals=given.get("TIMANH_POSTS_ORIGINALS", "keep").strip() == "strip",
        port=_port(given, "TIMANH_PORT", usual.port),
        connect_timeout_s=_number(given, "TIMANH_CONNECT_TIMEOUT_S", usual.connect_timeout_s),
        read_timeout_s=_number(given, "TIMANH_READ_TIMEOUT_S", usual.read_timeout_s),
        ai_timeout_s=_number(given, "TIMANH_AI_TIMEOUT_S", usual.ai_timeout_s),
        frontend=Path(given.get("TIMANH_FRONTEND") or usual.frontend),
        kept=Path(given.get("TIMANH_KEPT_CONNECTION") or usual.kept),
        api_state=Path(given["TIMANH_API_STATE"]) if given.get("TIMANH_API_STATE") else None,
    )


def _address(given: Mapping[str, str], name: str) -> str | None:
    address = given.get(name, "").strip().rstrip("/")
    if address and not address.startswith(("http://", "https://")):
        # The value is not repeated: it may be a connection line, with its key.
        raise ValueError(
            f"{name} must begin with http:// or https://, as in http://127.0.0.1:8001."
        )
    return address or None


def _ai_service(given: Mapping[str, str]) -> str | None:
    """`https://host#key=KEY`, as the service prints it."""
    line = given.get("AI_SERVICE_URL")
    if line is None or not line.strip():
        return line and ""
    _address({"AI_SERVICE_URL": line}, "AI_SERVICE_URL")
    return line.strip()


def _database(given: Mapping[str, str]) -> str | None:
    url = given.get("TIMANH_DATABASE_URL", "").strip()
    if url and not url.startswith(("postgresql://", "postgres://")):
        raise ValueError("TIMANH_DATABASE_URL must begin with postgresql://, as in "
                         "postgresql://user@host/database.")  # fmt: skip
    if url and (BARE_PERCENT.search(url) or not DATABASE_URL.fullmatch(url)):
        raise ValueError(
            "TIMANH_DATABASE_URL is not of the form postgresql://user:password@host/database. "
            "Write signs of a password by their numbers: %25 for %, %40 for @, %2F for /, %3A "
            "for :."
        )
    return url or None


def _key(given: Mapping[str, str], name: str) -> str:
    key = given.get(name, "").strip()
    if key and not KEY.fullmatch(key):
        raise ValueError(
            f"{name} has a blank, or a letter that is not ASCII, or more than 512 letters. Copy "
            "the key that the API printed."
        )
    return key


def _port(given: Mapping[str, str], name: str, usual: int) -> int:
    port = _number(given, name, usual)
    if port != int(port) or not 1 <= port <= 65535:
        raise ValueError(f"{name} must lie between 1 and 65535; got {given.get(name)!r}.")
    return int(port)


def _number(given: Mapping[str, str], name: str, usual: float) -> float:
    value = given.get(name, "")
    try:
        number = float(value) if value else float(usual)
    except ValueError as error:
        raise ValueError(f"{name} must be a number; got {value!r}.") from error
    if number <= 0:
        raise ValueError(f"{name} must be above 0; got {value!r}.")
    return number
