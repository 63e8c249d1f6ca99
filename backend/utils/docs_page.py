"""An OpenAPI page without scripts or foreign hosts, so that it works offline and sends nothing.

The API and the backend, which import nothing from each other, hold the same file; a test says so.
"""

from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse

STYLE = """:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
main { max-width: 44rem; margin: 3rem auto; padding: 0 1rem }
section { border-top: 1px solid #8884; padding: 1rem 0 }
h2 { font-size: 1rem; margin: 0 } h2 b { color: #d6493c; margin-right: .5rem }
th { text-align: left; padding-right: 1.5rem; font-weight: 400; vertical-align: top }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def docs_page(app: FastAPI) -> HTMLResponse:
    """All endpoints of `app` with their fields."""
    document = app.openapi()
    title = escape(document["info"]["title"])
    sections = "".join(
        _endpoint(method, path, operation, document)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    )
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title} · API</title><style>{STYLE}</style>"
        f"<main><h1>{title}</h1><p>{escape(document['info'].get('description', ''))} "
        f'<a href="openapi.json">openapi.json</a></p>{sections}</main></html>',
        headers={"Content-Security-Policy": POLICY},
    )


def _endpoint(method: str, path: str, operation: dict[str, Any], document: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><th><code>{escape(name)}</code></th><td>{escape(text)}</td></tr>"
        for name, text in _fields(operation, document)
    )
    table = f"<table><tbody>{rows}</tbody></table>" if rows else ""
    return (
        f"<section><h2><b>{escape(method.upper())}</b> <code>{escape(path)}</code></h2>"
        f"<p>{escape(operation.get('description') or operation.get('summary', ''))}</p>"
        f"{table}</section>"
    )


def _fields(operation: dict[str, Any], document: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and descriptions of parameters and of the form's fields."""
    found = [
        (parameter["name"], parameter.get("description") or f"In the {parameter['in']}.")
        for parameter in operation.get("parameters", [])
    ]
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = content.get("schema", {})
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        found += [
            (name, field.get("description", ""))
            for name, field in schema.get("properties", {}).items()
        ]
    return found
