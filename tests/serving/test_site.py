"""The backend that notebook 09 starts: found or fetched, and what is said where it does not start.

That it serves posts is tested with the notebook itself.
"""

import subprocess
from pathlib import Path

import pytest
from upstream_standin import free_port

from timanh.errors import ServingError
from timanh.serving import site as module
from timanh.serving.site import Site, curl, find_backend


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_the_backend_lies_beside_the_library() -> None:
    assert (find_backend("https://nobody.invalid/x") / "posts").is_dir()


def test_where_only_the_library_was_installed_it_is_fetched_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    (source / "backend").mkdir(parents=True)
    (source / "backend" / "main.py").write_text("")
    git(source, "init", "-q")
    git(source, "add", ".")
    git(source, "commit", "-qm", "All of it")
    monkeypatch.setattr(module, "__file__", str(tmp_path / "a" / "b" / "c" / "d.py"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(ServingError, match="cannot be fetched from"):
        find_backend(str(tmp_path / "nothing"))
    found = find_backend(str(source))
    assert (found / "main.py").is_file() and found.is_relative_to(tmp_path / "cache")
    assert find_backend(str(tmp_path / "nothing")) == found


def test_a_backend_that_ends_at_once_says_why(tmp_path: Path) -> None:
    backend = tmp_path / "backend"
    backend.mkdir()
    (backend / "main.py").write_text("import sys; sys.exit('Error: no such thing.')")
    with pytest.raises(ServingError, match=r"has no posts: Error: no such thing\."):
        Site.start(backend, tmp_path / "posts", "")


def test_curl_says_what_went_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ServingError, match="failed: curl"):
        curl(f"http://127.0.0.1:{free_port()}/health")
    page = tmp_path / "page.html"
    page.write_text("<p>Sign in</p>")
    with pytest.raises(ServingError, match="answered no JSON: '<p>Sign in"):
        curl(page.as_uri())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ServingError, match="cannot be started"):
        curl("http://127.0.0.1:1")
