"""Options that several commands share: one name, one meaning."""

from pathlib import Path
from typing import Annotated

import typer

IndexFolder = Annotated[
    Path, typer.Option("--index", metavar="DIR", help="The vector dictionary.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Device = Annotated[
    str, typer.Option("--device", metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps.")
]
Runtime = Annotated[
    str,
    typer.Option(
        "--runtime",
        metavar="NAME",
        help="How vectors are computed: auto (the fastest whose vectors agree with torch), torch, "
        "torch-bf16, torch-compile, onnx, openvino, openvino-bf16, or int8.",
    ),
]
BatchSize = Annotated[
    int, typer.Option("--batch-size", metavar="N", min=1, help="Pictures encoded at once.")
]
Ray = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="ADDRESS",
        help="Encode on a Ray cluster: HOST:PORT of its head, auto for the one that this "
        "machine belongs to, or local. All its machines must see the gallery under one path.",
        show_default=False,
    ),
]
Data = Annotated[
    Path,
    typer.Option("--data", metavar="DIR", help="Pictures with captions.", show_default=False),
]
Sources = Annotated[
    list[Path],
    typer.Option(
        "--data",
        metavar="DIR",
        help="Pictures with captions; may be repeated, each folder keeps its splits.",
        show_default=False,
    ),
]
ModelOfIndex = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="The encoder of the dictionary, where it is not found automatically.",
        show_default=False,
    ),
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="Where to search: folder, postgres, milvus, or a postgresql:// or http:// URL.",
    ),
]
Model = Annotated[
    str,
    typer.Option(
        "--model",
        metavar="MODEL",
        help="demo, a Hugging Face id, or a folder.",
        show_default=False,
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="PATTERN",
        help="Leave out files and folders of this name, such as private or '*.bak.jpg', or of "
        "this path, such as '2019/raw/*'; may be repeated. Remembered; '' takes all in again.",
        show_default=False,
    ),
]
IncludeHidden = Annotated[
    bool | None,
    typer.Option(
        "--include-hidden/--no-include-hidden",
        help="Take files and folders whose names begin with a dot. Remembered.",
        show_default=False,
    ),
]
Fresh = Annotated[
    bool, typer.Option("--fresh", help="Start over, even where --out holds a run to continue.")
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Seed of all random choices.")]
CaptionFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--captions",
        metavar="FILE",
        help="Caption files, instead of those in the data folder; may be repeated.",
        show_default=False,
    ),
]
