"""What holds for the project as a whole: lists agree, texts are true, parts stay apart."""

import ast
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "lib" / "timanh"

# Colab's own list of August 2026 (github.com/googlecolab/backend-info), Python 3.13;
# None where a runtime has none of it.
COLAB = {
    "deep-translator": None,
    "fastapi": "0.141.1",
    "ftfy": None,
    "huggingface-hub": "1.27.0",
    "ipykernel": "6.17.1",
    "kagglehub": "1.0.2",
    "matplotlib": "3.10.0",
    "nbclient": "0.10.4",
    "nest-asyncio": "1.6.0",
    "numpy": "2.1.3",
    "pillow": "11.3.0",
    "pyarrow": "18.1.0",
    "prometheus-client": None,
    "pydantic": "2.13.4",
    "pyngrok": None,
    "python-multipart": "0.0.32",
    "requests": "2.32.4",
    "sacrebleu": None,
    "safetensors": "0.8.0",
    "torch": "2.11.0",
    "tqdm": "4.67.3",
    "transformers": "5.15.0",
    "typer": "0.27.1",
    "uvicorn": "0.52.3",
}
IMPORTED_AS = {
    "yaml": "pyyaml",
    "grpc": "grpcio",
    "PIL": "pillow",
    "faiss": "faiss-cpu",
    "starlette": "fastapi",
    "tokenizers": "transformers",
}


def requirements(lines: list[str]) -> dict[str, str]:
    """`name>=bound` lines as name → bound, extras left away; anything else fails."""
    found = {}
    for line in lines:
        match = re.fullmatch(r"([a-z0-9-]+)(?:\[[a-z]+\])?>=([0-9.]+)", line)
        assert match, f"{line!r} is not a plain lower bound"
        found[match[1]] = match[2]
    return found


def from_file(file: Path) -> dict[str, str]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return requirements([line for line in lines if line and not line.startswith("#")])


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "lib" / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [file for file in files if file.is_file()]


# --- lists that must agree ------------------------------------------------------------------


def test_requirements_and_the_package_name_the_same_libraries() -> None:
    described = project()
    extras = requirements(described["optional-dependencies"]["notebooks"])
    wanted = requirements(described["dependencies"])
    wanted["nest-asyncio"] = extras["nest-asyncio"]
    assert from_file(ROOT / "requirements.txt") == wanted


def test_no_bound_would_change_a_colab_runtime() -> None:
    bounds = from_file(ROOT / "requirements.txt")
    bounds |= requirements(project()["optional-dependencies"]["notebooks"])
    assert bounds.keys() == COLAB.keys()
    for name, bound in bounds.items():
        there = COLAB[name]
        assert there is None or version(bound) <= version(there), name


def test_whatever_the_library_imports_is_declared() -> None:
    described = project()
    declared = set(requirements(described["dependencies"]))
    for extra in described["optional-dependencies"].keys() - {"test"}:
        declared |= set(requirements(described["optional-dependencies"][extra]))
    optional = {"google"}  # Colab's own, used where it is
    for file in PACKAGE.rglob("*.py"):
        foreign = imported_by(file) - {*sys.stdlib_module_names, "timanh"} - optional
        names = {IMPORTED_AS.get(name, name.replace("_", "-")) for name in foreign}
        assert names <= declared, f"{file.relative_to(ROOT)}: {names - declared}"


def test_the_backend_asks_no_more_than_the_library_does() -> None:
    ours, backend = (
        from_file(ROOT / "requirements.txt"),
        from_file(ROOT / "backend" / "requirements.txt"),
    )
    assert not {"torch", "transformers", "timanh"} & backend.keys()
    for name in ours.keys() & backend.keys():
        assert ours[name] == backend[name], name


def test_torchvision_is_required_nowhere() -> None:
    # A mismatched torchvision breaks the import of CLIP's processors.
    for file in (ROOT / "requirements.txt", ROOT / "lib" / "pyproject.toml"):
        assert "torchvision" not in file.read_text(encoding="utf-8")


def test_both_languages_of_the_page_have_the_same_words() -> None:
    vi, en = (
        json.loads((ROOT / "frontend" / "i18n" / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("vi", "en")
    )
    assert vi.keys() == en.keys() and len(vi) > 10
    places = re.compile(r"\{\w+\}")
    for key, text in en.items():
        assert sorted(places.findall(str(text))) == sorted(places.findall(str(vi[key]))), key


# --- parts that stay apart ------------------------------------------------------------------


@pytest.mark.parametrize("module", ["timanh", "timanh.api", "timanh.cli"])
def test_an_import_does_not_load_torch(module: str) -> None:
    code = (
        f"import sys, {module};print(*{{'torch', 'transformers', 'matplotlib'}} & {{*sys.modules}})"
    )
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, cwd=ROOT / "lib", capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout.strip()) == (0, ""), ended.stderr


def imported_by(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_the_backend_knows_neither_torch_nor_the_library() -> None:
    files = list((ROOT / "backend").rglob("*.py"))
    assert files
    for file in files:
        forbidden = {"torch", "transformers", "numpy", "timanh"} & imported_by(file)
        assert not forbidden, file


# --- files ----------------------------------------------------------------------------------


SECRETS = {
    "a path of somebody's machine": r"(?<![\w.:/])/(?:home|root|Users|work)/[\w.-]+",
    "a Windows path": r"\b[A-Z]:\\\\?Users\\",
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{30,}",
    "a GitHub token": r"\b(?:ghp|gho|ghs|github_pat)_[A-Za-z0-9_]{30,}",
    "an ngrok token": r"\b[0-9][A-Za-z0-9]{26}_[A-Za-z0-9]{20,}",
    "an AWS key": r"\bAKIA[0-9A-Z]{16}\b",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
}


def test_no_tracked_file_holds_a_secret_or_a_machine_path() -> None:
    for file in tracked():
        content = file.read_bytes()
        if b"\0" in content or file == Path(__file__):
            continue
        text = content.decode("utf-8")
        for what, pattern in SECRETS.items():
            found = re.search(pattern, text)
            assert found is None, f"{file.relative_to(ROOT)} holds {what}: {found and found[0]}"


def test_no_tracked_file_is_large() -> None:
    for file in tracked():
        limit = 8_500_000 if file.suffix == ".safetensors" else 1_500_000
        assert file.stat().st_size <= limit, file.relative_to(ROOT)


def test_the_wheel_carries_types_and_the_demo_checkpoint(tmp_path: Path) -> None:
    source = tmp_path / "lib"
    shutil.copytree(PACKAGE, source / "timanh", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "lib" / "pyproject.toml", source)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q"]
    made = subprocess.run(
        [*command, "-w", str(tmp_path), str(source)], capture_output=True, text=True, timeout=120
    )
    assert made.returncode == 0, made.stderr
    (wheel,) = tmp_path.glob("timanh-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    wanted = {*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.sql"), PACKAGE / "py.typed"}
    wanted |= {file for file in (PACKAGE / "models" / "demo").glob("*") if file.is_file()}
    missing = {file.relative_to(ROOT / "lib").as_posix() for file in wanted} - inside
    assert not missing
