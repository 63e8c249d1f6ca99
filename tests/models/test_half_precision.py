"""Half precision by what a GPU computes itself, not by what torch can emulate on it."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from timanh.cli import machine
from timanh.models.half import gpu_has_bf16
from timanh.training.precision import Precision

Card = Callable[[int, int], None]


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> Card:
    """A GPU of the capability that is given, as far as torch can tell; each emulates bfloat16."""

    def put(major: int, minor: int) -> None:
        seen = SimpleNamespace(major=major, minor=minor, name="a card")
        monkeypatch.setattr(torch.version, "hip", None)
        for name, answer in (
            ("is_available", True), ("current_device", 0), ("get_device_properties", seen),
            ("get_device_capability", (major, minor)), ("get_device_name", "a card"),
            ("_check_bf16_tensor_supported", True),
        ):  # fmt: skip
            monkeypatch.setattr(torch.cuda, name, lambda *_, answer=answer: answer)

    return put


@pytest.mark.parametrize(("major", "minor"), [(6, 0), (7, 0), (7, 5)])
def test_older_cards_train_in_float16_with_scaled_gradients(
    card: Card, major: int, minor: int
) -> None:
    card(major, minor)
    assert not gpu_has_bf16()
    precision = Precision("cuda", wanted=True)
    assert precision.dtype is torch.float16
    assert precision.scaler.is_enabled()
    findings = {finding.name: finding for finding in machine._torch()}
    assert not findings["bfloat16"].ok and findings["bfloat16"].found == "not on this GPU"


@pytest.mark.parametrize(("major", "minor"), [(8, 0), (8, 9), (9, 0), (10, 0)])
def test_newer_cards_train_in_bfloat16(card: Card, major: int, minor: int) -> None:
    card(major, minor)
    assert gpu_has_bf16()
    precision = Precision("cuda", wanted=True)
    assert precision.dtype is torch.bfloat16
    assert not precision.scaler.is_enabled()
    findings = {finding.name: finding for finding in machine._torch()}
    assert findings["bfloat16"].ok and findings["bfloat16"].found == "on the GPU"


def test_full_precision_where_it_is_wanted(card: Card) -> None:
    card(7, 5)
    precision = Precision("cuda", wanted=False)
    assert precision.dtype is None and not precision.scaler.is_enabled()
