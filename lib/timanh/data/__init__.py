"""Pictures and captions: reading, splitting, pairing, and the drawn demo gallery."""

from timanh.data.archive import find_gallery, keep_added
from timanh.data.captions import CaptionSet, read_captions
from timanh.data.dates import taken_at
from timanh.data.few import open_few
from timanh.data.folder import DataFolder, open_data
from timanh.data.joined import JoinedFolder, open_sources
from timanh.data.listing import (
    LeftOut,
    Listing,
    Selection,
    Unreadable,
    describe_left_out,
    find_pictures,
    list_pictures,
    patterns,
)
from timanh.data.notes import caption_notes, data_notes, split_note
from timanh.data.pictures import MAX_PIXELS, SUFFIXES, open_picture, open_reduced
from timanh.data.prepare import data_folder, prepare_data, prepare_sources
from timanh.data.shards import ShardFolder, holds_shards, open_shards
from timanh.data.splits import draw_splits, read_split
from timanh.data.vietnamese.language import detect_language

__all__ = [
    "MAX_PIXELS",
    "SUFFIXES",
    "CaptionSet",
    "DataFolder",
    "JoinedFolder",
    "LeftOut",
    "Listing",
    "Selection",
    "ShardFolder",
    "Unreadable",
    "caption_notes",
    "data_folder",
    "data_notes",
    "describe_left_out",
    "detect_language",
    "draw_splits",
    "find_gallery",
    "find_pictures",
    "holds_shards",
    "keep_added",
    "list_pictures",
    "open_data",
    "open_few",
    "open_picture",
    "open_reduced",
    "open_shards",
    "open_sources",
    "patterns",
    "prepare_data",
    "prepare_sources",
    "read_captions",
    "read_split",
    "split_note",
    "taken_at",
]
