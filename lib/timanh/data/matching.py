"""Which picture a name in a list or caption file means, where the disk calls it otherwise."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from timanh.data.listing import has_suffix
from timanh.workspace import name_key, readable


def match_names(wanted: Iterable[str], pictures: Sequence[str]) -> dict[str, str]:
    """Name → picture, for the names that one picture fits; the others are left out.

    Tried in this order: the same name, with letters and marks composed alike; the same name where
    one side has folders before it that the other has not, as COCO's captions say
    `000000157656.jpg` for `train2017/000000157656.jpg`; for a name without suffix, such as
    Flickr30k's lists have, the picture called so, with zeros before a number or without. A name
    that fits two pictures fits none.
    """
    names = list(dict.fromkeys(wanted))
    if not names:
        return {}
    written = {name_key(picture): picture for picture in pictures}
    matched = {name: written[key] for name in names if (key := name_key(name)) in written}
    left = [name for name in names if name not in matched]
    if left:
        by_end = _once(written.values(), _last)
        alone = _once(left, _last)
        stems = _once(written.values(), _stem)
        for name in left:
            picture = by_end.get(_last(name))
            if picture is not None and alone.get(_last(name)) == name and _one_ends(name, picture):
                matched[name] = picture
            elif not has_suffix(name) and _stem(name) in stems:
                matched[name] = stems[_stem(name)]
    return matched


def fits_several(names: Iterable[str], pictures: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Name → pictures, for names that `match_names` leaves out since several pictures fit."""
    left = list(names)
    if not left:
        return {}
    by_end, stems = _grouped(pictures, _last), _grouped(pictures, _stem)
    several = {}
    for name in left:
        fitting = [one for one in by_end.get(_last(name), ()) if _one_ends(name, one)]
        if not has_suffix(name):
            fitting = fitting or stems.get(_stem(name), [])
        if len(fitting) > 1:
            several[name] = tuple(fitting)
    return several


def several_fit(several: Mapping[str, Sequence[str]]) -> str:
    """The first of `fits_several` in words: what fits, and which pictures."""
    name, pictures = next(iter(several.items()))
    return f"{readable(name)} fits {len(pictures)} pictures, such as " + " and ".join(
        map(readable, pictures[:2])
    )


def _last(name: str) -> str:
    return name_key(name).rpartition("/")[2]


def _stem(name: str) -> str:
    last = _last(name)
    stem = last.rpartition(".")[0] if has_suffix(last) else last.removesuffix(".0")
    return stem.lstrip("0") or "0" if stem.isdigit() else stem


def _one_ends(name: str, picture: str) -> bool:
    one, other = f"/{name_key(name)}", f"/{name_key(picture)}"
    return one.endswith(other) or other.endswith(one)


def _once(names: Iterable[str], key: Callable[[str], str]) -> dict[str, str]:
    """Key → name, for keys that one name alone has."""
    return {each: same[0] for each, same in _grouped(names, key).items() if len(same) == 1}


def _grouped(names: Iterable[str], key: Callable[[str], str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(key(name), []).append(name)
    return found
