"""Towers in other formats, written once beside their checkpoint."""

import contextlib
import io
import logging
import os
import re
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from timanh.models.runtimes import names
from timanh.models.towers import Tower
from timanh.workspace import user_cache

FOLDER = "runtimes"
# Raise it where an export changes: earlier ones are then made again.
VERSION = 3
OURS = re.compile(r"[0-9a-f]{16}-\d+")  # folders of exports
_FORMATS = {
    names.ONNX: "onnx/{which}.onnx",
    names.INT8: "onnx-int8/{which}.onnx",
    names.OPENVINO: "openvino/{which}.xml",
    names.OPENVINO_BF16: "openvino/{which}.xml",
}


def place_for(checkpoint: Path, fingerprint: str) -> Path:
    """Where the exports of a checkpoint lie: beside it, or in the user's cache where the folder
    belongs to the package or is read-only."""
    package = Path(__file__).resolve().parents[2]
    writable = not checkpoint.resolve().is_relative_to(package) and os.access(checkpoint, os.W_OK)
    place = checkpoint / FOLDER if writable else user_cache() / FOLDER
    return place / f"{fingerprint}-{VERSION}"


def export(runtime: str, tower: Tower, place: Path) -> Path | None:
    """The file of `tower` for `runtime`, written if it is not there; None where none is needed.

    Raises:
        OSError: `place` cannot be written.
        Exception: whatever the exporter says of a network it cannot express.
    """
    if runtime not in _FORMATS:
        return None
    file = place / _FORMATS[runtime].format(which=tower.which)
    if not file.is_file():
        _delete_old_exports(place)
        file.parent.mkdir(parents=True, exist_ok=True)
        # Into a temporary folder first, so that a half-written export is never found.
        with tempfile.TemporaryDirectory(dir=place, prefix=".export-") as temporary:
            made = Path(temporary) / file.name
            with _quiet():
                _write(runtime, tower, made, place)
            # The file of weights moves before the file that refers to it.
            for written in sorted(Path(temporary).iterdir(), key=lambda path: path == made):
                shutil.move(written, file.parent / written.name)
    return file


def _delete_old_exports(place: Path) -> None:
    """Exports of weights that the checkpoint no longer has; the user's cache is of many models."""
    beside_checkpoint = place.parent.name == FOLDER and place.parent.parent != user_cache()
    if not beside_checkpoint or not place.parent.is_dir():
        return
    for old in place.parent.iterdir():
        if old != place and old.is_dir() and OURS.fullmatch(old.name):
            shutil.rmtree(old, ignore_errors=True)


def _write(runtime: str, tower: Tower, file: Path, place: Path) -> None:
    if runtime == names.INT8:
        _quantise(tower, file, place)
    elif runtime == names.ONNX:
        _to_onnx(tower, file)
    else:
        _to_openvino(tower, file)


def _to_openvino(tower: Tower, file: Path) -> None:
    import openvino

    with torch.no_grad():
        converted = openvino.convert_model(
            tower,
            example_input=_example(tower),
            input=[*map(openvino.PartialShape, tower.shapes())],
        )
    openvino.save_model(converted, file, compress_to_fp16=False)


def _to_onnx(tower: Tower, file: Path) -> None:
    shapes = tuple(
        {axis: torch.export.Dim.DYNAMIC if size < 0 else None for axis, size in enumerate(shape)}
        for shape in tower.shapes()
    )
    torch.onnx.export(
        tower,
        _example(tower),
        file,
        input_names=list(tower.inputs),
        output_names=["features"],
        dynamic_shapes=(shapes,),
        dynamo=True,
        external_data=True,
        verbose=False,
    )


def _quantise(tower: Tower, file: Path, place: Path) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    exact = onnx.load(str(export(names.ONNX, tower, place)))
    # The exporter's shapes of inner values contradict those of the quantised weights.
    del exact.graph.value_info[:]
    quantize_dynamic(
        exact, file, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"]
    )


def _example(tower: Tower) -> tuple[torch.Tensor, ...]:
    batch = tower.probes()[0]
    return tuple(torch.from_numpy(np.ascontiguousarray(batch[name])) for name in tower.inputs)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence for exporters: what they warn of, the comparison with torch measures anyway."""
    old = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(old)
