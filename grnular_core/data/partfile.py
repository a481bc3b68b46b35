"""The ``.part`` file in which a download grows until its bytes are known to be right.

It lies beside its target, under one name, so that the next run goes on where a killed one ended.
An advisory lock on the part itself (nothing else to clean up; the system drops it when a process
dies) keeps two processes from writing into each other's bytes.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # no such locks on this system: every process gets a part of its own
    fcntl = None

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.1


@contextmanager
def claimed_part(target: Path, progress: bool = False) -> Iterator[BinaryIO]:
    """Open ``target``'s part for appending, unbuffered, held against other processes.

    While another process holds it, wait; ``progress`` says so on stderr. When the part has not
    grown for a minute, or the file system has no locks, a part of our own is used, which costs a
    second download and never a wrong file. The caller must look again whether ``target`` is there:
    the other process may have finished it. An empty part is removed at the end.
    """
    part = target.with_name(f"{target.name}.part")
    handle = _locked(part, progress)
    shared = handle is not None
    if handle is None:
        own = f"{target.name}.{os.getpid()}-{secrets.token_hex(4)}.part"
        handle = open(target.with_name(own), "ab", buffering=0)
    path = Path(handle.name)
    try:
        yield handle
    finally:
        # Nobody looks for the part under a private name again, so what is left of it is waste.
        if not shared or (_is_at(handle, path) and length(handle) == 0):
            path.unlink(missing_ok=True)
        handle.close()


def finish(part: BinaryIO, target: Path) -> None:
    """Give a complete part its final name; a reader sees no file or the whole one."""
    os.fsync(part.fileno())
    if fcntl is None:
        part.close()  # such a system may refuse to rename an open file
    os.replace(part.name, target)


def length(part: BinaryIO) -> int:
    """Return how many bytes have arrived."""
    return os.fstat(part.fileno()).st_size


def clear(part: BinaryIO) -> None:
    """Begin again from zero."""
    if length(part):
        part.truncate(0)


def write_all(part: BinaryIO, chunk: bytes) -> None:
    """Append ``chunk``; an unbuffered write may take less than it was given."""
    rest = memoryview(chunk)
    while rest:
        rest = rest[part.write(rest) :]


def _locked(part: Path, progress: bool) -> BinaryIO | None:
    if fcntl is None:
        return None
    size, since, said = -1, time.monotonic(), not progress
    while True:
        handle = open(part, "ab", buffering=0)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            grown, size = length(handle) != size, length(handle)
            handle.close()
        except OSError:
            handle.close()
            return None
        else:
            # The holder before us may have renamed or removed the file we opened.
            if _is_at(handle, part):
                return handle
            handle.close()
            continue
        if grown:
            since = time.monotonic()
        elif time.monotonic() - since > PATIENCE_SECONDS:
            return None
        if not said:
            print(f"another process is fetching {part.stem}; waiting for it", file=sys.stderr)
            said = True
        time.sleep(POLL_SECONDS)


def _is_at(handle: BinaryIO, path: Path) -> bool:
    if handle.closed:
        return False
    try:
        return os.path.samestat(os.fstat(handle.fileno()), os.stat(path))
    except FileNotFoundError:
        return False
