"""Recall by kind of caption: does the model count, see colours, understand relations?"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

from timanh.evaluation.evaluate import Measured
from timanh.evaluation.recall import KS, intervals

SHORT, LONG = 6, 12  # words; a Vietnamese word counts once per syllable, as it is written


def _any_of(words: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{words})\b")


COUNT = _any_of(
    r"two|three|four|five|six|seven|eight|nine|ten|several|\d+|"
    r"hai|ba|bốn|năm|sáu|bảy|tám|chín|mười|vài|nhiều"
)
COLOUR = _any_of(
    "red|orange|yellow|green|blue|purple|pink|black|white|brown|gr[ae]y|golden|"
    "đỏ|cam|vàng|xanh|tím|hồng|đen|trắng|nâu|xám"
)
ACTION = _any_of(
    r"(?!(?:building|morning|evening|ceiling|string|spring|thing|something|anything|nothing|"
    r"everything|during|clothing|railing|awning|wedding|painting)\b)\w{2,}ing|đang"
)
RELATION = _any_of(
    "next to|beside|behind|on top of|in front of|under|underneath|above|below|between|holding|"
    "(?:bên|phía|đằng) (?:cạnh|trên|dưới|sau|trước)|cạnh|giữa|cầm"
)
KINDS = ("count", "colour", "action", "relation", "short", "long")
# “-ing” alone would make wing, king, ring and sing actions: two letters before it are not enough.
NOT_ACTIONS = frozenset(("wing", "king", "ring", "bring", "sling", "swing"))


def kinds_of(caption: str) -> tuple[str, ...]:
    """Which of `KINDS` an English or Vietnamese caption is; found by its words alone.

    count: a number from two up, or “several”. colour: its name. action: a word that ends in
    -ing, or “đang”. relation: next to, behind, holding, … short: at most 6 words; long: at least
    12. A caption may be several of these or none.

    Example:
        >>> kinds_of("Two red birds flying")
        ('count', 'colour', 'action', 'short')
    """
    text = unicodedata.normalize("NFC", caption).lower()
    words = len(re.findall(r"\w+", text))
    acts = any(word not in NOT_ACTIONS for word in ACTION.findall(text))
    is_kind = (
        bool(COUNT.search(text)), bool(COLOUR.search(text)), acts, bool(RELATION.search(text)),
        words <= SHORT, words >= LONG,
    )  # fmt: skip
    return tuple(kind for kind, true in zip(KINDS, is_kind, strict=True) if true)


def recall_by_kind(measured: Measured, captions: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Text → image recall per kind of caption, among all pictures.

    Args:
        captions: the M captions that were the queries, in their order.

    Returns:
        Kind → {"captions": how many; "R@1", "R@5", "R@10" in percent; "ci95": their intervals,
        a bootstrap over pictures}. A kind without captions has only its 0.
    """
    by_caption = [kinds_of(caption) for caption in captions]
    table: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        rows = np.array([kind in kinds for kinds in by_caption], np.bool_)
        table[kind] = {"captions": int(rows.sum())}
        if rows.any():
            place = np.unique(measured.owner[rows], return_inverse=True)[1]
            hits = np.stack([measured.t2i[rows] <= k for k in KS], 1)
            shares = zip(KS, hits.mean(0).tolist(), strict=True)
            table[kind] |= {f"R@{k}": round(100 * share, 4) for k, share in shares}
            found = zip(KS, intervals(hits, place), strict=True)
            table[kind]["ci95"] = {f"R@{k}": list(edges) for k, edges in found}
    return table


def format_kinds(table: dict[str, dict[str, Any]], model: str) -> str:
    """A table for people."""
    head = f"{'captions with':<14}{'number':>8}" + "".join(f"{f'R@{k} %':>22}" for k in KS)
    lines = [f"text → image by kind of caption · {model}", head]
    for kind, row in table.items():
        cells = ""
        for k in KS if row["captions"] else ():
            low, high = row["ci95"][f"R@{k}"]
            cells += f"{row[f'R@{k}']:.1f} [{low:.1f}, {high:.1f}]".rjust(22)
        lines.append(f"{kind:<14}{row['captions']:>8,}{cells}")
    return "\n".join(lines)
