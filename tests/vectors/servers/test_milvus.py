"""What is peculiar to Milvus; what it promises as an engine is in test_engines."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

from pixel_encoder import PixelEncoder, make_pictures
from pymilvus import DataType

from timanh.errors import DictionaryError, SettingsError
from timanh.vectors import build_dictionary, open_engine, remove_pictures, reopen, tune_engine
from timanh.vectors.servers.milvus.copies import HEAD, write_head
from timanh.vectors.servers.milvus.copy import MilvusCopy
from timanh.vectors.servers.milvus.server import connect, embedded_file


@pytest.fixture
def out(tmp_path: Path) -> Path:
    pictures = make_pictures(tmp_path / "pictures", 30)
    build_dictionary(pictures, PixelEncoder(), tmp_path / "out", progress=False)
    return tmp_path / "out"


def opened(out: Path) -> MilvusCopy:
    engine = open_engine(out, "milvus")
    assert isinstance(engine, MilvusCopy)
    return engine


def index_of(engine: MilvusCopy) -> str:
    """The kind of index over the vectors."""
    return str(engine.request("describe_index", engine._collection, "vector")["index_type"])


def test_an_index_outlives_a_copy_and_one_collection_is_kept(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = PixelEncoder().encode_texts([f"word {number}" for number in range(40)])
    tune_engine(out, "milvus", queries, method="hnsw")
    first = opened(out)
    assert index_of(first) == "HNSW"
    remove_pictures(out, ["0003.png"])
    second = reopen(first, PixelEncoder())
    assert isinstance(second, MilvusCopy) and index_of(second) == "HNSW"
    assert len([name for name in second.request("list_collections") if "pictures" in name]) == 1
    # The one before was replaced; what it stands for is answered all the same.
    assert sorted(first.search(queries[:1], 30)[1][0]) == list(range(30))
    first.close()
    second.close()
    monkeypatch.setattr("timanh.vectors.servers.milvus.copy.MOST_IN_LITE", 28)
    tuned = tune_engine(out, "milvus", queries)
    third = opened(out)
    assert tuned.chosen.kind == "exact" and index_of(third) == "FLAT"
    third.close()
    with pytest.raises(SettingsError, match="builds no graph over 29"):
        tune_engine(out, "milvus", queries, method="hnsw")


def test_it_serves_one_program_at_a_time(out: Path) -> None:
    engine = opened(out)
    code = "import sys; from pathlib import Path; from timanh.vectors import open_engine; "
    code += "open_engine(Path(sys.argv[1]), 'milvus')"
    run = [sys.executable, "-c", code, str(out)]
    other = subprocess.run(run, capture_output=True, text=True, timeout=100, check=False)
    assert "serves one program at a time" in other.stderr.replace("\n", " ")
    with pytest.raises(DictionaryError, match="refused"):
        engine.request("query", "nowhere", filter="row >= 0")
    engine.close()


def test_a_collection_of_that_name_that_is_not_ours(out: Path) -> None:
    client = connect(embedded_file(out / "milvus"))
    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("embedding", DataType.FLOAT_VECTOR, dim=2)
    client.create_collection(HEAD, schema=schema)
    client.insert(HEAD, [{"id": 1, "embedding": [0.0, 1.0]}])
    client.close()
    with pytest.raises(DictionaryError, match="did not make, so it is left alone"):
        open_engine(out, "milvus")
    client = connect(embedded_file(out / "milvus"))
    assert [field["name"] for field in client.describe_collection(HEAD)["fields"]] == [
        "id",
        "embedding",
    ]
    client.close()


def test_a_copy_of_the_version_before_keeps_its_index(out: Path) -> None:
    engine = opened(out)
    encoder = {"name": "pixels-0", "fingerprint": engine.dictionary.fingerprint}
    former = {"collection": engine._collection, "count": 30, "effort": 80}
    with_manifest = {**former, "manifest": {"encoder": encoder}}
    write_head(engine._connected(), with_manifest)
    engine.close()
    again = opened(out)
    assert index_of(again) == "HNSW" and again._collection != former["collection"]
    again.close()


def test_a_head_that_was_cut_off_is_made_again(out: Path) -> None:
    engine = opened(out)
    engine.request("delete", HEAD, filter="row >= 0")
    engine.close()
    again = opened(out)
    assert again.search(np.ones(24, np.float32), 30)[1].shape == (1, 30)
    again.close()
