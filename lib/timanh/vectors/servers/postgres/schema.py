"""The schema of ours in a PostgreSQL database: made and kept up to date by numbered migrations.

Nothing outside of it is changed. Only pgvector, where the database has none, is installed where
the database puts extensions: it belongs to the database, not to us.
"""

import re
from importlib.resources import files
from typing import Any

import psycopg

from timanh.errors import DictionaryError
from timanh.vectors.servers.postgres.server import use_vectors

SCHEMA = "timanh_copy"
# The first of the two numbers of our advisory locks ("tima"). The second is the number of a copy
# that is in use, or MAKING for whoever changes the schema or makes a copy.
LOCK, MAKING = 0x74696D61, 0
# Tables of the version that copied into the schema of the user's search path, with columns that
# each has. Where a table has others as well it is somebody else's.
FORMER = {
    "post_image_codes": {"row_number", "code"},
    "post_image_axes": {"number", "axis"},
    "post_image_scan": {"row_number", "half"},
    "post_images": {
        "id", "post_id", "image_url", "path", "embedding", "caption", "display_order",
        "created_at", "row_number", "item",
    },
    "posts": {"id", "folder", "created_at"},
    "galleries": {"only_one", "manifest"},
}  # fmt: skip
LATER = {"galleries": {"graph", "coding"}}
# By these the schema is known to be ours, of this version or of another.
MIGRATIONS = {"number": "integer", "name": "text"}
TABLES = {"copies", "pictures"}
# Where PostgreSQL lists what a schema may hold, and in which column it names the schema.
CATALOGS = {
    "pg_class": "relnamespace",
    "pg_proc": "pronamespace",
    "pg_type": "typnamespace",
    "pg_operator": "oprnamespace",
    "pg_opclass": "opcnamespace",
    "pg_opfamily": "opfnamespace",
    "pg_collation": "collnamespace",
    "pg_conversion": "connamespace",
    "pg_statistic_ext": "stxnamespace",
    "pg_ts_config": "cfgnamespace",
    "pg_ts_dict": "dictnamespace",
    "pg_ts_parser": "prsnamespace",
    "pg_ts_template": "tmplnamespace",
    "pg_extension": "extnamespace",
}
FORMER_FUNCTIONS = ("similar_images", "search_images", "query_code")

Connection = psycopg.Connection[Any]


def prepare(connection: Connection) -> None:
    """Make the schema where there is none, and apply the migrations that it has not seen; from
    then on the connection takes arrays as vectors.

    Raises:
        DictionaryError: a schema of that name is not ours or of a later version, this user may
            create none, or there is no pgvector.
    """
    scripts = migrations()
    if _applied(connection) != max(scripts):
        _migrate(connection, scripts)
    use_vectors(connection)


def _migrate(connection: Connection, scripts: dict[int, tuple[str, str]]) -> None:
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOCK, MAKING))
        applied = _applied(connection)
        if applied is None:
            _begin(connection)
            applied = 0
        if applied > max(scripts):
            raise DictionaryError(
                f"The schema {SCHEMA} was made by a later version of this program (migration "
                f"{applied}; this one knows {max(scripts)}). Update the program."
            )
        use_vectors(connection)
        for number, (name, script) in sorted(scripts.items()):
            if number > applied:
                connection.execute(script)
                connection.execute(
                    f"INSERT INTO {SCHEMA}.timanh_migrations (number, name) VALUES (%s, %s)",
                    (number, name),
                )


def migrations() -> dict[int, tuple[str, str]]:
    """Number → name and SQL, of all that this version has."""
    found = {}
    for file in (files(__package__) / "migrations").iterdir():
        match = re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name)
        if match:
            found[int(match[1])] = (match[2], file.read_text(encoding="utf8"))
    return found


def read_script(name: str, **numbers: int) -> str:
    """One of our SQL files with its capitals replaced."""
    script = (files(__package__) / name).read_text(encoding="utf8")
    for word, number in numbers.items():
        script = script.replace(word, str(int(number)))
    return script


def _applied(connection: Connection) -> int | None:
    """The number of the last migration; None where there is no schema, or an empty one."""
    found = connection.execute(
        "SELECT oid FROM pg_namespace WHERE nspname = %s", (SCHEMA,)
    ).fetchone()
    if found is None:
        return None
    tables = _tables(connection)
    if MIGRATIONS.items() <= tables.get("timanh_migrations", {}).items():
        sql = f"SELECT coalesce(max(number), 0) FROM {SCHEMA}.timanh_migrations"
        last = connection.execute(sql).fetchone()
        # Each migration is listed in the transaction that makes its tables.
        if last and last[0] and tables.keys() >= TABLES:
            return int(last[0])
    full = " OR ".join(
        f"EXISTS (SELECT FROM {catalog} WHERE {column} = %(schema)s)"
        for catalog, column in CATALOGS.items()
    )
    held = connection.execute(f"SELECT {full}", {"schema": found[0]}).fetchone()
    if held and held[0]:
        raise DictionaryError(
            f"The database has a schema {SCHEMA} that this program did not make, so it is left "
            "alone. Rename it, name another database, or search with --engine folder."
        )
    return None


def _tables(connection: Connection) -> dict[str, dict[str, str]]:
    """Table → column → type, of all in the schema."""
    sql = (
        "SELECT relname, attname, format_type(atttypid, NULL) FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute a ON attrelid = c.oid "
        "WHERE nspname = %s AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped "
        "AND relname = ANY(%s)"
    )
    found: dict[str, dict[str, str]] = {}
    wanted = ["timanh_migrations", *TABLES]
    for table, column, kind in connection.execute(sql, (SCHEMA, wanted)).fetchall():
        found.setdefault(table, {})[column] = kind
    return found


def _begin(connection: Connection) -> None:
    """An empty schema with the list of migrations in it, and pgvector."""
    sql = (
        "SELECT current_database(), current_user, "
        "has_database_privilege(current_database(), 'CREATE'), "
        "(SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = %s)"
    )
    found = connection.execute(sql, (SCHEMA,)).fetchone()
    database, user, may_create, may_fill = found or ("", "", False, None)
    if not may_fill:
        if may_fill is not None or not may_create:
            what = "fill" if may_fill is not None else "create"
            mend = f"CREATE SCHEMA {SCHEMA} AUTHORIZATION {user};"
            if may_fill is not None:
                mend = f"GRANT ALL ON SCHEMA {SCHEMA} TO {user};"
            raise DictionaryError(
                f"The user {user} may not {what} the schema {SCHEMA} in the database {database}. "
                f"Let its owner run: {mend} or search with --engine folder."
            )
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
    try:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except (
        psycopg.errors.FeatureNotSupported,
        psycopg.errors.UndefinedFile,
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.InvalidSchemaName,
    ) as error:
        raise DictionaryError(
            f"The database {database} has no pgvector, and the user {user} cannot install it "
            f"({' '.join(str(error).split())}). Let its owner run: CREATE EXTENSION vector;"
        ) from error
    connection.execute(
        f"CREATE TABLE {SCHEMA}.timanh_migrations (number integer PRIMARY KEY, name text NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT now())"
    )


def former_copy(connection: Connection, *, embedded: bool) -> str | None:
    """One line about the tables that an earlier version left in another schema; None without.

    Args:
        embedded: the server is the one beside the dictionary.
    """
    sql = (
        "SELECT table_schema, table_name, array_agg(column_name::text) "
        "FROM information_schema.columns WHERE table_schema <> %s AND table_name = ANY(%s) "
        "GROUP BY 1, 2"
    )
    tables: dict[str, list[str]] = {}
    for schema, table, columns in connection.execute(sql, (SCHEMA, list(FORMER))).fetchall():
        if FORMER[table] <= set(columns) <= FORMER[table] | LATER.get(table, set()):
            tables.setdefault(schema, []).append(table)
    for schema, found in tables.items():
        if {"galleries", "post_images"} <= set(found):
            return _describe_former(connection, schema, found, embedded)
    return None


def _describe_former(connection: Connection, schema: str, tables: list[str], embedded: bool) -> str:
    again = (
        f"The vectors were copied again, into the schema {SCHEMA}; run `timanh index tune "
        "--engine …` again if they had an index. The copy that an earlier version left in the "
        f"schema {schema} is not used any more"
    )
    if embedded:
        return (
            f"{again}. To free its space, delete the folder postgres beside the vectors while "
            "nobody searches; the next search makes it again."
        )
    sql = (
        "SELECT DISTINCT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace "
        "WHERE nspname = %s AND proname = ANY(%s)"
    )
    found = {name for (name,) in connection.execute(sql, (schema, list(FORMER_FUNCTIONS)))}
    functions = [f'"{schema}".{name}' for name in FORMER_FUNCTIONS if name in found]
    listed = ", ".join(f'"{schema}".{table}' for table in FORMER if table in tables)
    drop = f"DROP TABLE {listed};"
    if functions:
        drop += f" DROP FUNCTION {', '.join(functions)};"
    return f"{again}; if nothing of yours uses it, drop it by hand: {drop}"
