"""What was chosen in notebook 01, for the notebooks after it."""

import json
import re
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from timanh.errors import SettingsError
from timanh.workspace.files import atomic_write
from timanh.workspace.root import Workspace

FILE = "choices.json"
LANGUAGES = ("en", "vi")
USUAL_DATA, USUAL_MODEL = "flickr8k", "openai/clip-vit-base-patch32"
DRAWN = "demo"  # the drawn pictures, and the checkpoint that comes with the package
SMALL = "small"  # a model that begins with random weights, in notebook 02
AS_BEFORE = "as in "  # a field that says "as in 01" takes what was chosen there

# Whether the data is drawn → language → a query.
EXAMPLES = {
    True: {"en": "a red car", "vi": "chiếc ô tô màu đỏ"},
    False: {"en": "two dogs run on the beach", "vi": "hai con chó chạy trên bãi biển"},
}


@dataclass(frozen=True)
class Choices:
    """Made once, in notebook 01.

    Attributes:
        data: as `prepare_data` takes it, such as "flickr8k" or "demo".
        model: what notebook 02 begins with: a name at the hub, a folder, or "small".
        name: of the model folder and of the dictionary, `models/NAME` and `vectors/NAME`.
        language: "en" or "vi", of the example queries.
    """

    data: str = USUAL_DATA
    model: str = USUAL_MODEL
    name: str = USUAL_DATA
    language: str = "en"

    @property
    def drawn(self) -> bool:
        """Whether everything comes with the package, and nothing is fetched."""
        return self.data == DRAWN

    @property
    def recipe(self) -> str:
        """The training recipe that suits the model."""
        return DRAWN if self.model == SMALL else "strong"

    def example(self, language: str = "") -> str:
        """A query that has answers in this data, in `language` or the chosen one."""
        return EXAMPLES[self.drawn][language or self.language]

    def source(self, workspace: Workspace, model: str = "") -> str:
        """What `load_encoder` is to open: a model folder of this workspace, or `model`.

        Args:
            model: "" or "as in 02" for the model that notebook 02 trained under this name; where
                it was not run, the model as it was before, and in place of "small", which knows
                nothing yet, the demo checkpoint.
        """
        taken = self.name if _as_before(model) else model
        folder = workspace.models / taken
        if taken and folder.is_dir():
            return str(folder)
        if not _as_before(model):
            return model
        return DRAWN if self.model == SMALL else self.model

    def summary(self) -> str:
        """One line in both languages."""
        return (
            f"Data {self.data} · model {self.model} · name {self.name} · language {self.language}\n"
            f"Dữ liệu {self.data} · mô hình {self.model} · tên {self.name} · "
            f"ngôn ngữ {self.language}"
        )


def save_choices(
    workspace: Workspace, *, data: str, model: str = "", name: str = "", language: str = "en"
) -> Choices:
    """Keep what was chosen in `choices.json` of the workspace.

    Args:
        model: "" for the one that suits the data.
        name: "" for one made of data and model.

    Raises:
        SettingsError: a language other than "en" and "vi", or a name that is no name of a folder.
    """
    if not data.strip():
        raise SettingsError(
            "No data is named.",
            cli="Name a collection or a folder, such as demo.",
            notebook="Set DATA to a collection, to demo, or to a folder.",
        )
    usual = SMALL if data == DRAWN else USUAL_MODEL
    chosen = model or usual
    made = name or _name_of(data, chosen, usual)
    choices = Choices(data, chosen, made, language)
    _check(choices)
    with atomic_write(workspace.root / FILE) as temporary:
        temporary.write_text(json.dumps(asdict(choices), indent=2, ensure_ascii=False), "utf8")
    return choices


def read_choices(workspace: Workspace, **changes: str) -> Choices:
    """What was chosen in notebook 01, with `changes` in its place; the usual where 01 did not run.

    Args:
        changes: values of `Choices`; "" and "as in 01" change nothing.

    Raises:
        SettingsError: `choices.json` is damaged, or a value is none that may be chosen.
    """
    given = {key: value for key, value in changes.items() if not _as_before(value)}
    choices = replace(_read(workspace.root / FILE), **given)
    _check(choices)
    return choices


def _as_before(value: str) -> bool:
    return not value or value.startswith(AS_BEFORE)


def _name_of(data: str, model: str, usual: str) -> str:
    """Such as "flickr8k", and "flickr8k-siglip2-base-patch16-224" for another model.

    Drawn pictures make "drawn", since "demo" is the checkpoint that comes with the package.
    """
    first = "drawn" if data == DRAWN else Path(data).name
    parts = [first, *([] if model == usual else [Path(model).name])]
    return re.sub(r"[^\w.-]+", "-", "-".join(parts)).strip("-.") or "mine"


def _read(file: Path) -> Choices:
    try:
        document = json.loads(file.read_text("utf8"))
        names = [field.name for field in fields(Choices)]
        if not isinstance(document, dict):
            raise TypeError(f"a {type(document).__name__} in place of an object")
        values = {name: document[name] for name in names if name in document}
        wrong = next((name for name, value in values.items() if not isinstance(value, str)), None)
        if wrong:
            raise TypeError(f"{wrong} is {values[wrong]!r}, which is not a text")
    except FileNotFoundError:
        return Choices()
    except (OSError, ValueError, TypeError) as error:
        raise SettingsError(
            f"{file} is not what notebook 01 writes ({error}).",
            cli="Delete it, or run notebook 01 again.",
            notebook="Run notebook 01 again, which writes it again.",
        ) from error
    return Choices(**values)


def _check(choices: Choices) -> None:
    if choices.language not in LANGUAGES:
        raise SettingsError(
            f"The language {choices.language!r} is not known; known are {' and '.join(LANGUAGES)}.",
            notebook="Choose one in LANGUAGE, in notebook 01.",
        )
    if not choices.name.strip(". ") or re.search(r"[/\\\x00]", choices.name):
        raise SettingsError(
            f"The name {choices.name!r} cannot be the name of a folder: it must have a letter or a "
            "digit, and no / or \\.",
            notebook="Set NAME to a word such as flickr8k.",
        )
