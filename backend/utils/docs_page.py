"""An OpenAPI page without scripts or foreign hosts, so that it works offline and under the CSP."""

from html import escape
from typing import Any


def docs_page(document: dict[str, Any]) -> str:
    """HTML of all endpoints in an OpenAPI `document`."""
    title = escape(document["info"]["title"])
    sections = "".join(
        _endpoint(method, path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f'<title>{title} · API</title><link rel="stylesheet" href="/docs.css">'
        f"<main><h1>{title}</h1><p>{escape(document['info'].get('description', ''))} "
        f'<a href="/openapi.json">openapi.json</a></p>{sections}</main></html>'
    )


def _endpoint(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = "".join(_row(*parameter) for parameter in _parameters(operation))
    table = f"<table><tbody>{rows}</tbody></table>" if rows else ""
    return (
        f"<section><h2><b>{escape(method.upper())}</b> <code>{escape(path)}</code></h2>"
        f"<p>{escape(operation.get('description') or operation.get('summary', ''))}</p>"
        f"{table}</section>"
    )


def _parameters(operation: dict[str, Any]) -> list[tuple[str, str]]:
    listed = [
        (parameter["name"], parameter.get("description", parameter["in"]))
        for parameter in operation.get("parameters", [])
    ]
    return listed + [tuple(field) for field in operation.get("x-form", [])]


def _row(name: str, text: str) -> str:
    return f"<tr><th><code>{escape(name)}</code></th><td>{escape(text)}</td></tr>"


DOCS_CSS = """:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
main { max-width: 44rem; margin: 3rem auto; padding: 0 1rem }
section { border-top: 1px solid #8884; padding: 1rem 0 }
h2 { font-size: 1rem; margin: 0 } h2 b { color: #d6493c; margin-right: .5rem }
th { text-align: left; padding-right: 1.5rem; font-weight: 400; vertical-align: top }
"""
