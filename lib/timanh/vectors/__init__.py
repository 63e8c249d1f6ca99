"""The vector dictionary: vectors of a gallery's pictures, on disk and in memory."""

from timanh.models.reading import Skipped
from timanh.vectors.build.build import BuildReport, build_dictionary
from timanh.vectors.build.compacting import CompactReport, compact_dictionary
from timanh.vectors.build.correcting import correct_captions
from timanh.vectors.build.edit import (
    add_pictures,
    gallery_of,
    is_newest,
    known_pictures,
    remove_pictures,
    selection_of,
)
from timanh.vectors.build.encoding import encode_pictures
from timanh.vectors.build.ray.encoding import on_ray
from timanh.vectors.build.restoring import put_back
from timanh.vectors.check import CheckReport, check_dictionary
from timanh.vectors.dictionary import VectorDictionary
from timanh.vectors.report_file.exchange import (
    ImportReport,
    export_report_vectors,
    import_report_vectors,
)
from timanh.vectors.scan.searchable import Searchable
from timanh.vectors.servers.engines import open_copy, open_engine, opened_in, reopen
from timanh.vectors.servers.server_copy import ServerCopy
from timanh.vectors.store.items import Item, item_id
from timanh.vectors.tune.choose import Tuned, tune_dictionary
from timanh.vectors.tune.measure import Choice
from timanh.vectors.tune.sample_texts import sample_texts
from timanh.vectors.tune.servers import tune_engine

__all__ = [
    "BuildReport",
    "CheckReport",
    "Choice",
    "CompactReport",
    "ImportReport",
    "Item",
    "Searchable",
    "ServerCopy",
    "Skipped",
    "Tuned",
    "VectorDictionary",
    "add_pictures",
    "build_dictionary",
    "check_dictionary",
    "compact_dictionary",
    "correct_captions",
    "encode_pictures",
    "export_report_vectors",
    "gallery_of",
    "import_report_vectors",
    "is_newest",
    "item_id",
    "known_pictures",
    "on_ray",
    "open_copy",
    "open_engine",
    "opened_in",
    "put_back",
    "remove_pictures",
    "reopen",
    "sample_texts",
    "selection_of",
    "tune_dictionary",
    "tune_engine",
]
