"""The audit of packages: what it sends, what it makes of answers, and that no network is no failure."""

from __future__ import annotations

import io
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "book"))

import audit  # noqa: E402


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> dict:
    """A service whose answer is a test's to choose, and what it was sent."""
    state: dict = {"vulnerable": {}}

    def answer(request: urllib.request.Request, timeout: float) -> io.BytesIO:
        state["sent"] = queries = json.loads(request.data)["queries"]
        if "raw" in state:
            if isinstance(state["raw"], Exception):
                raise state["raw"]
            return io.BytesIO(state["raw"])
        ids = [state["vulnerable"].get(query["package"]["name"], []) for query in queries]
        results = [{"vulns": [{"id": i} for i in some]} if some else {} for some in ids]
        return io.BytesIO(json.dumps({"results": results}).encode())

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    return state


def test_every_pin_and_nothing_else_is_sent(service, capsys):
    assert audit.main([]) == 0
    pins = [line for line in audit.LOCK.read_text().splitlines() if "==" in line]
    assert len(service["sent"]) == len(pins) > 50
    assert set(service["sent"][0]) == {"package", "version"}
    assert f"{len(pins)} packages of requirements.lock, 0 with" in capsys.readouterr().out


def test_what_is_known_is_named_and_fails(service, capsys):
    service["vulnerable"] = {"numpy": ["PYSEC-2", "GHSA-1"]}
    assert audit.main([]) == 1
    out = capsys.readouterr().out
    assert "numpy " in out and ": GHSA-1, PYSEC-2\n" in out and "1 with known" in out


@pytest.mark.parametrize(
    "raw",
    [
        urllib.error.URLError("name or service not known"),
        TimeoutError("timed out"),
        b"<html>please log in</html>",
        b"[]",
        b'{"results": []}',
    ],
)
def test_without_a_usable_answer_the_audit_is_skipped_with_a_reason(service, capsys, raw):
    service["raw"] = raw
    assert audit.main([]) == 0
    out = capsys.readouterr().out
    assert out.startswith("audit skipped: no usable answer from https://api.osv.dev") and "(" in out
