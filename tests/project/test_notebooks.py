"""All notebooks, headless, in order, in one workspace, as in Colab; and how they are written."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from notebook_series import (
    NOTEBOOKS,
    ROOT,
    STANDINS,
    cells,
    execute,
    kill_in_training,
    printed,
    source,
)

from runner.execute_notebook import set_parameter
from runner.output_stamps import outdated, stamp_outputs, take_outputs


@pytest.fixture
def content() -> Iterator[Path]:
    """Colab's disk, in a folder that others may enter: PostgreSQL does not run as root."""
    folder = Path(tempfile.mkdtemp(prefix="timanh-notebooks-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def run(file: Path, out: Path, content: Path, *parameters: str, **environment: str) -> str:
    done = execute(file, out, content, *parameters, **environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return printed(out)


@pytest.mark.timeout(1800)
def test_all_notebooks_run_in_order_and_end_in_a_public_search(
    tmp_path: Path, content: Path
) -> None:
    record = tmp_path / "mounted"
    workspace = content / "drive" / "MyDrive" / "timanh"
    colab = {
        "STANDIN_DRIVE": str(record), "STANDIN_NGROK_AUTHTOKEN": "test-token",
        "PYNGROK_NGROK_PATH": str(STANDINS / "ngrok"),
    }  # fmt: skip
    said = {}
    for file in NOTEBOOKS:
        if file.stem.startswith("02"):
            kill_in_training(file, tmp_path / "killed.ipynb", content, **colab)
        # Each in a session of its own: only what lies on Drive is there.
        shutil.rmtree(content / "timanh-local", ignore_errors=True)
        out = tmp_path / file.name
        said[file.stem[:2]] = run(file, out, content, **colab)
        assert "Check: " in said[file.stem[:2]] and "at most" in said[file.stem[:2]], file.name
        assert outdated(json.loads(out.read_text("utf8"))["cells"]) == []
    assert {"01", "02", "03", "04", "05", "06"} <= said.keys()
    assert record.read_text() == str(content / "drive")
    assert "Data demo · model small · name smoke" in said["01"]
    assert re.search(r"with captions · có chú thích +240", said["01"])
    assert len(list((workspace / "data" / "demo").iterdir())) == 5, "pictures are one file on Drive"
    assert said["02"].count("24 pictures · 24 ảnh") == 2 and not list(workspace.rglob("*.pt"))
    assert "ok: True" in said["03"] and "in the dictionary of smoke" in said["03"]
    assert "24 pictures · 24 ảnh" in said["04"] and "with smoke." in said["05"]
    assert "“chiếc ô tô màu đỏ” (vi)" in said["04"]
    assert "Public address: http://127.0.0.1:" in said["05"]
    assert "#key=" in said["05"] and "http://127.0.0.1:8000/#connect=" in said["05"]
    assert "Check: 5 results" in said["05"]
    assert "Check: 13 pictures, 0 without a vector" in said["09"]
    for name in ("smoke-training.png", "smoke-batch.png"):
        assert (workspace / "figures" / name).is_file()

    # Run-all again finds what is done; without a token the last one says so and goes on.
    began = time.monotonic()
    again = run(NOTEBOOKS[0], tmp_path / "again1.ipynb", content)
    again += run(NOTEBOOKS[2], tmp_path / "again3.ipynb", content)
    assert "0 of them new" in again
    assert time.monotonic() - began < 180
    no_answer = {"STANDIN_NGROK_AUTHTOKEN": "timeout"}
    local = run(NOTEBOOKS[4], tmp_path / "again5.ipynb", content, **no_answer)
    assert "No tunnel: nobody answered" in local and "Check: 5 results" in local
    assert "127.0.0.1" not in (tmp_path / "again5.ipynb").read_text("utf8")

    # Another model under the same name says which box to tick, and does what it says.
    other = ["DATA='demo'", "MODEL='demo'", "NAME='smoke'"]
    refused = execute(NOTEBOOKS[2], tmp_path / "other.ipynb", content, *other, SMOKE="0")
    assert refused.returncode and "was built with smoke" in refused.stderr
    assert "this encoder is demo" in refused.stderr and "tick REBUILD" in refused.stderr
    assert "--" not in refused.stderr.rpartition("EncoderMismatchError")[2]
    built = [*other, "REBUILD=True"]
    rebuilt = run(NOTEBOOKS[2], tmp_path / "other.ipynb", content, *built, SMOKE="0")
    assert "240 pictures in the dictionary of demo" in rebuilt


def test_where_drive_is_refused_the_notebook_goes_on_and_says_so(tmp_path: Path) -> None:
    small = ["DATA='demo'", "COUNT=10"]
    said = run(
        NOTEBOOKS[0], tmp_path / "out.ipynb", tmp_path, *small, SMOKE="0", STANDIN_DRIVE_REFUSED="1"
    )
    assert "Google Drive is not mounted (mount failed)" in said and "Check: 100%" in said
    assert (tmp_path / "timanh" / "data" / "demo" / "captions.txt").is_file()


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_they_are_thin_and_open_alike(file: Path) -> None:
    opening = source(cells(file, "markdown")[0])
    for wanted in ("## ", "colab.research.google.com", "**Needs**", "**Makes**", "**Costs**"):
        assert wanted in opening
    codes = [source(cell) for cell in cells(file)]
    assert codes[0] == source(cells(NOTEBOOKS[0])[0])
    assert sum("@param" in code for code in codes) == 1 and "@param" in codes[1]
    for code in codes:
        assert code.count("\n") < 15
        assert not re.search(r"^\s*(def|class) ", code, re.M)
    imports = re.findall(r"^\s*(?:from|import) (\w+)", "\n".join(codes[1:]), re.M)
    assert set(imports) == {"timanh"}


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_they_teach_in_both_languages(file: Path) -> None:
    texts = [source(cell) for cell in cells(file, "markdown")]
    for text in texts:
        assert re.search("[ăâđêôơưạảấầẩậắặẻẽếềểễệỉịọỏốồổộớờởợụủứừửữựỳỵỷỹ]", text.lower()), text
    whole = "\n".join(texts)
    assert len(whole.split()) > 700
    costs = next(line for line in whole.splitlines() if line.startswith("**Costs**"))
    assert "T4" in costs and "CPU" in costs and "computed" in costs
    exercises = next(text for text in texts if text.startswith("### Try this"))
    questions, _, answers = exercises.partition("<details>")
    for number in ("\n1. ", "\n2. ", "\n3. "):
        assert number in questions and number in answers
    assert any(text.startswith("### Common mistakes") for text in texts)
    assert texts[-1].startswith("### Next · Tiếp theo")
    linked = re.search(r"\((\d\d_\w+\.ipynb)\)", texts[-1])
    assert linked and (file.parent / linked[1]).is_file() and "T4" in texts[-1]
    assert "usage.summary()" in source(cells(file)[-1])


def test_ten_questions_stand_at_the_end_of_05() -> None:
    (questions,) = (
        source(cell)
        for cell in cells(NOTEBOOKS[4], "markdown")
        if "### Ten questions" in source(cell)
    )
    assert re.findall(r"<details><summary>(\d+)\. ", questions) == [str(n) for n in range(1, 11)]
    assert questions.count("</details>") == 10


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda file: file.stem)
def test_their_outputs_are_of_a_real_run_and_clean(file: Path) -> None:
    text = file.read_text("utf8")
    assert len(text.encode()) <= 300_000
    assert outdated(json.loads(text)["cells"]) == [], "run it again, then runner.output_stamps"
    if not any(cell["outputs"] for cell in cells(file)):
        return  # cleared, since its code has changed
    assert "Check: " in printed(file)
    assert all(cell["execution_count"] for cell in cells(file))
    kinds = {output["output_type"] for cell in cells(file) for output in cell["outputs"]}
    assert "error" not in kinds
    assert not re.search(r"(?<![\w.:/])/(home|tmp|root|Users|work)/", printed(file))
    assert "#key=" not in printed(file)
    assert not re.search(r"^\w+\(\w+=", printed(file), re.M), "a table, not the object itself"


def test_outputs_of_other_code_are_noticed(tmp_path: Path) -> None:
    def cell(text: str, **more: Any) -> dict[str, Any]:
        found = {"cell_type": "code", "source": text, "metadata": {}, "outputs": [{"text": "1"}]}
        return {**found, "execution_count": 1, **more}

    made = [
        cell("from timanh import evaluation"),
        cell("evaluation.plot_recall({})"),
        cell("a = 1  # @param", outputs=[]),
    ]
    assert len(outdated(made)) == 3
    stamp_outputs(made)
    assert outdated(made) == []
    changed = json.loads(json.dumps(made))
    changed[1]["source"] = "evaluation.plot_recall({}, None)"
    assert outdated(changed) == ["cell 1 was changed after its outputs were made"]
    redrawn = json.loads(json.dumps(made))
    redrawn[1]["metadata"]["timanh"]["drawn"]["plot_recall"] = "0"
    assert "plot_recall drew before" in outdated(redrawn)[0]

    empty = [{**each, "outputs": [], "execution_count": None, "metadata": {}} for each in made]
    run = json.loads(json.dumps(made))
    run[2]["source"] = "a = 2  # @param"
    take_outputs(run, empty)
    assert empty[1]["outputs"] == made[1]["outputs"] and outdated(empty) == []
    with pytest.raises(SystemExit, match="was changed after the run"):
        take_outputs(changed, empty)


def test_a_notebook_parameter_is_replaced_where_it_is_set() -> None:
    source = 'PICTURES = 1200  #@param {type:"integer"}\nPICTURES_SEEN = 3\nSEED = 0\n'
    cells = [
        {"cell_type": "markdown", "source": "SEED = 5"},
        {"cell_type": "code", "source": source},
    ]
    set_parameter(cells, "PICTURES", "60")
    set_parameter(cells, "SEED", "7")
    assert cells[1]["source"] == (
        'PICTURES = 60  #@param {type:"integer"}\nPICTURES_SEEN = 3\nSEED = 7\n'
    )
    assert cells[0]["source"] == "SEED = 5"
    with pytest.raises(SystemExit, match="LOSS"):
        set_parameter(cells, "LOSS", "1")


def test_the_series_with_colabs_versions_says_what_it_lacks(tmp_path: Path) -> None:
    script = ROOT / "tests" / "colab" / "run.py"
    none = {"PATH": str(tmp_path)}
    done = subprocess.run([sys.executable, str(script)], env=none, capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout.startswith("Python 3.13 is not on this machine")
