"""Pages and folders of the gallery, and what is added to it, corrected and taken out."""

from pydantic import BaseModel, ConfigDict

from timanh.api.schemas.pictures import Picture


class PersonCaptions(BaseModel):
    """What a person says of a picture, the best first; `seen` are those that they saw before."""

    captions: list[str]
    seen: list[str] | None = None


class GalleryPage(BaseModel):
    """Some pictures of `total`, in the folder, of `gallery` in all.

    `offset` is the place of the first one; `next` is the cursor of the page behind this one, in
    the order of time; `around_offset` the place of the picture that was named by `around`.
    """

    total: int
    gallery: int
    offset: int
    next: str | None = None
    around_offset: int | None = None
    images: list[Picture]


class Folder(BaseModel):
    """One folder of the gallery; `count` has the pictures in folders within it too."""

    path: str
    count: int


class Folders(BaseModel):
    """The folders with the most pictures, by their paths."""

    folders: list[Folder]


class NotTaken(BaseModel):
    """A file that was sent and is not in the gallery, and why."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    code: str
    detail: str


class Added(BaseModel):
    """Pictures that are in the gallery now; `known` of them were there before.

    `folder` is where new ones are kept, below the gallery; `place` says it to a person.
    """

    images: list[Picture]
    added: int
    known: int
    total: int
    folder: str
    place: str
    skipped: list[NotTaken] = []


class Deleted(BaseModel):
    """The picture that was taken out, how many are left, and for how many seconds it can be put
    back."""

    id: str
    total: int
    undo_s: float


class Restored(BaseModel):
    """The picture that is back, and how many there are."""

    image: Picture
    total: int
