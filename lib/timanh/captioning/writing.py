"""Captions for the pictures of a dictionary, kept beside it, never over a person's."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from timanh.captioning.captioner import Captioner
from timanh.errors import DictionaryError
from timanh.models.reading import in_batches, prepare_pictures
from timanh.progress import tqdm
from timanh.vectors import VectorDictionary
from timanh.vectors.store.items import Item, MachineCaption
from timanh.vectors.store.written_captions import MACHINE, add_machine_captions, read_written


@dataclass(frozen=True)
class WriteReport:
    """What was written.

    Attributes:
        file: where the captions are kept.
        written: captions that are new; pictures: how many pictures they are of.
        kept: pictures that had what was wanted already.
        skipped: picture → why it could not be opened.
    """

    file: Path
    written: int
    pictures: int
    kept: int
    skipped: dict[str, str]


def write_gallery(
    index: Path,
    captioner: Captioner,
    *,
    languages: Sequence[str] | None = None,
    missing: bool = True,
    again: bool = False,
    beams: int = 5,
    batch_size: int = 32,
    progress: bool = True,
) -> WriteReport:
    """Caption the pictures of the dictionary `index` into `captions.machine.jsonl` in its folder.

    Nothing is written beside the pictures themselves. Each batch is on disk before the next
    begins, so a run that is killed and started again captions each picture once. The next build
    of the dictionary takes the captions over, marked as a machine's.

    Args:
        languages: to write in; all of the captioner's when None.
        missing: only pictures that no person has captioned.
        again: also those that another captioner has captioned, in its place.

    Raises:
        LanguageError, SettingsError: as `Captioner.captions`.
        DictionaryError: there is no dictionary, or its folder takes no files.
    """
    index = Path(index)
    dictionary = VectorDictionary.open(index)
    wanted = [captioner.check(language, beams, 1) for language in languages or captioner.languages]
    by_hash: dict[str, Item] = {}
    for item in dictionary.items:
        if item.hash and not (missing and item.captions):
            by_hash.setdefault(item.hash, item)  # of pictures that are the same, one is read
    known = read_written(index).machine
    written, captioned, kept = 0, set(), set(by_hash)
    skipped: dict[str, str] = {}
    for language in wanted:
        names = {
            item.path: digest
            for digest, item in by_hash.items()
            if _is_wanted(known.get(digest, ()), language, captioner, again)
        }
        kept -= set(names.values())
        results = prepare_pictures(
            dictionary.gallery,
            names,
            lambda image: captioner.prepare_images([image])[0],
            captioner.min_decode_side,
            ahead=2 * batch_size,
        )
        with tqdm(total=len(names), desc=language, unit="img", disable=not progress) as bar:
            for batch in in_batches(results, batch_size):
                skipped |= {one.path: one.reason for one in batch.skipped}
                found: list[tuple[str, MachineCaption]] = []
                if batch.pictures:
                    texts = captioner.captions_prepared(batch.pixels, language, beams=beams)
                    found = [
                        (
                            picture.state.hash,
                            MachineCaption(
                                each[0].text, language, captioner.name, captioner.fingerprint
                            ),
                        )
                        for picture, each in zip(batch.pictures, texts, strict=True)
                    ]
                _keep(index, found)
                written += len(found)
                captioned |= {digest for digest, _ in found}
                bar.update(len(batch.pictures) + len(batch.skipped))
    return WriteReport(index / MACHINE, written, len(captioned), len(kept), skipped)


def _is_wanted(
    there: Sequence[MachineCaption], language: str, captioner: Captioner, again: bool
) -> bool:
    found = [each for each in there if each.language == language]
    if not found:
        return True
    return again and found[0].fingerprint != captioner.fingerprint


def _keep(index: Path, found: Sequence[tuple[str, MachineCaption]]) -> None:
    try:
        if found:
            add_machine_captions(index, found)
    except OSError as error:
        raise DictionaryError(
            f"Captions cannot be written into {index} ({error.strerror or error}). Free some "
            "space, or see that its folder may be written, and run it again; what is written is "
            "kept."
        ) from error
