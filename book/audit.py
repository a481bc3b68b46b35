"""`make audit`: known vulnerabilities of the exact packages in notebooks/recorded/requirements.lock.

Names and versions of the lock, and nothing else, go to the public database OSV, which pip-audit asks too.
With no answer (no network, a proxy, a service that is down) the audit is skipped, and says why.
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "notebooks" / "recorded" / "requirements.lock"
SERVICE = "https://api.osv.dev/v1/querybatch"
SECONDS = 20
MOST = 1000  # packages that the service takes at once


def pinned(lock: Path) -> list[tuple[str, str]]:
    """Name and version of every line ``name==version --hash=...``; comments and hashes are left out."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    pins = [line.split("#")[0].split("--hash=")[0] for line in lines]
    pairs = [pin.strip().partition("==") for pin in pins]
    return [(name, version) for name, sep, version in pairs if sep]


def known(
    packages: list[tuple[str, str]], service: str = SERVICE
) -> dict[tuple[str, str], list[str]]:
    """Package -> ids of its known vulnerabilities, for those that have any.

    Raises ``OSError`` when the service cannot be reached, ``ValueError`` for an answer that is none.
    """
    found = {}
    for start in range(0, len(packages), MOST):
        some = packages[start : start + MOST]
        queries = [
            {"package": {"name": name, "ecosystem": "PyPI"}, "version": version}
            for name, version in some
        ]
        request = urllib.request.Request(
            service,
            json.dumps({"queries": queries}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            results = json.load(answer)["results"]
        if len(results) != len(some):
            raise ValueError(f"{len(results)} answers to {len(some)} questions")
        for package, result in zip(some, results, strict=True):
            if result.get("vulns"):
                found[package] = sorted(entry["id"] for entry in result["vulns"])
    return found


def main(words: list[str] | None = None) -> int:
    """0 when nothing is known or nobody answers, 1 when something is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--service", default=SERVICE, help=f"default {SERVICE}")
    service = parser.parse_args(words).service
    packages = pinned(LOCK)
    try:
        found = known(packages, service)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = getattr(error, "reason", None) or error
        print(f"audit skipped: no usable answer from {service} ({why})")
        return 0
    for (name, version), ids in sorted(found.items()):
        print(f"{name} {version}: {', '.join(ids)}")
    print(f"{len(packages)} packages of {LOCK.name}, {len(found)} with known vulnerabilities")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
