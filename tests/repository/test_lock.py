"""The environment is made of the very files that are on record, by pip itself, and refuses others."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book"))

import environment  # noqa: E402
import lock  # noqa: E402


def wheel(folder: Path, name: str, version: str, content: str = "") -> str:
    """A package of one empty module; returns the sha256 of its file."""
    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(f"{name}.py", content)
        packed.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        packed.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        packed.writestr(f"{info}/RECORD", "")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """An environment with pip; each test removes what it installed."""
    folder = tmp_path_factory.mktemp("venv")
    venv.EnvBuilder(with_pip=True, symlinks=True).create(folder)
    return folder


@pytest.fixture
def offered(tmp_path, monkeypatch, made) -> Path:
    """An index with versions 1.0 and 2.0 of two packages, and a project that asks for both."""
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", made)
    monkeypatch.setattr(environment, "takes_the_recorded_files", lambda: True)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    (tmp_path / "requirements.txt").write_text("tinyone>=1\ntinytwo>=1\n")
    for name in ("tinyone", "tinytwo"):
        wheel(tmp_path, name, "2.0")
    yield tmp_path
    pip = [environment.interpreter(), "-m", "pip", "uninstall", "-qq", "-y", "tinyone", "tinytwo"]
    subprocess.run(pip, check=False, capture_output=True)


def installed() -> dict[str, str]:
    lines = lock.installed().split()
    return {name: version for name, _, version in (line.partition("==") for line in lines)}


def test_the_recorded_files_are_installed_and_the_rest_by_its_version(offered):
    digest = wheel(offered, "tinyone", "1.0")
    wheel(offered, "tinytwo", "1.0")
    lines = ["# a comment == of ours", f"tinyone==1.0 --hash=sha256:{digest}", "tinytwo==1.0"]
    assert environment.install_locked(lines)
    assert installed().items() >= {"tinyone": "1.0", "tinytwo": "1.0"}.items()


def test_another_file_of_the_same_version_is_refused_and_nothing_is_installed(offered, capsys):
    digest = wheel(offered, "tinyone", "1.0")
    wheel(offered, "tinyone", "1.0", content="import os  # something was put in")
    with pytest.raises(SystemExit, match=r"is not the file that produced .* was not installed"):
        environment.install_locked([f"tinyone==1.0 --hash=sha256:{digest}", "tinytwo==2.0"])
    told = capsys.readouterr().err
    assert "tinyone" in told and digest in told
    assert not {"tinyone", "tinytwo"} & installed().keys()


def test_a_version_that_cannot_be_had_is_no_attack(offered):
    assert not environment.install_locked(
        ["tinyone==3.0 --hash=sha256:" + "0" * 64, "tinytwo==2.0"]
    )
    assert not {"tinyone", "tinytwo"} & installed().keys()
    assert environment.install("-r", "requirements.txt")  # what `make` tries next
    assert installed().items() >= {"tinyone": "2.0", "tinytwo": "2.0"}.items()


def test_other_machines_take_their_own_files_of_the_same_versions(offered, monkeypatch):
    monkeypatch.setattr(environment, "takes_the_recorded_files", lambda: False)
    wheel(offered, "tinyone", "1.0")
    lines = ["tinyone==1.0 --hash=sha256:" + "0" * 64, "tinytwo==2.0"]
    assert environment.install_locked(lines)
    assert installed()["tinyone"] == "1.0"


@pytest.mark.parametrize(
    ("machine", "libc", "expected"),
    [
        ("x86_64", ("glibc", "2.34"), True),
        ("x86_64", ("glibc", "2.41"), True),
        ("x86_64", ("glibc", "2.31"), False),
        ("x86_64", ("", ""), False),  # musl
        ("aarch64", ("glibc", "2.39"), False),
    ],
)
def test_which_machines_take_the_recorded_files(monkeypatch, machine, libc, expected):
    monkeypatch.setattr(environment.sys, "platform", "linux")
    monkeypatch.setattr(environment.platform, "machine", lambda: machine)
    monkeypatch.setattr(environment.platform, "libc_ver", lambda: libc)
    assert environment.takes_the_recorded_files() is expected


def test_the_lock_is_written_from_what_pip_reports():
    def entry(name: str, version: str, digest: str) -> dict:
        archive = {"hashes": {"sha256": digest}}
        return {
            "metadata": {"name": name, "version": version},
            "download_info": {"archive_info": archive},
        }

    report = {"install": [entry("torch", "2.0+cpu", "a"), entry("Jinja_2", "3.1", "b")]}
    lines = lock.lock(lock.files(report)).splitlines()
    assert lines[-2:] == ["jinja-2==3.1 --hash=sha256:b", "torch==2.0"]
    assert all(line.startswith("#") for line in lines[:-2])
