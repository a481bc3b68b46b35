"""The environment: made of the very files that are recorded, never half, by one `make` at a time, by a Python new enough."""

import ast
import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import environment
import pytest

ROOT = Path(__file__).resolve().parents[2]

# --- from the lock --------------------------------------------------------------------------------


def wheel(folder: Path, name: str, version: str, content: str = "") -> str:
    """A package of one module; returns the sha256 of its file."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(f"{name}.py", content)
        packed.writestr(f"{info}/METADATA", metadata)
        packed.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        packed.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def pin(name: str, version: str, *digests: str) -> str:
    """A line of the lock as pip-tools writes it, with the hashes of all files of that version."""
    return " \\\n    --hash=sha256:".join([f"{name}=={version}", *digests]) + "\n"


def installed(folder: Path) -> list[str]:
    return sorted(path.name.removesuffix(".dist-info") for path in folder.glob("site/*.dist-info"))


@pytest.fixture
def offered(tmp_path, monkeypatch) -> Path:
    """An index with two versions of two packages, a project that asks for both, a folder to install into."""
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", tmp_path)
    monkeypatch.setattr(environment, "interpreter", lambda: Path(sys.executable))
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (("CONFIG_FILE", "/dev/null"), ("NO_INDEX", "1"), ("FIND_LINKS", tmp_path),
                        ("TARGET", tmp_path / "site")):  # fmt: skip
        monkeypatch.setenv(f"PIP_{name}", str(value))
    (tmp_path / "requirements.txt").write_text("tinyone>=1\ntinytwo>=1\n")
    for name in ("tinyone", "tinytwo"):
        wheel(tmp_path, name, "2.0")
    return tmp_path


def test_the_recorded_files_are_installed_and_the_rest_by_its_version(offered):
    digest = wheel(offered, "tinyone", "1.0")
    wheel(offered, "tinytwo", "1.0")
    lock = "# a comment == of ours\n" + pin("tinyone", "1.0", "0" * 64, digest)
    assert environment.install_locked(lock + pin("tinytwo", "1.0"))
    assert installed(offered) == ["tinyone-1.0", "tinytwo-1.0"]


def test_another_file_of_the_same_version_is_refused_and_nothing_is_installed(offered, capsys):
    digest = wheel(offered, "tinyone", "1.0")
    wheel(offered, "tinyone", "1.0", content="import os  # something was put in")
    with pytest.raises(SystemExit, match=r"is not the file that produced .* was not installed"):
        environment.install_locked(pin("tinyone", "1.0", digest) + pin("tinytwo", "2.0"))
    printed = capsys.readouterr().err
    assert "tinyone" in printed and digest in printed and installed(offered) == []


def test_a_version_that_cannot_be_had_is_no_attack(offered):
    assert not environment.install_locked(pin("tinyone", "3.0", "0" * 64) + pin("tinytwo", "2.0"))
    assert installed(offered) == []
    assert environment.install("-r", "requirements.txt")  # what `make` tries next
    assert installed(offered) == ["tinyone-2.0", "tinytwo-2.0"]


# --- finished or not ------------------------------------------------------------------------------


def test_an_interrupted_or_outdated_environment_is_not_taken_for_a_finished_one(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(environment, "VENV", tmp_path)
    monkeypatch.setattr(environment, "COMPLETE", tmp_path / "complete")
    monkeypatch.setattr(environment, "interpreter", lambda: Path(sys.executable))
    assert not environment.is_current()
    (tmp_path / "complete").write_text("another digest\n")
    assert not environment.is_current()
    (tmp_path / "complete").write_text(environment.digest() + "\n")
    assert environment.is_current()
    monkeypatch.setattr(environment, "interpreter", lambda: tmp_path / "gone")
    assert not environment.is_current()


def test_the_environment_is_outdated_when_the_lock_or_the_place_changes(tmp_path, monkeypatch):
    before = environment.digest()
    monkeypatch.setattr(environment, "LOCK", tmp_path / "requirements.lock")
    assert environment.digest() != before
    monkeypatch.undo()
    assert environment.digest() == before
    for name in ("requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    assert environment.digest() != before  # an editable install knows its folder


# --- which Python, and one at a time --------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `make` reads before there is an environment."""
    (tmp_path / "book").mkdir()
    for name in ("Makefile", "book/environment.py"):
        shutil.copy(ROOT / name, tmp_path / name)
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
    imports = [node for node in tree.body if isinstance(node, ast.Import)]
    imported = {alias.name for node in imports for alias in node.names}
    assert "tomllib" not in imported and imported <= set(sys.stdlib_module_names)


@pytest.mark.parametrize(
    ("python", "message"),
    [
        ("", "needs Python 3.11 or newer with its venv module"),
        ("/nowhere/python3", "/nowhere/python3"),
    ],
)
def test_make_without_a_python_that_starts_says_so(checkout, python, message):
    words = ["make", "environment", f"PYTHON={python}"]
    done = subprocess.run(words, cwd=checkout, capture_output=True, text=True)
    assert done.returncode != 0 and message in done.stderr and "Traceback" not in done.stderr
    assert not (checkout / ".venv").exists()


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
            second.wait(timeout=1)
    assert second.communicate(timeout=60)[0] == "ready\n" and second.returncode == 0
