"""Runs of the command line in the current folder; see ``cli_folder.py`` for what lies there."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from grnular_core.cli.main import main

TESTS = Path(__file__).resolve().parent
KILLED = """
import os, sys
sys.path.insert(0, {tests!r})
from faults import Moment, count_operations
{setup}
from grnular_core.cli.main import main
count_operations(os.getcwd(), Moment(0.0, {operation}))
main(sys.argv[1:])
"""

EDGES = "regulator,target,weight\nA,C,4\nA,B,3\nB,D,2\nB,C,1\n"
TRUTH = "Gene1,Gene2\nA,C\nB,C\nB,A\n"
OLD = "the last result\n"


def run_infer(*more: str, expression: str = "x.csv", out: str = "out.csv") -> int:
    method = () if "--method" in more else ("--method", "clr")
    return main(["infer", expression, "--tfs", "tfs.txt", *method, *more, "-o", out])


def run_evaluate(*more: str) -> int:
    given = ["--truth", "truth.csv", "--expression", "abcd.csv", "--tfs", "ab.txt"]
    return main(["evaluate", "edges.csv", *given, *more])


def shell(*words: str, cwd: Path, **options: object) -> subprocess.CompletedProcess:
    """The command in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **options.pop("env", {})}
    command = [sys.executable, "-m", "grnular_core", *words]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.run(command, cwd=cwd, env=environment, timeout=600, **options)


def killed(operation: int, *words: str, setup: str = "") -> None:
    """Run the command in a process that is killed right before that file operation below this folder."""
    code = KILLED.format(tests=str(TESTS), setup=setup, operation=operation)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code, *words], env=environment, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()[-2000:]
