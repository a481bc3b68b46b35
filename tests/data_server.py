"""A web server on this machine that behaves as well or as badly as a test asks."""

import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from grnular_core.data import downloads, registry
from grnular_core.data.registry import Entry


@dataclass
class Answer:
    """How the server answers for one file."""

    content: bytes
    cut: int | None = None  # end the connection after so many bytes of each answer
    pause: float = 0.0  # seconds between chunks
    statuses: list[int] = field(default_factory=list)  # answered first, one per request


class DataServer:
    """Files to serve, a log of the keys asked for, and a registry that points here."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self.folder = folder
        self.answers: dict[str, Answer] = {}
        self.entries: dict[str, Entry] = {}
        self.log: list[str] = []

    def add(self, key: str, content: bytes, **changes: object) -> Entry:
        """Serve ``content`` as ``key``; ``changes`` go to the answer or the entry."""
        of_entry = {k: changes.pop(k) for k in ("confirmed", "url") if k in changes}
        url = f"http://127.0.0.1:{self.port}/{key}"
        entry = Entry(key, hashlib.sha256(content).hexdigest(), len(content), url, "none", True)
        self.answers[key] = Answer(content, **changes)
        self.entries[key] = replace(entry, **of_entry)
        return self.entries[key]

    def leave(self, name: str, content: bytes) -> Path:
        """Put a file into the cache folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def files(self) -> list[str]:
        """What lies in the cache folder, as sorted names."""
        found = (p for p in self.folder.rglob("*") if not p.is_dir())
        return sorted(str(p.relative_to(self.folder)) for p in found)


def handler_of(server: DataServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            key = self.path.lstrip("/")
            server.log.append(key)
            answer = server.answers.get(key)
            if answer is None or answer.statuses:
                self.send_error(answer.statuses.pop(0) if answer else 404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            for at in range(0, len(answer.content[: answer.cut]), 1 << 14):
                self.wfile.write(answer.content[: answer.cut][at : at + (1 << 14)])
                time.sleep(answer.pause)

        def handle(self) -> None:
            try:
                super().handle()
            except (BrokenPipeError, ConnectionResetError):
                pass  # the client was killed, or had enough

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataServer]:
    """A running server, an empty cache folder, and the registry of that server's files."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    found = DataServer(http.server_address[1], tmp_path / "cache")
    http.RequestHandlerClass = handler_of(found)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("GRNULAR_DATA", str(found.folder))
    monkeypatch.setattr(registry, "registry", lambda: found.entries)
    monkeypatch.setattr(downloads, "PAUSE_SECONDS", 0.01)
    downloads._hash_of.cache_clear()
    yield found
    http.shutdown()
    http.server_close()
    thread.join()
