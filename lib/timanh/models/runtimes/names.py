"""Names of the runtimes, and which of them this machine can use."""

from importlib.util import find_spec

TORCH, TORCH_BF16, TORCH_COMPILE = "torch", "torch-bf16", "torch-compile"
ONNX, INT8 = "onnx", "int8"
OPENVINO, OPENVINO_BF16 = "openvino", "openvino-bf16"
RUNTIMES = (
    "auto", TORCH, TORCH_BF16, TORCH_COMPILE, ONNX, OPENVINO, OPENVINO_BF16, INT8,
)  # fmt: skip

_NEEDS = {
    ONNX: ("onnxruntime", "onnxscript"),
    INT8: ("onnxruntime", "onnxscript"),
    OPENVINO: ("openvino",),
    OPENVINO_BF16: ("openvino",),
}


def missing(runtime: str) -> tuple[str, ...]:
    """Packages that `runtime` needs and that are not installed."""
    return tuple(package for package in _NEEDS.get(runtime, ()) if not find_spec(package))


def candidates(device: str) -> list[str]:
    """What "auto" tries on `device`, the likely fastest first.

    Left out are torch-compile, which takes a minute at every start, and int8, which changes
    what is found.
    """
    if device == "cpu":
        names = [OPENVINO_BF16, OPENVINO, ONNX, TORCH_BF16]
    elif device.startswith("cuda"):
        names = [TORCH_BF16]
    else:
        names = []
    return [name for name in names if not missing(name)]
