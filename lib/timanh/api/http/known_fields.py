"""Fields that an endpoint does not have are refused, and not passed over in silence.

The API and the backend, which import nothing from each other, hold the same file; a test says so.
"""

from collections.abc import Collection, Iterable, Mapping

from fastapi import Request
from fastapi.exceptions import RequestValidationError

JSON = "application/json"


async def only_known_fields(request: Request) -> None:
    """For `Depends`: address, form and JSON have only fields that the endpoint's /docs have.

    A body that an endpoint reads by itself is left to it.

    Raises:
        RequestValidationError: others.
    """
    route, document = request.scope["route"], request.app.openapi()
    operation = document["paths"].get(route.path_format, {}).get(request.method.lower())
    if operation is None:  # it is not in /docs
        return
    parameters = operation.get("parameters", ())
    refuse_unknown(
        "address",
        request.query_params,
        [each["name"] for each in parameters if each["in"] == "query"],
    )
    if route.body_field is None:
        return
    [(kind, content)] = operation["requestBody"]["content"].items()
    schema = content["schema"]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    try:
        sent = await request.json() if kind == JSON else await request.form()
    except (ValueError, RecursionError):
        return  # FastAPI says what is wrong with it
    if isinstance(sent, Mapping):
        refuse_unknown("JSON" if kind == JSON else "form", sent, schema["properties"])


def refuse_unknown(place: str, sent: Iterable[str], known: Collection[str]) -> None:
    """`place` is what a person calls the part of the request.

    Raises:
        RequestValidationError: names in `sent` that are not known.
    """
    takes = f"it takes {', '.join(known)}" if known else "it takes none"
    unknown = [
        {
            "type": "extra_forbidden",
            "loc": (place, name[:60]),
            "msg": f"there is no such field in the {place}; {takes}",
        }
        for name in dict.fromkeys(sent)
        if name not in known
    ]
    if unknown:
        raise RequestValidationError(unknown)
