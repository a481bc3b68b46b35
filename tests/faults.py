"""Processes that are killed (SIGKILL) at moments drawn from a seed; see ``fault_campaign.py``.

A child is a fork of this process, so that it begins to work at once and a moment falls into the work
and not into the loading of packages. Half of the moments are drawn from the time that an undisturbed run
takes, half from its file operations: the child is killed right before one of them (opening for
writing, renaming, removing, making a folder) or a few milliseconds into it.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}
INTO_SECONDS = 0.01  # how far into a file operation a kill may come
LONGEST_SECONDS = 300.0

Work = Callable[[], None]


@dataclass(frozen=True)
class Moment:
    """When to kill: after ``seconds``, or ``seconds`` after file operation number ``operation``."""

    seconds: float
    operation: int | None = None


@dataclass(frozen=True)
class Ran:
    """How a child ended: ``killed``, or by itself after ``seconds`` and so many file ``operations``."""

    killed: bool
    seconds: float
    operations: int


def draw(rng: random.Random, whole: Ran) -> Moment:
    """A moment of a run that takes as long, and changes as many files, as ``whole``."""
    if rng.random() < 0.5 or not whole.operations:
        return Moment(rng.uniform(0, whole.seconds))
    into = rng.choice([0.0, rng.uniform(0, INTO_SECONDS)])
    return Moment(into, rng.randint(1, whole.operations))


def run(work: Work, folder: Path, moment: Moment | None = None) -> Ran:
    """Do ``work`` in a child whose working directory is ``folder``; kill it at ``moment``.

    Raises ``RuntimeError`` with the child's traceback when it fails by itself.
    """
    ear, mouth = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if not child:
        os.close(ear)
        _be_child(work, folder, mouth, moment)
    os.close(mouth)
    try:
        killed = _wait_and_kill(child, ear, moment, began)
        seconds = time.monotonic() - began
        said = _rest(ear)
    finally:
        os.close(ear)
    _, status = os.waitpid(child, 0)
    if killed and os.WIFSIGNALED(status):
        return Ran(True, seconds, 0)
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"the child failed by itself:\n{said}")
    return Ran(False, seconds, int(said.rpartition("=")[2]))


def _wait_and_kill(child: int, ear: int, moment: Moment | None, began: float) -> bool:
    """Whether the child was sent the signal: it may have ended before."""
    wait = LONGEST_SECONDS
    if moment and moment.operation is None:
        wait = max(0.0, moment.seconds - (time.monotonic() - began))
    heard = select.select([ear], [], [], wait)[0]
    first = os.read(ear, 1) if heard else b""
    if heard and first != b"!":  # it has ended and reports, or failed
        return False
    if moment and moment.operation is not None and moment.seconds:
        time.sleep(moment.seconds)
    os.kill(child, signal.SIGKILL)
    return True


def _rest(ear: int) -> str:
    pieces = []
    while piece := os.read(ear, 1 << 16):
        pieces.append(piece)
    return b"".join(pieces).decode()


def _be_child(work: Work, folder: Path, mouth: int, moment: Moment | None) -> None:
    """Never returns; what it has to say goes into the pipe."""
    code = 1
    try:
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (1, 2):
            os.dup2(silence, stream)
        os.chdir(folder)
        counted = count_operations(folder, mouth, moment)
        work()
        os.write(mouth, f".={counted[0]}".encode())
        code = 0
    except BaseException:
        os.write(mouth, ("." + traceback.format_exc()).encode()[:60_000])
    finally:
        os._exit(code)


def count_operations(folder: Path, mouth: int, moment: Moment | None) -> list[int]:
    """Count this process's file operations below ``folder``.

    At the one that ``moment`` names ``!`` is written; the process then dies at once, or goes on and
    is killed by who reads it.
    """
    counted, root = [0], os.path.realpath(folder)

    def hook(event: str, given: tuple) -> None:
        if event == "open":
            path, _, flags = given
            if not isinstance(flags, int) or not flags & WRITING:
                return
        elif event in CHANGES:
            path = given[0]
        else:
            return
        if isinstance(path, int) or not os.path.realpath(os.fsdecode(path)).startswith(root):
            return
        counted[0] += 1
        if moment and counted[0] == moment.operation:
            os.write(mouth, b"!")
            if not moment.seconds:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return counted
