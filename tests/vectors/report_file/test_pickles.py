"""Reading the report's image_vectors.npy: nothing in it is executed."""

import builtins
import copyreg
import io
import os
import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_dictionary import save_pickled

from timanh.errors import (
    DictionaryDamagedError,
    DictionaryNotFoundError,
    TimAnhError,
    UnsafeFileError,
)
from timanh.vectors.report_file.pickles import load_pickled_vectors


class Calls:
    """Pickles as a call of `function(*arguments)`."""

    def __init__(self, function: Any, *arguments: Any, state: Any = None) -> None:
        self.parts = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self) -> Any:
        return self.parts


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """A file that exists only if something in a pickle was run."""
    return tmp_path / "it-ran"


HOSTILE = {
    "posix.system": lambda mark: Calls(os.system, f"touch {mark}"),
    "builtins.eval": lambda mark: Calls(builtins.eval, f"open({str(mark)!r}, 'w')"),
    "builtins.exec": lambda mark: Calls(builtins.exec, f"open({str(mark)!r}, 'w')"),
    "io.open": lambda mark: Calls(io.open, str(mark), "w"),
    "builtins.getattr": lambda mark: Calls(getattr, "", "join"),
    "pathlib": lambda mark: mark,
    "numpy.load": lambda mark: Calls(np.load, str(mark)),
    "copyreg._reconstructor": lambda mark: Calls(copyreg._reconstructor, int, int, 5),
    "collections.OrderedDict": lambda mark: OrderedDict(a=1),
    "builtins.set": lambda mark: Calls(set, [1]),
    "builtins.complex": lambda mark: complex(1, 2),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("nested", [False, True])
def test_whatever_is_no_array_is_refused_and_named(
    tmp_path: Path, marker: Path, name: str, nested: bool
) -> None:
    hostile = HOSTILE[name](marker)
    content = {"a.jpg": [{"deep": (hostile,)}]} if nested else hostile
    file = save_pickled(tmp_path / "x.npy", {"b.jpg": np.ones(3, np.float32), "a.jpg": content})
    with pytest.raises(UnsafeFileError, match=r"asks for|uses") as caught:
        load_pickled_vectors(file)
    if name.count("."):
        assert name in str(caught.value)
    assert not marker.exists()


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_of_a_hostile_pickle_is_refused(
    tmp_path: Path, marker: Path, protocol: int
) -> None:
    (tmp_path / "x.npy").write_bytes(
        pickle.dumps({"a": Calls(os.system, f"touch {marker}")}, protocol=protocol)
    )
    with pytest.raises(UnsafeFileError, match=r"posix\.system"):
        load_pickled_vectors(tmp_path / "x.npy")
    assert not marker.exists()


def by_hand(*opcodes: bytes) -> bytes:
    return b"\x80\x04" + b"".join(opcodes) + b"."


def name_of(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


TRICKS = {
    "a dotted name": by_hand(name_of("numpy", "ndarray.tofile")),
    "a name through a module": by_hand(name_of("numpy._core.multiarray", "os.system")),
    "numpy's own loader": by_hand(name_of("numpy", "load")),
    "an old instance": b"(S'touch it'\nios\nsystem\n.",
    "an object opcode": b"(" + name_of("os", "system") + b"S'touch it'\no.",
    "an extension code": by_hand(b"\x82\x01"),
    "a persistent id": by_hand(b"Pos.system\n"),
    "a changed function": by_hand(name_of("numpy", "dtype"), b"}", b"b"),
    "a changed function's attributes": by_hand(
        name_of("numpy", "dtype"), b"N}\x8c\x0c__defaults__", b"Ns\x86b"
    ),
    "a called type": by_hand(name_of("numpy", "ndarray"), b"K\x05\x85R"),
    "a made class": by_hand(name_of("numpy", "ndarray"), b")\x81"),
    "a huge memo": by_hand(b"Nr\xff\xff\xff\x7f"),
    "another codec": by_hand(name_of("_codecs", "encode"), b"\x8c\x01a\x8c\x06rot_13\x86R"),
    "bytes of a length": by_hand(name_of("builtins", "bytes"), b"J\xff\xff\xff\x7f\x85R"),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_tricks_with_opcodes(tmp_path: Path, trick: str) -> None:
    (tmp_path / "x.npy").write_bytes(TRICKS[trick])
    with pytest.raises(UnsafeFileError, match=r"(not|Not) loaded"):
        load_pickled_vectors(tmp_path / "x.npy")


def array_pickle(shape: Any, dtype: str, raw: Any) -> bytes:
    """What numpy writes for an array, with a shape and bytes that need not agree."""

    class Dtype:
        def __reduce__(self) -> Any:
            return np.dtype, (dtype, False, True), (3, "<", None, None, None, -1, -1, 0)

    class Fake:
        def __reduce__(self) -> Any:
            function = np.ones(1).__reduce__()[0]
            return function, (np.ndarray, (0,), b"b"), (1, shape, Dtype(), False, raw)

    return pickle.dumps({"a.jpg": Fake()}, protocol=4)


@pytest.mark.parametrize(
    ("shape", "dtype", "raw"),
    [
        ((10**12,), "f4", b"1234"),
        ((-1,), "f4", b"1234"),
        ((1,), "V1000000000000", b"1234"),
        ((1,), "O", [1]),
        ((10**12,), "O", []),
        ((1,), "U1000000000", b"1234"),
        ((1,), "M8[s]", b"12345678"),
        ((2.5,), "f4", b"1234"),
        ("x", "f4", b"1234"),
        ((1,), "f4", None),
    ],
)
def test_arrays_that_are_none_set_nothing_aside(
    tmp_path: Path, shape: Any, dtype: str, raw: Any
) -> None:
    (tmp_path / "x.npy").write_bytes(array_pickle(shape, dtype, raw))
    with pytest.raises(DictionaryDamagedError, match=r"a\.jpg|form"):
        load_pickled_vectors(tmp_path / "x.npy")


def test_a_length_beyond_the_file(tmp_path: Path) -> None:
    (tmp_path / "x.npy").write_bytes(by_hand(b"\x8e" + struct.pack("<Q", 10**15) + b"abc"))
    with pytest.raises(DictionaryDamagedError, match="cannot be read"):
        load_pickled_vectors(tmp_path / "x.npy")


def test_tensors_are_refused_with_a_hint(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    file = save_pickled(tmp_path / "x.npy", {"a.jpg": torch.ones(3)})
    with pytest.raises(UnsafeFileError, match=r"torch\._utils.*cpu\(\)\.numpy\(\)"):
        load_pickled_vectors(file)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({1: np.ones(3)}, "Its keys must be strings"),
        ({"a.jpg": "text"}, "a str"),
        ({"a.jpg": None}, "NoneType"),
        ({"a.jpg": {}}, "a dict"),
        ({}, "not a dict of path"),
        ([1, 2], "not a dict"),
    ],
)
def test_other_contents_are_refused(tmp_path: Path, content: Any, words: str) -> None:
    holder = np.empty((), object)
    holder[()] = content
    np.save(tmp_path / "x.npy", holder, allow_pickle=True)
    with pytest.raises(DictionaryDamagedError, match=words):
        load_pickled_vectors(tmp_path / "x.npy")


def test_a_plain_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((3, 4)))
    with pytest.raises(DictionaryDamagedError, match="names no pictures"):
        load_pickled_vectors(tmp_path / "x.npy")
    with pytest.raises(DictionaryNotFoundError, match="cannot be read"):
        load_pickled_vectors(tmp_path / "nothing.npy")


def test_a_file_cut_anywhere_ends_in_one_sentence(tmp_path: Path) -> None:
    file = save_pickled(tmp_path / "x.npy", {"a.jpg": np.ones(5, np.float32), "b.jpg": np.ones(5)})
    whole = file.read_bytes()
    for end in range(len(whole)):
        file.write_bytes(whole[:end])
        with pytest.raises(TimAnhError) as caught:
            load_pickled_vectors(file)
        assert "\n" not in str(caught.value)


def test_a_file_with_any_bit_flipped_runs_nothing(tmp_path: Path) -> None:
    file = save_pickled(tmp_path / "x.npy", {"a.jpg": np.ones(5, np.float32)})
    whole = file.read_bytes()
    for place in range(len(whole)):
        for bit in (0, 3, 6):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << bit
            file.write_bytes(flipped)
            try:
                vectors = load_pickled_vectors(file)
            except TimAnhError:
                continue
            assert all(type(vector) is np.ndarray for vector in vectors.values())


# What is accepted


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4", np.int16])
def test_arrays_of_every_protocol_and_type_are_read(
    tmp_path: Path, protocol: int, dtype: Any
) -> None:
    vectors = {f"{row}.jpg": np.arange(6).reshape(1, 6).astype(dtype) for row in range(3)}
    (tmp_path / "x.npy").write_bytes(pickle.dumps(vectors, protocol=protocol))
    read = load_pickled_vectors(tmp_path / "x.npy")
    assert list(read) == list(vectors)
    for vector in read.values():
        assert vector.dtype == np.float32
        np.testing.assert_array_equal(vector, np.arange(6))


def test_what_numpy_1_wrote_is_read(tmp_path: Path) -> None:
    file = save_pickled(tmp_path / "x.npy", {"a.jpg": np.arange(3, dtype=np.float32)})
    content = file.read_bytes()
    # numpy 2 says numpy._core where numpy 1 said numpy.core; the length stands before the name.
    older = content.replace(b"\x8c\x16numpy._core.multiarray", b"\x8c\x15numpy.core.multiarray")
    assert older != content
    (tmp_path / "x.npy").write_bytes(_without_frames(older))
    np.testing.assert_array_equal(load_pickled_vectors(tmp_path / "x.npy")["a.jpg"], [0, 1, 2])


def _without_frames(content: bytes) -> bytes:
    header = content.index(b"\x80\x04\x95")
    return content[: header + 2] + content[header + 11 :]


def test_rows_of_a_two_dimensional_array_and_fortran_order(tmp_path: Path) -> None:
    matrix = np.asfortranarray(np.arange(8, dtype=np.float32).reshape(2, 4))
    file = save_pickled(tmp_path / "x.npy", {"a.jpg": matrix[0], "b.jpg": [0.5, 1]})
    read = load_pickled_vectors(file)
    np.testing.assert_array_equal(read["a.jpg"], [0, 1, 2, 3])
    np.testing.assert_array_equal(read["b.jpg"], [0.5, 1])
