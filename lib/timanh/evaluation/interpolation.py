"""Weights between those before and after a fine-tuning (WiSE-FT, Wortsman et al. 2022).

Fine-tuning gains on its training pictures and forgets some of what the model knew. On the straight
line between the weights before and after there are often points that keep nearly all of both.
"""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from timanh.errors import SettingsError
from timanh.evaluation.probing import Probe
from timanh.models.encoder import Encoder
from timanh.models.torch_encoder import TorchEncoder
from timanh.training import mean_recall

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)


def interpolate(
    before: TorchEncoder,
    after: TorchEncoder,
    measure: Callable[[Encoder], dict[str, Any]],
    probe: Probe,
    *,
    steps: Sequence[float] = STEPS,
) -> dict[str, Any]:
    """Measure models between two; `after` is left with the weights of the chosen one, and
    another name.

    Args:
        measure: dev recall, such as `dev_recall(folder)`.
        steps: shares of the weights after, 0..1.

    Returns:
        {"probe": what it is, "points": [{"share", "dev": mean recall in percent, "probe"}],
        "chosen": share}. Chosen is the largest sum of dev recall and probe.

    Raises:
        SettingsError: the two have other weights than each other.
    """
    old, new = _weights(before), _weights(after)
    if {name: value.shape for name, value in old.items()} != {
        name: value.shape for name, value in new.items()
    }:
        raise SettingsError(
            f"{before.name} and {after.name} are not the same network, so there is nothing "
            "between them. Give the model that the training began with."
        )
    points = []
    for share in steps:
        _set(after, old, new, share)
        points.append(
            {
                "share": share,
                "dev": mean_recall(measure(after)),
                "probe": probe.measure(after),
            }
        )
    chosen = max(points, key=lambda point: (point["dev"] + point["probe"], point["share"]))
    _set(after, old, new, chosen["share"])
    after.name = f"{after.name}-between"
    return {"probe": probe.what, "points": points, "chosen": chosen["share"]}


def format_interpolation(document: dict[str, Any]) -> str:
    """A table for people, the chosen line marked."""
    lines = ["share   dev recall   probe"]
    for point in document["points"]:
        mark = "  ← chosen" if point["share"] == document["chosen"] else ""
        lines.append(f"{point['share']:5.2f}{point['dev']:13.1f}{point['probe']:8.1f}{mark}")
    return "\n".join([*lines, f"probe: {document['probe']}"])


def _weights(encoder: TorchEncoder) -> dict[str, Tensor]:
    state = encoder.network.state_dict()
    return {name: value.detach().cpu().clone() for name, value in state.items()}


def _set(
    encoder: TorchEncoder, old: dict[str, Tensor], new: dict[str, Tensor], share: float
) -> None:
    between = {
        name: old[name].lerp(value, share) if value.is_floating_point() else value
        for name, value in new.items()
    }
    encoder.network.load_state_dict(between)
    encoder.network.eval()
    encoder.forget_fingerprint()
