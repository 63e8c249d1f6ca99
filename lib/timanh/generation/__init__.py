"""Pictures from words: by guiding a VQGAN with an encoder, or by writing its codes."""

from timanh.generation.amused import MaskedWriter, load_amused
from timanh.generation.cutouts import Cutouts
from timanh.generation.files import (
    check_film,
    check_png,
    free_name,
    note_of,
    read_note,
    save_film,
    save_png,
)
from timanh.generation.guiding import Guidance, Guided, Step
from timanh.generation.loading import load_vqgan
from timanh.generation.offered import can_paint
from timanh.generation.painter import Painted, Painter, load_painter
from timanh.generation.prompts import Prompt, check_prompts, read_prompt
from timanh.generation.vqgan import Vqgan
from timanh.generation.writer import (
    Candidate,
    PictureWriter,
    Sampling,
    load_writer,
)

__all__ = [
    "Candidate",
    "Cutouts",
    "Guidance",
    "Guided",
    "MaskedWriter",
    "Painted",
    "Painter",
    "PictureWriter",
    "Prompt",
    "Sampling",
    "Step",
    "Vqgan",
    "can_paint",
    "check_film",
    "check_png",
    "check_prompts",
    "free_name",
    "load_amused",
    "load_painter",
    "load_vqgan",
    "load_writer",
    "note_of",
    "read_note",
    "read_prompt",
    "save_film",
    "save_png",
]
