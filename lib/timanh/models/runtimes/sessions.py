"""A tower that is ready to run: arrays in, features out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from timanh.models.half import gpu_has_bf16
from timanh.models.runtimes import names
from timanh.models.torch_encoder import Arrays
from timanh.models.towers import Tower

# (N, dim) float32 features, not normalised, from the arrays that a tower names as its inputs.
Session = Callable[[Arrays], NDArray[np.float32]]


def open_session(runtime: str, tower: Tower, device: str, file: Path | None) -> Session:
    """Load `tower` in `runtime`; `file` is what `exporting.export` wrote for it."""
    if runtime in (names.ONNX, names.INT8):
        return _onnx(file, tower, device)
    if runtime in (names.OPENVINO, names.OPENVINO_BF16):
        return _openvino(file, tower, "bf16" if runtime == names.OPENVINO_BF16 else "f32")
    return _torch(runtime, tower, device)


def _torch(runtime: str, tower: Tower, device: str) -> Session:
    run: Any = tower
    if runtime == names.TORCH_COMPILE:
        run = torch.compile(tower, dynamic=True)
    half = runtime == names.TORCH_BF16
    kind = torch.device(device).type
    fast = torch.float16 if kind == "cuda" and not gpu_has_bf16() else torch.bfloat16

    @torch.inference_mode()
    def session(batch: Arrays) -> NDArray[np.float32]:
        tensors = [torch.from_numpy(batch[name]).to(device) for name in tower.inputs]
        with torch.autocast(kind, fast, enabled=half):
            features: NDArray[np.float32] = run(*tensors).float().cpu().numpy()
        return features

    return session


def _onnx(file: Path | None, tower: Tower, device: str) -> Session:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    offered = onnxruntime.get_available_providers()
    wanted = ["CUDAExecutionProvider"] if device.startswith("cuda") else []
    providers = [name for name in (*wanted, "CPUExecutionProvider") if name in offered]
    loaded = onnxruntime.InferenceSession(str(file), options, providers=providers)

    def session(batch: Arrays) -> NDArray[np.float32]:
        features: NDArray[np.float32] = loaded.run(None, {k: batch[k] for k in tower.inputs})[0]
        return features

    return session


def _openvino(file: Path | None, tower: Tower, precision: str) -> Session:
    import openvino

    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
    }
    compiled = openvino.Core().compile_model(str(file), "CPU", settings)
    request = compiled.create_infer_request()

    def session(batch: Arrays) -> NDArray[np.float32]:
        features = request.infer([batch[name] for name in tower.inputs], share_inputs=True)[0]
        return np.array(features, np.float32)

    return session
