"""Run the notebooks through papermill into the build folder, and keep a record of the runs.

Sources stay without outputs. Every executed copy lies under `_build/executed/<mode>/`, beside
`record.json`: notebook, time, duration and machine. The status page is made from that record.
"""

import json
import os
import platform
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
BUILD = ROOT / "_build"
# quick: what `make book` shows; full: the paper's size, `make paper`.
MODES = ("quick", "full")
RECORDED_PACKAGES = ("torch", "numpy", "scipy", "pandas", "scikit-learn", "arboreto", "anndata")
JUPYTER_FOLDERS = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR")
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class BuildError(Exception):
    """A build that cannot go on; the message names the fix."""


def sources() -> list[Path]:
    return sorted(NOTEBOOKS.glob("*.ipynb"))


def load_parameters(mode: str) -> dict[str, dict]:
    """The parameters of each notebook by its stem, from notebooks/params/<mode>/<stem>.yml."""
    files = sorted((NOTEBOOKS / "params" / mode).glob("*.yml"))
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) or {} for path in files}


def check_parameters(parameters: dict[str, dict], notebooks: list[Path], where: str) -> None:
    """Refuse a file without a notebook and a name that its parameters cell does not have."""
    from papermill import inspect_notebook

    paths = {path.stem: path for path in notebooks}
    wrong = []
    for stem, values in parameters.items():
        if stem not in paths:
            wrong.append(f"{where}/{stem}.yml: there is no notebooks/{stem}.ipynb")
            continue
        known = inspect_notebook(str(paths[stem]))
        wrong += [
            f"{where}/{stem}.yml: {stem} has no parameter {name!r}; it has {', '.join(known) or 'none'}"
            for name in values
            if name not in known
        ]
    if wrong:
        raise BuildError("\n".join(wrong))


def private_jupyter(folder: Path) -> None:
    """Keep Jupyter's files in the build folder and this interpreter's kernel in use.

    A home folder that is empty or read-only, or that holds another kernel called python3, then
    makes no difference.
    """
    os.environ.pop("JUPYTER_PATH", None)
    os.environ["JUPYTER_PLATFORM_DIRS"] = "1"
    for variable in JUPYTER_FOLDERS:
        path = folder / variable.lower()
        path.mkdir(parents=True, exist_ok=True)
        os.environ[variable] = str(path)
    # Kernels on this machine's loopback would warn at every start that they do not encrypt.
    profile = folder / "ipythondir" / "profile_default"
    profile.mkdir(exist_ok=True)
    write_json(profile / "ipython_kernel_config.json", {"IPKernelApp": {"log_level": 50}})


def run_notebook(source: Path, target: Path, parameters: dict) -> float:
    """Execute one notebook from the repository's root; seconds, or a BuildError that shows why."""
    import papermill

    start = time.monotonic()
    try:
        papermill.execute_notebook(
            str(source),
            str(target),
            parameters=parameters,
            kernel_name="python3",
            cwd=str(ROOT),
            progress_bar=sys.stderr.isatty(),
        )
    except papermill.PapermillExecutionError as error:
        trace = ANSI.sub("", "\n".join(error.traceback))
        raise BuildError(
            f"notebooks/{source.name} failed in cell [{error.exec_count}] after "
            f"{time.monotonic() - start:.0f} s:\n\n{trace}\n\n"
            f"The run up to there: {target.relative_to(ROOT)}"
        ) from error
    except RuntimeError as error:  # the kernel died, most often for lack of memory
        raise BuildError(f"notebooks/{source.name}: {error}") from error
    return time.monotonic() - start


def run_all(mode: str, only: list[str] | None = None) -> dict:
    """Execute the notebooks one after another; the record, also written to record.json."""
    notebooks = sources()
    parameters = load_parameters(mode)
    check_parameters(parameters, notebooks, f"notebooks/params/{mode}")
    if only:
        unknown = set(only) - {path.stem for path in notebooks}
        if unknown:
            raise BuildError(f"no such notebook: {', '.join(sorted(unknown))}")
    folder = BUILD / "executed" / mode
    folder.mkdir(parents=True, exist_ok=True)
    private_jupyter(BUILD / "jupyter")

    record = describe_machine() | {"mode": mode, "runs": []}
    if only and (folder / "record.json").exists():  # the others keep their last run
        record["runs"] = [run for run in read_record(mode)["runs"] if run["notebook"] not in only]
    for source in notebooks:
        # the pages take a run of every notebook: one that has none is run as well
        if only and source.stem not in only and (mode == "full" or (folder / source.name).exists()):
            continue
        print(f"{source.stem}: running with {mode} parameters", flush=True)
        target = folder / source.name
        started = datetime.now(UTC)
        seconds = run_notebook(source, target, parameters.get(source.stem, {}))
        print(f"{source.stem}: {seconds:.1f} s", flush=True)
        record["runs"].append(
            {"notebook": source.stem, "started": started.isoformat(timespec="seconds"), "seconds": round(seconds, 1)}
        )
        record["runs"].sort(key=lambda run: run["notebook"])
        write_json(folder / "record.json", record)
    return record


def read_record(mode: str) -> dict:
    path = BUILD / "executed" / mode / "record.json"
    if not path.exists():
        raise BuildError(f"{path.relative_to(ROOT)} is missing: run all notebooks once.")
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, data: dict) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def describe_machine() -> dict:
    """Hardware and versions that a timing depends on; nothing that names the machine or its user."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "cores": cores(),
        "commit": commit(),
        "packages": {name: version(name) for name in RECORDED_PACKAGES},
    }


def cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))  # those this process may use
    return os.cpu_count() or 1


def processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def commit() -> str:
    """The short commit, with '+' where tracked files differ from it; 'unknown' outside git."""
    git = ["git", "-C", str(ROOT)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run([*git, "diff", "--quiet", "HEAD"], check=False).returncode
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("+" if changed else "")


def version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
