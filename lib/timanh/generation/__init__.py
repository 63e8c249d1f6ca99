"""Pictures from words: by guiding a VQGAN with an encoder, or by writing its codes."""

from timanh.generation.cutouts import Cutouts
from timanh.generation.files import free_name, read_note, save_film, save_png
from timanh.generation.guiding import Guidance, Guided, Step
from timanh.generation.loading import load_vqgan
from timanh.generation.prompts import Prompt, read_prompt
from timanh.generation.vqgan import Vqgan

__all__ = [
    "Cutouts",
    "Guidance",
    "Guided",
    "Prompt",
    "Step",
    "Vqgan",
    "free_name",
    "load_vqgan",
    "read_note",
    "read_prompt",
    "save_film",
    "save_png",
]
