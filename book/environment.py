"""Make `.venv` from requirements.txt when it is missing, stale or unfinished.

Run by the Makefile before anything is installed, so with the standard library only.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
# Written last, with the digest of the requirements: an interrupted install has none.
COMPLETE = VENV / "complete"
LOCK = ROOT / "notebooks" / "recorded" / "requirements.lock"
LOCK_PYTHON = (3, 11)
MISMATCH = "DO NOT MATCH THE HASHES"  # pip's words
PIN = re.compile(r"^([\w.-]+==[^\s\\]+)((?:[ \\\n]+--hash=\S+)*)", re.MULTILINE)


def digest() -> str:
    """Changes with the requirements, the lock, the package's metadata or the checkout's place."""
    import tomllib

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    metadata = [settings["build-system"], settings["project"], settings["tool"]["setuptools"]]
    text = hashlib.sha256(json.dumps([str(ROOT), metadata], sort_keys=True).encode())
    for path in (ROOT / "requirements.txt", LOCK):
        text.update(path.read_bytes() if path.exists() else b"-")
    return text.hexdigest()


def interpreter() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def is_current() -> bool:
    """Whether the environment was finished for today's files and its Python still starts."""
    try:
        if COMPLETE.read_text().strip() != digest():
            return False
        return subprocess.run([interpreter(), "-c", ""], check=False).returncode == 0
    except OSError:
        return False


def make() -> None:
    """A fresh environment; the recorded versions where they can be had, else the bounds."""
    import venv

    locked = sys.version_info[:2] == LOCK_PYTHON and LOCK.exists()
    pins = "the recorded versions" if locked else "the bounds of requirements.txt"
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Making .venv with Python {version} and {pins}; this takes minutes.", flush=True)
    start = time.monotonic()
    COMPLETE.unlink(missing_ok=True)
    venv.EnvBuilder(clear=True, with_pip=True, symlinks=os.name != "nt").create(VENV)
    done = locked and install_locked(LOCK.read_text(encoding="utf-8"))
    if locked and not done:
        print("The recorded versions cannot be had here; trying the bounds alone.", flush=True)
    if not done and not install("-r", "requirements.txt"):
        sys.exit("pip could not install requirements.txt (see above). Run the command again.")
    part = COMPLETE.with_suffix(".part")
    part.write_text(digest() + "\n")
    part.replace(COMPLETE)
    print(f".venv is ready after {time.monotonic() - start:.0f} s.", flush=True)


def install_locked(lock: str) -> bool:
    """Whether pip could install the lock's versions, those with hashes from the very files of the lock.

    pip refuses packages without a hash as soon as one has a hash. So packages with hashes come first and
    alone, the tools that build this package among it; then the rest by its version: torch, whose builds
    for CPU and CUDA share one, and this package.
    """
    pins = PIN.findall(lock)
    exact, versions = VENV / "exact.txt", VENV / "versions.txt"
    exact.write_text("".join(pin + hashes + "\n" for pin, hashes in pins if hashes))
    versions.write_text("".join(pin + "\n" for pin, _ in pins))
    return install("--require-hashes", "--no-deps", "-r", str(exact)) and install(
        "--no-build-isolation", "-r", "requirements.txt", "-c", str(versions)
    )


def install(*what: str) -> bool:
    """Whether pip could install this. A file that is not the recorded one ends the program."""
    pip = [interpreter(), "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
    done = subprocess.run([*pip, *what], cwd=ROOT, check=False, stderr=subprocess.PIPE, text=True)
    print(done.stderr, end="", file=sys.stderr, flush=True)
    if done.returncode and MISMATCH in done.stderr:
        sys.exit(
            "A package that was offered is not the file that produced the recorded numbers (see above), and "
            "was not installed. Try again; if your index packs its files anew and you trust it, delete "
            "that package's hashes from notebooks/recorded/requirements.lock."
        )
    return done.returncode == 0


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - PYTHON may name an old version
        version = ".".join(map(str, sys.version_info[:3]))
        sys.exit(f"GRNULar needs Python 3.11 or newer, and {sys.executable} is {version}.")
    # One at a time: two makes in one checkout must not fill the same folder together.
    (ROOT / "_build").mkdir(exist_ok=True)
    with open(ROOT / "_build" / ".venv.lock", "w") as lock:
        try:
            import fcntl
        except ImportError:  # not on Windows
            pass
        else:
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_current():
            make()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("Interrupted; the next run starts the environment afresh.")
