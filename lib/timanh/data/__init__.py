"""Pictures and captions: reading, splitting, pairing, and the drawn demo gallery."""

from timanh.data.captions import CaptionSet, read_captions
from timanh.data.folder import DataFolder, open_data
from timanh.data.pairs import CaptionPairs, PicturePairs, drop_unreadable
from timanh.data.pictures import (
    MAX_PIXELS,
    SUFFIXES,
    list_pictures,
    open_picture,
    open_reduced,
)
from timanh.data.prepare import data_folder, prepare_data
from timanh.data.splits import draw_splits, read_split

__all__ = [
    "MAX_PIXELS",
    "SUFFIXES",
    "CaptionPairs",
    "CaptionSet",
    "DataFolder",
    "PicturePairs",
    "data_folder",
    "draw_splits",
    "drop_unreadable",
    "list_pictures",
    "open_data",
    "open_picture",
    "open_reduced",
    "prepare_data",
    "read_captions",
    "read_split",
]
