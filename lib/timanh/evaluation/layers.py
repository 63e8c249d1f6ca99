"""What a two-tower model is built of, with its sizes."""

from timanh.models.two_tower import TwoTower


def layer_rows(network: TwoTower) -> list[tuple[str, str, object, int, int]]:
    """(part, layer, size in, size out, parameters) of the towers and heads."""
    vision, text = network.vision_model, network.text_model
    return [
        ("picture", type(vision).__name__, "pixels", network.vision_width, _count(vision)),
        (
            "picture", "head", network.vision_width, network.dim,
            _count(network.vision_projection),
        ),
        (
            "text", f"{type(text).__name__}, {network.text_settings.pooling}", "tokens",
            network.text_projection.in_features, _count(text),
        ),
        (
            "text", "head", network.text_projection.in_features, network.dim,
            _count(network.text_projection),
        ),
    ]  # fmt: skip


def format_layers(network: TwoTower) -> str:
    """`layer_rows` as a table in Markdown.

    Example:
        >>> print(format_layers(encoder.network))
        | part | layer | in | out | parameters |
        …
        | picture | head | 2048 | 256 | 524,288 |
    """
    lines = ["| part | layer | in | out | parameters |", "|---|---|---|---|---|"]
    for part, layer, into, out, count in layer_rows(network):
        lines.append(f"| {part} | {layer} | {into} | {out} | {count:,} |")
    return "\n".join(lines)


def _count(part: object) -> int:
    return sum(each.numel() for each in part.parameters())  # type: ignore[attr-defined]
