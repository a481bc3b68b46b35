"""`make` with no Python, with an old one, and twice at once: it says so, or waits."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

import environment  # noqa: E402


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `make` reads before there is an environment."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "book").mkdir()
    shutil.copy(ROOT / "book" / "environment.py", tmp_path / "book")
    return tmp_path


def test_an_old_python_is_named_and_makes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "make", lambda: pytest.fail("was made"))
    monkeypatch.setattr(sys, "version_info", (3, 10, 12))
    with pytest.raises(SystemExit, match="needs Python 3.11 or newer, and .* is 3.10.12"):
        environment.main()
    assert list(tmp_path.iterdir()) == []


def test_an_old_python_can_read_the_script_that_refuses_it():
    """Else it would show a syntax error, or a missing module, in place of the message."""
    tree = ast.parse((ROOT / "book" / "environment.py").read_text(), feature_version=(3, 7))
    imported = {
        alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names
    }
    assert "tomllib" not in imported and imported <= set(sys.stdlib_module_names)


def test_make_without_any_python_says_what_to_install(checkout):
    done = subprocess.run(
        ["make", "environment", "PYTHON="], cwd=checkout, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "needs Python 3.11 or newer with its venv module" in done.stderr
    assert "PYTHON=/path/to/python3" in done.stderr and not (checkout / ".venv").exists()


def test_a_python_that_cannot_start_is_no_traceback(checkout):
    done = subprocess.run(
        ["make", "environment", "PYTHON=/nowhere/python3"],
        cwd=checkout,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0 and "/nowhere/python3" in done.stderr
    assert "Traceback" not in done.stderr and not (checkout / ".venv").exists()


def test_the_second_make_waits_for_the_first(checkout):
    fcntl = pytest.importorskip("fcntl")
    code = (
        "import sys; sys.path.insert(0, 'book'); import environment; "
        "environment.is_current = lambda: True; environment.main(); print('ready')"
    )
    (checkout / "_build").mkdir()
    with open(checkout / "_build" / ".venv.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = subprocess.Popen(
            [sys.executable, "-c", code], cwd=checkout, stdout=subprocess.PIPE, text=True
        )
        with pytest.raises(subprocess.TimeoutExpired):
            second.wait(timeout=1.5)
    assert second.communicate(timeout=60)[0] == "ready\n" and second.returncode == 0
