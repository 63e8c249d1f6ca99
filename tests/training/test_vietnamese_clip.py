"""A Vietnamese CLIP by one command, from two towers of the hub and two published collections, on
small stand-ins for all four: trained, killed, taken up again, indexed, served and exported."""

import json
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import Printed
from fastapi.testclient import TestClient
from small_training import assert_same_weights, weights
from tower_checkpoints import phobert, resnet
from vietnamese_data import ktvic, uit_viic

from timanh.api import create_app
from timanh.cli import run
from timanh.errors import ResumeError
from timanh.models import join_towers, load_encoder
from timanh.models.two_tower import TwoTowerEncoder
from timanh.search import SearchEngine
from timanh.training.stored_texts import restore_texts, stored_texts
from timanh.vectors import VectorDictionary

KILLED = """
import os, signal, sys
from timanh.cli import run
from timanh.training.checkpoints import Checkpoints

epochs = []

def publish(self):
    epochs.append(1)
    if len(epochs) == 2:
        os.kill(os.getpid(), signal.SIGKILL)

Checkpoints.publish = publish
run(sys.argv[1:])
"""


def command(place: Path, out: Path, *more: str) -> list[str]:
    return [
        "train", "--data", str(place / "uit-viic"), "--data", str(place / "ktvic"),
        "--vision", str(place / "resnet-50"), "--text", str(place / "phobert-base-v2"),
        "--recipe", "vietnamese-report", "--out", str(out), "--device", "cpu",
        "--epochs", "3", "--batch-size", "8", *more,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("vietnamese")
    uit_viic(root / "uit-viic", 12)
    ktvic(root / "ktvic", 18)
    resnet(root / "resnet-50")
    phobert(root / "phobert-base-v2")
    assert run(command(root, root / "vi-clip")) == 0
    return root


def test_the_recipe_is_the_reports(place: Path) -> None:
    recipe = json.loads((place / "vi-clip" / "recipe.json").read_text("utf8"))
    wanted = {
        "name": "vietnamese-report", "epochs": 3, "batch_size": 8, "learning_rate": 1e-4,
        "temperature": 0.01, "weight_decay": 0.0, "beta2": 0.999, "epsilon": 1e-8, "train": "all",
        "distinct_pictures": False, "freeze_norm": False, "warmup": 0.0, "cosine": False,
    }  # fmt: skip
    assert {name: recipe[name] for name in wanted} == wanted
    trained = load_encoder(place / "vi-clip", device="cpu")
    assert isinstance(trained, TwoTowerEncoder)
    tower = trained.texts.tower
    assert trained.dim == 256 and trained.texts.max_length == tower.max_tokens == 50
    assert (tower.pooling, tower.segmentation, tower.moved_tones) == ("cls", "underthesea", True)
    assert trained.languages == ("vi",)
    assert float(trained.logit_scale) == pytest.approx(np.log(100), abs=1e-5), "fixed at 100"
    before = join_towers(
        place / "resnet-50", place / "phobert-base-v2", dim=256, device="cpu"
    ).network.state_dict()
    after = weights(place / "vi-clip")
    moved = [name for name in after if not torch.equal(after[name], before[name].to(after[name]))]
    assert any(name.startswith("vision_model") for name in moved)
    assert any(name.startswith("text_model.encoder") for name in moved)


def test_the_report_names_each_source_with_its_splits(place: Path) -> None:
    page = (place / "vi-clip" / "report.md").read_text("utf8")
    assert "uit-viic: Splits: train, 12 pictures" in page
    assert "ktvic: Splits: train, " in page and "uit-viic: 36 of 36 pictures have captions" in page
    assert "captions (100%) stand under several pictures" in page
    assert "no model could reach more than R@1/5/10" in page
    assert list((place / "vi-clip").rglob("events.out.tfevents.*")), "for TensorBoard"


def test_killed_and_begun_again_it_ends_with_the_same_weights(place: Path, capsys: Printed) -> None:
    out = place / "killed"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *command(place, out)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    assert (out / "training-state.pt").is_file() and not (out / "finished.json").exists()
    assert run(command(place, out)) == 0
    assert "Continued from step" in capsys.readouterr().err
    assert_same_weights(place / "vi-clip", out)


def test_a_run_goes_on_with_its_own_reading_of_texts_alone(place: Path) -> None:
    towers = place / "resnet-50", place / "phobert-base-v2"
    joined = join_towers(*towers, dim=8, device="cpu")
    apart = join_towers(*towers, dim=8, device="cpu", segmentation="none")
    state = {"texts": stored_texts(joined.texts), "history": []}
    restore_texts(joined.texts, state, place)
    with pytest.raises(ResumeError, match="read its texts otherwise"):
        restore_texts(apart.texts, state, place)


def test_it_is_indexed_and_searched_in_vietnamese(place: Path, capsys: Printed) -> None:
    index = place / "index"
    built = [str(place / "uit-viic"), "--model", str(place / "vi-clip"), "--out", str(index)]
    assert run(["index", "build", *built, "--device", "cpu"]) == 0
    capsys.readouterr()
    encoder = load_encoder(place / "vi-clip", device="cpu")
    engine = SearchEngine(encoder, VectorDictionary.open(index, encoder))
    with TestClient(create_app(engine), base_url="http://127.0.0.1:8001") as client:
        answers = [
            client.post("/api/search", data={"query": query, "k": "5"}).json()
            for query in ("Cầu thủ bóng chày đánh bóng", "caauf thur bongs chayf ddanhs bongs")
        ]
    assert [answer["query"]["language"] for answer in answers] == ["vi", "vi"]
    assert answers[0]["query"]["translated"] is None and answers[0]["query"]["notice"] is None
    assert answers[1]["query"]["translated"] == "cầu thủ bóng chày đánh bóng"
    assert answers[1]["query"]["translator"] == "telex"
    assert all(len(answer["results"]) == 5 for answer in answers)


def test_it_runs_on_a_faster_runtime_with_the_same_vectors(place: Path) -> None:
    pytest.importorskip("openvino")
    texts = ["Cầu thủ bóng chày", "Một người phụ nữ đứng ở trong phòng cầm quả bóng màu đỏ"]
    plain = load_encoder(place / "vi-clip", device="cpu", runtime="torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fast = load_encoder(place / "vi-clip", device="cpu", runtime="openvino")
        found = [fast.encode_texts(texts), plain.encode_texts(texts)]
    assert fast.execution is not None and fast.execution.runtime_of("text") == "openvino"
    assert float(np.sum(found[0] * found[1], axis=1).min()) > 0.9999
