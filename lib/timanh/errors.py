"""Every error that Tìm Ảnh raises on purpose, in one tree.

A message says what came, what was wanted, and what to do. What to do differs
between the command line (an option) and a notebook (a field of its parameters
cell); an error carries both and shows the one of the place where it is read.
`code` is a short stable slug for programs: the API puts it in problem
responses, the page translates it.

    TimAnhError
    ├── SettingsError              a setting or an environment variable is wrong
    │   └── DiskFullError          less free on a disk than the result takes
    ├── DataError
    │   ├── CaptionFormatError     a caption file in no known form
    │   ├── EmptyGalleryError      no picture where pictures were wanted
    │   └── PictureError           a picture that cannot be opened
    │       └── PictureTooLargeError
    ├── ModelError
    │   ├── ModelNotFoundError     no such folder, or a hub that cannot be reached
    │   └── ModelFormatError       a folder that holds no image-text model
    ├── DictionaryError
    │   ├── DictionaryNotFoundError
    │   ├── DictionaryDamagedError
    │   ├── CannotWriteError       its folder takes no more files
    │   ├── EncoderMismatchError   vectors of one encoder, queries of another
    │   ├── EngineGoneError        a server that holds the vectors does not answer
    │   ├── OvertakenError         another process changed the dictionary meanwhile
    │   └── UnsafeFileError        a pickle that would build more than arrays
    ├── QueryError
    │   ├── EmptyQueryError        neither text nor picture
    │   ├── OnlyExcludedError      words for what should not be there, and no others
    │   ├── LanguageError          captions in a language that a captioner does not write
    │   ├── UnknownPictureError    no picture with this id
    │   └── UnknownFolderError     no folder of this name in the gallery
    ├── TrainingError
    │   ├── DivergedError          the loss is no longer a number
    │   └── ResumeError            a checkpoint that does not fit this run
    └── ServingError
        ├── PortTakenError
        └── TunnelError
"""

import sys


def first_line(error: Exception) -> str:
    """The first line of what another library says, at most 200 letters; its type if it is mute."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook (Jupyter, Colab, Kaggle)."""
    shell_of = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return shell_of is not None and hasattr(shell_of(), "kernel")


def advice(*, cli: str, notebook: str) -> str:
    """What to do, for the place where it is read: `cli` names options, `notebook` fields."""
    return notebook if in_notebook() else cli


class TimAnhError(Exception):
    """Base of all errors raised on purpose; `str(error)` says in a sentence what to do.

    Args:
        message: what came and what was wanted, and what to do where that is the same everywhere.
        cli: what to do on the command line.
        notebook: what to do in a notebook: which field of the parameters cell to set.

    Example:
        >>> str(SettingsError("Port 80 is taken.", cli="Take --port 8001.", notebook="Set PORT."))
        'Port 80 is taken. Take --port 8001.'
    """

    code = "error"

    def __init__(self, message: str = "", *, cli: str = "", notebook: str = "") -> None:
        super().__init__(message)
        self.cli = cli
        self.notebook = notebook

    def __str__(self) -> str:
        to_do = advice(cli=self.cli, notebook=self.notebook)
        return " ".join(part for part in (super().__str__(), to_do) if part)


class SettingsError(TimAnhError):
    code = "bad-setting"


class DiskFullError(SettingsError):
    code = "disk-full"


class DataError(TimAnhError):
    code = "bad-data"


class CaptionFormatError(DataError):
    code = "unknown-caption-format"


class EmptyGalleryError(DataError):
    code = "empty-gallery"


class PictureError(DataError):
    code = "unreadable-picture"


class PictureTooLargeError(PictureError):
    code = "picture-too-large"


class ModelError(TimAnhError):
    code = "bad-model"


class ModelNotFoundError(ModelError):
    code = "model-not-found"


class ModelFormatError(ModelError):
    code = "model-format"


class NoGridError(ModelError):
    """The picture tower does not say what it sees where."""

    code = "no-grid"


class RuntimeRefusedError(ModelError):
    code = "runtime-refused"


class DictionaryError(TimAnhError):
    code = "bad-dictionary"


class DictionaryNotFoundError(DictionaryError):
    code = "dictionary-not-found"


class DictionaryDamagedError(DictionaryError):
    code = "dictionary-damaged"


class CannotWriteError(DictionaryError):
    code = "read-only"


class EncoderMismatchError(DictionaryError):
    code = "encoder-mismatch"


class UnsafeFileError(DictionaryError):
    code = "unsafe-file"


class EngineGoneError(DictionaryError):
    code = "engine-gone"


class OvertakenError(DictionaryError):
    code = "overtaken"


class QueryError(TimAnhError):
    code = "bad-query"


class EmptyQueryError(QueryError):
    code = "empty-query"


class ContradictionError(QueryError):
    """What is wanted cancels itself out."""

    code = "contradiction"


class OnlyExcludedError(QueryError):
    code = "only-excluded"


class LanguageError(QueryError):
    code = "unknown-language"


class UnknownPictureError(QueryError):
    code = "unknown-picture"


class UnknownFolderError(QueryError):
    """`near` has names of folders that may have been meant, the likeliest first."""

    code = "unknown-folder"

    def __init__(self, message: str, near: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.near = near


class TrainingError(TimAnhError):
    code = "training-failed"


class DivergedError(TrainingError):
    code = "training-diverged"


class ResumeError(TrainingError):
    code = "cannot-resume"


class ServingError(TimAnhError):
    code = "serving-failed"


class PortTakenError(ServingError):
    code = "port-taken"


class TunnelError(ServingError):
    code = "tunnel-failed"
