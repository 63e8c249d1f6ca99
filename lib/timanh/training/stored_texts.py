"""The tokenizer of a run, kept in its state: weights are good for its numbers alone."""

from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from timanh.errors import ResumeError
from timanh.models.texts import TextPreparation, tokenizer_digest, tokenizer_json
from timanh.training.checkpoints import RESTART_CLI, RESTART_NOTEBOOK


def stored_texts(texts: TextPreparation) -> dict[str, Any]:
    """What `restore_texts` needs: a digest, a fast tokenizer as a whole, and the settings."""
    whole, tower = tokenizer_json(texts.tokenizer), texts.tower.to_config()
    return {"digest": tokenizer_digest(texts.tokenizer), "tokenizer": whole, "tower": tower}


def restore_texts(texts: TextPreparation, state: dict[str, Any], out: Path) -> None:
    """Give `texts` the tokenizer of the run whose state this is, in place.

    A state from before tokenizers were kept continues with the one that its last finished epoch
    wrote to `out`, or, where a published model brings one, with that.

    Raises:
        ResumeError: the run's tokenizer is not known any more, or it read its texts otherwise.
    """
    stored = state.get("texts")
    read, now = (stored or {}).get("tower"), texts.tower.to_config()
    if read is not None and read != now:
        names = ", ".join(f"{name}={value!r}" for name, value in read.items() if value != now[name])
        raise ResumeError(
            f"The run in {out} read its texts otherwise, with {names}. Give the same to go on.",
            cli=RESTART_CLI,
            notebook=RESTART_NOTEBOOK,
        )
    if stored is None:
        whole = _of_last_epoch(out) if texts.made_here and state["history"] else None
        if whole is None and texts.made_here:
            raise ResumeError(
                f"The run in {out} was begun by an earlier version, which did not keep the "
                "tokenizer that it learned, and had finished no epoch, so it cannot go on.",
                cli="Begin again in its place with --fresh, or give another --out.",
                notebook="Tick FRESH to begin again in its place, or set NAME to another model.",
            )
    elif stored["digest"] == tokenizer_digest(texts.tokenizer):
        return
    else:
        whole = stored["tokenizer"]
        if whole is None:
            raise ResumeError(
                f"The run in {out} was begun with another tokenizer than this model has now. "
                "Give the model as it was then.",
                cli=RESTART_CLI,
                notebook=RESTART_NOTEBOOK,
            )
    if whole is not None:
        texts.tokenizer._tokenizer = Tokenizer.from_str(whole)


def _of_last_epoch(out: Path) -> str | None:
    try:
        return (out / "tokenizer.json").read_text(encoding="utf8")
    except OSError:
        return None
