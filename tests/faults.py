"""Processes that are killed at moments drawn from a seed; see ``fault_campaign.py``.

A child is a fork of this process, so that it begins to work at once and a moment falls into the work
and not into the loading of packages. Half of the moments are drawn from the time that an undisturbed run
takes, half from its file operations: the child ends by a signal right before one of them (opening for
writing, renaming, removing, making a folder) or a few milliseconds into it, and cleans nothing up.
"""

import os
import random
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
        _be_child(work, folder, mouth, moment)
    os.close(mouth)
    with os.fdopen(ear) as stream:
        output = stream.read()
    _, status = os.waitpid(child, 0)
    seconds = time.monotonic() - began
    if moment and os.WIFSIGNALED(status):
        return Ran(True, seconds, 0)
    if status:
        raise RuntimeError(f"the child failed by itself:\n{output}")
    return Ran(False, seconds, int(output))


def _be_child(work: Work, folder: Path, mouth: int, moment: Moment | None) -> None:
    """Never returns; what it has to say goes into the pipe."""
    code = 1
    try:
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in (1, 2):
            os.dup2(silence, stream)
        os.chdir(folder)
        counted = count_operations(folder, moment)
        end_after(LONGEST_SECONDS if not moment or moment.operation else moment.seconds)
        work()
        os.write(mouth, str(counted[0]).encode())
        code = 0
    except BaseException:
        os.write(mouth, traceback.format_exc().encode()[:60_000])
    finally:
        os._exit(code)


def end_after(seconds: float) -> None:
    """End this process by a signal that nothing handles."""
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))


def count_operations(folder: Path, moment: Moment | None) -> list[int]:
    """Count this process's file operations below ``folder``; end it at the one of ``moment``."""
    counted, root = [0], os.path.realpath(folder)

    def hook(event: str, given: tuple) -> None:
        writes = event == "open" and isinstance(given[2], int) and given[2] & WRITING
        if not (writes or event in CHANGES) or isinstance(given[0], int):
            return
        if not os.path.realpath(os.fsdecode(given[0])).startswith(root):
            return
        counted[0] += 1
        if moment and counted[0] == moment.operation:
            if not moment.seconds:
                os.kill(os.getpid(), signal.SIGKILL)
            end_after(moment.seconds)

    sys.addaudithook(hook)
    return counted
