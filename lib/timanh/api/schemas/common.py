"""What all routes answer with: a failure, and a notice."""

from pydantic import BaseModel


class Notice(BaseModel):
    """Something that a person should know; `code` is for programs."""

    code: str
    detail: str


class Problem(BaseModel):
    """A failure (RFC 9457); `code` is for programs, `detail` for a person.

    `near`: of an unknown folder, names of folders that may have been meant.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    near: list[str] | None = None
