"""Reading the report's `image_vectors.npy` without running what is in it.

`np.save` of a dict writes a pickle, and a pickle is a program: it may name any function of any
module and call it. Nothing that a file names is called here. The dozen names that a pickled
array needs are answered by stand-ins, which only record what they are given; every other
name is refused before anything is run. The arrays are then made from the bytes, by us, after
their sizes have been compared.
"""

import io
import math
import pickle
import pickletools
import re
import struct
from pathlib import Path
from typing import Any, Never, cast

import numpy as np
from numpy.typing import NDArray

from timanh.errors import DictionaryDamagedError, DictionaryNotFoundError, UnsafeFileError

MAGIC = b"\x93NUMPY"
# What numpy writes for real numbers; objects, records and times have no place here.
NUMBERS = frozenset(f"{kind}{size}" for kind in "fiu" for size in (1, 2, 4, 8)) - {"f1"}
# Opcodes that reach outside of the pickle, or that no pickled array has.
REFUSED = frozenset(
    {"PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX"}
)


def load_pickled_vectors(file: Path) -> dict[str, NDArray[np.float32]]:
    """The dict path → vector that `np.save(file, vectors)` wrote, each as (dim,) float32.

    Accepts a dict, or a 0-d object array of one, as numpy 1 and 2 pickle them, and a plain
    pickle of the same.

    Raises:
        UnsafeFileError: it asks for anything but arrays; the message has the name it asks for.
        DictionaryDamagedError: it is cut short, or holds something else than path → vector.
        DictionaryNotFoundError: there is no such file.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise DictionaryNotFoundError(
            f"{file} cannot be read ({error.strerror or error}). Name the report's "
            "image_vectors.npy."
        ) from error
    loaded = _loads(_pickle_of(content, file), file)
    if isinstance(loaded, _Array):
        loaded = loaded.only_object(file)
    if not isinstance(loaded, dict) or not loaded:
        raise DictionaryDamagedError(
            f"{file} holds {_name(loaded)}, not a dict of path → vector. Save it with "
            "np.save(file, {path: vector, …})."
        )
    return {_key(key, file): _vector(value, str(key), file) for key, value in loaded.items()}


def _pickle_of(content: bytes, file: Path) -> bytes:
    """The pickle behind the header of an .npy file, or the file itself.

    Of the header, only its length and whether it says "object" are of interest; so it is not
    given to numpy, which evaluates it.
    """
    if not content.startswith(MAGIC):
        return content
    start = len(MAGIC) + 2
    wide = content[len(MAGIC) : len(MAGIC) + 1] != b"\x01"
    length = struct.unpack_from("<I" if wide else "<H", content.ljust(start + 4, b"\0"), start)[0]
    start += 4 if wide else 2
    header, rest = content[start : start + length], content[start + length :]
    if len(header) < length:
        raise _damaged(file, EOFError("its header is cut short"))
    if re.search(rb"'descr'\s*:\s*'\|?O'", header) is None:
        said = header.decode("latin1").strip()[:80]
        raise DictionaryDamagedError(
            f"{file} is a plain array ({said}) and names no pictures. Wanted is the report's dict "
            "of path → vector."
        )
    return rest


def _loads(content: bytes, file: Path) -> Any:
    _scan(content, file)
    try:
        return _Unpickler(io.BytesIO(content), file).load()
    except UnsafeFileError:
        raise
    except (
        pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError,
        AttributeError, MemoryError, RecursionError, OverflowError, UnicodeError,
    ) as error:  # fmt: skip
        raise _damaged(file, error) from error


def _scan(content: bytes, file: Path) -> None:
    """Look at the program without running it."""
    steps = 0
    try:
        for opcode, argument, _ in pickletools.genops(content):
            steps += 1
            if opcode.name in REFUSED:
                raise UnsafeFileError(
                    f"{file} uses {opcode.name}, which no pickled array needs. It was not loaded."
                )
            # A huge memo index would make the unpickler set aside memory for all below it.
            if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and int(argument or 0) > steps:
                raise UnsafeFileError(
                    f"{file} asks for memory that it does not need. It was not loaded."
                )
    except UnsafeFileError:
        raise
    except (ValueError, EOFError, OverflowError, UnicodeError, IndexError, MemoryError) as error:
        raise _damaged(file, error) from error


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, file: Path) -> None:
        # latin1 keeps the bytes of arrays that Python 2 has pickled.
        super().__init__(stream, encoding="latin1")
        self._file = file

    def find_class(self, module: str, name: str) -> Any:
        known = _KNOWN.get((module.replace("numpy.core", "numpy._core", 1), name))
        if known is None:
            hint = (
                " Save the tensors as arrays first: {path: tensor.cpu().numpy(), …}."
                if module.split(".")[0] == "torch"
                else " Only load files that you trust; ask its author for plain arrays."
            )
            raise UnsafeFileError(
                f"{self._file} asks for {module}.{name}, which is not an array. It was not "
                f"loaded.{hint}"
            )
        return known


class _Sealed:
    """Something a pickle may hold but not change."""

    __slots__ = ()

    def __setstate__(self, state: object) -> Never:
        raise UnsafeFileError("The file tries to change a function. It was not loaded.")


class _Dtype:
    """Takes down what `numpy.dtype(…)` was to be made of."""

    __slots__ = ("code", "order")

    def __init__(self, code: object) -> None:
        self.code = str(code) if isinstance(code, str) else "?"
        self.order = "<"
        if self.code[:1] in "<>=|" and len(self.code) > 1:
            self.order, self.code = self.code[0], self.code[1:]

    def __setstate__(self, state: object) -> None:
        if isinstance(state, tuple) and len(state) > 1 and state[1] in ("<", ">", "|", "="):
            self.order = state[1]

    def real(self) -> np.dtype[Any]:
        """Raises:
        ValueError: it is not a type of real numbers.
        """
        if self.code not in NUMBERS:
            raise ValueError(f"numbers were wanted, not the type {self.code!r}")
        return np.dtype(("<" if self.order in "|=" else self.order) + self.code)


class _Array:
    """Takes down what an array was to be made of."""

    __slots__ = ("buffer", "dtype", "fortran", "shape")

    def __init__(self) -> None:
        self.buffer: object = None
        self.dtype: object = None
        self.fortran = False
        self.shape: object = ()

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) not in (4, 5):
            raise ValueError("an array with a state of another form")
        self.shape, self.dtype, fortran, self.buffer = state[-4:]
        self.fortran = bool(fortran)

    def only_object(self, file: Path) -> Any:
        """The one thing in a 0-d object array."""
        holds = isinstance(self.dtype, _Dtype) and self.dtype.code.startswith(("O", "|O"))
        if holds and isinstance(self.buffer, list) and len(self.buffer) == 1:
            return self.buffer[0]
        raise DictionaryDamagedError(
            f"{file} holds an array, not a dict of path → vector. Save it with "
            "np.save(file, {path: vector, …})."
        )

    def real(self) -> NDArray[np.float32]:
        """(n,) float32, whatever shape it had.

        Raises:
            ValueError: no numbers, or more or fewer bytes than its shape says.
        """
        if not isinstance(self.dtype, _Dtype):
            raise ValueError("an array without a type")
        dtype = self.dtype.real()
        raw = self.buffer
        if isinstance(raw, str):
            raw = raw.encode("latin1")
        if not isinstance(raw, bytes | bytearray) or not isinstance(self.shape, tuple):
            raise ValueError("an array without bytes")
        if not all(isinstance(side, int) and side >= 0 for side in self.shape):
            raise ValueError(f"an array of the shape {self.shape!r}")
        if math.prod(self.shape) * dtype.itemsize != len(raw):
            raise ValueError(f"{len(raw)} bytes for the shape {self.shape}")
        return np.frombuffer(raw, dtype).astype(np.float32).reshape(-1)


class _Function(_Sealed):
    """A name that arrays are pickled with; calling it only takes notes."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __call__(self, *arguments: Any) -> Any:
        if self.kind == "dtype":
            return _Dtype(arguments[0])
        if self.kind == "reconstruct":
            return _Array()
        if self.kind == "frombuffer":
            return _from_buffer(*arguments)
        if self.kind == "encode":
            return _encode(*arguments)
        if self.kind == "bytes" and not arguments:
            return b""
        raise UnsafeFileError(f"The file calls {self.kind}, which is not needed. Not loaded.")


def _from_buffer(buffer: object, dtype: object, shape: object, order: object, *_: object) -> _Array:
    array = _Array()
    array.buffer, array.dtype, array.shape, array.fortran = buffer, dtype, shape, order == "F"
    return array


def _encode(text: object, encoding: object = "latin1") -> bytes:
    """How protocol 2 writes bytes."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise UnsafeFileError("The file calls an encoder other than latin1. It was not loaded.")
    return text.encode("latin1")


_KNOWN = {
    ("numpy", "ndarray"): _Function("ndarray"),
    ("numpy", "dtype"): _Function("dtype"),
    ("numpy._core.multiarray", "_reconstruct"): _Function("reconstruct"),
    ("numpy._core.numeric", "_frombuffer"): _Function("frombuffer"),
    ("_codecs", "encode"): _Function("encode"),
    ("__builtin__", "bytes"): _Function("bytes"),
    ("builtins", "bytes"): _Function("bytes"),
}


def _key(key: object, file: Path) -> str:
    if isinstance(key, bytes):
        key = key.decode("utf8", "replace")
    if not isinstance(key, str):
        raise DictionaryDamagedError(
            f"{file} has {_name(key)} for a path. Its keys must be strings."
        )
    return key


def _vector(value: object, key: str, file: Path) -> NDArray[np.float32]:
    try:
        if isinstance(value, _Array):
            return value.real()
        if isinstance(value, list | tuple) and all(isinstance(n, int | float) for n in value):
            return np.array(value, np.float32)
        raise ValueError(f"{_name(value)}")
    except (ValueError, OverflowError) as error:
        raise DictionaryDamagedError(
            f"{file} has no vector for {key!r} ({error}). Its values must be arrays of numbers."
        ) from error


def _name(value: object) -> str:
    known = {_Array: "an array", _Dtype: "a type", _Function: "a function"}
    return known.get(cast(Any, type(value)), f"a {type(value).__name__}")


def _damaged(file: Path, error: Exception) -> DictionaryDamagedError:
    return DictionaryDamagedError(
        f"{file} cannot be read as the report's vectors ({error or type(error).__name__}). It is "
        "cut short, or is another kind of file."
    )
