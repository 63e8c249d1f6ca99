"""What notebook 08 shows of a VQGAN: its codes, those that are common, and the figure of both."""

from pathlib import Path

import numpy as np
import torch
from pixel_encoder import make_pictures

from timanh.data import open_picture
from timanh.evaluation import lessons
from timanh.generation import Vqgan


def test_codes_are_those_that_are_painted(tmp_path: Path, vqgan: Vqgan) -> None:
    folder = make_pictures(tmp_path / "pictures", 3)
    pictures = [open_picture(file) for file in sorted(folder.glob("*.png"))]
    codes = lessons.encode_codes(vqgan, pictures)
    cells = vqgan.usual_side // vqgan.cell
    assert codes.shape == (3, cells, cells)
    alone, notes = lessons.commonest_codes(vqgan, codes, 2)
    numbers, often = np.unique(codes.numpy(), return_counts=True)
    most = int(often.argmax())
    assert notes[0].endswith(f", {often[most]} ×") and len(alone) == len(notes) == 2
    number = int(notes[0].removeprefix("code ").split(",")[0])
    assert often[list(numbers).index(number)] == often[most]
    assert alone[0] == vqgan.paint(torch.full((1, 7, 7), number))[0]
    place = tmp_path / "codes.png"
    lessons.plot_codes(vqgan, pictures[0], codes[0], place)
    assert place.stat().st_size > 5_000
