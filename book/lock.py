"""`make lock`: write notebooks/recorded/requirements.lock again, from what is in `.venv`.

A line is ``name==version --hash=sha256:...``. The hash is that of the file which pip takes on this machine
from the index it is set to: run it where `environment.takes_the_recorded_files` holds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import environment

HEAD = """\
# The exact packages that produced the recorded numbers: Python 3.11, Linux on x86-64, CPU build of torch.
# Written by `make lock`; `make` installs what has a hash from the very same files, on such a machine. torch
# has none: its builds for CPU and for CUDA share a version. On other machines versions alone are asked for.
"""
WITHOUT_HASH = {"torch"}
NOT_OURS = {"pip"}  # comes with Python


def files(report: dict) -> dict[str, tuple[str, str]]:
    """Package -> version without local suffix and sha256, from pip's report on an installation."""
    found = {}
    for entry in report["install"]:
        name, version = entry["metadata"]["name"], entry["metadata"]["version"]
        digest = entry["download_info"]["archive_info"]["hashes"]["sha256"]
        found[name.lower().replace("_", "-")] = version.split("+")[0], digest
    return found


def lock(packages: dict[str, tuple[str, str]]) -> str:
    """The text of the lock file."""
    lines = []
    for name, (version, digest) in sorted(packages.items()):
        pin = f"{name}=={version}"
        lines.append(pin if name in WITHOUT_HASH else f"{pin} --hash=sha256:{digest}")
    return HEAD + "\n".join(lines) + "\n"


def installed() -> str:
    """``name==version`` of everything in `.venv` but this package, as a requirements file."""
    pip = [environment.interpreter(), "-m", "pip", "freeze", "--all", "--exclude-editable"]
    for name in sorted(NOT_OURS):
        pip += ["--exclude", name]
    frozen = subprocess.run(pip, check=True, capture_output=True, text=True).stdout.split()
    return "\n".join(line.split("+")[0] for line in frozen) + "\n"


def main() -> None:
    if not environment.takes_the_recorded_files():
        sys.exit(
            "The lock is of Linux on x86-64 with glibc 2.34 or newer; run this on such a machine."
        )
    asked, answered = environment.VENV / "versions.txt", environment.VENV / "report.json"
    asked.write_text(installed())
    pip = [environment.interpreter(), "-m", "pip", "install", "-qq", "--dry-run", "--no-deps"]
    pip += ["--ignore-installed", "--only-binary=:all:", "--report", answered, "-r", asked]
    if subprocess.run(pip, check=False).returncode:
        sys.exit("pip could not find these packages again (see above); the lock is as it was.")
    text = lock(files(json.loads(answered.read_text())))
    part = Path(f"{environment.LOCK}.part")
    part.write_text(text)
    part.replace(environment.LOCK)
    print(f"{text.count('--hash=')} packages with a hash in {environment.LOCK.name}")


if __name__ == "__main__":
    main()
