"""The repository itself: what may lie at its top, requirements, versions, paths, automation."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import environment
import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import grnular_core
from grnular_core.methods.interface import ARBORETO, REGDIFFUSION

ROOT = Path(__file__).resolve().parents[2]
TOP_LEVEL = set(
    "book notebooks grnular_core tests _config.yml _toc.yml requirements.txt README.md "
    "pyproject.toml Makefile LICENSE CITATION.cff CHANGELOG.md".split()
)
MAX_LINES = 480  # split by idea before that
LOCK = ROOT / "notebooks" / "recorded" / "requirements.lock"
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:root|home|tmp|work|Users|private|opt)/\w|\b[A-Z]:\\Users")


def project_files() -> list[Path]:
    """What git tracks or would track, so that builds and caches are left out."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is not a git checkout")
    names = [name for name in done.stdout.decode().split("\0") if name]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def requirements() -> dict[str, Requirement]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if line.strip() and not line.startswith(("#", "-e"))]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in wanted}


def locked() -> dict[str, str]:
    """Name and version of every package in the lock."""
    pins = [pin.split("==") for pin, _ in environment.PIN.findall(LOCK.read_text())]
    return {canonicalize_name(name): version for name, version in pins}


def metadata_of_package() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_top_level_holds_only_what_was_agreed():
    tops = {path.relative_to(ROOT).parts[0] for path in project_files()}
    assert {name for name in tops if not name.startswith(".")} <= TOP_LEVEL


def test_no_large_file_and_no_pickle_is_kept():
    files = project_files()
    recorded = ROOT / "notebooks" / "recorded"  # a row a run: the largest tables have thousands
    most = {path: (2 if path.parent == recorded else 1) << 20 for path in files}
    assert [path for path in files if path.stat().st_size > most[path]] == []
    assert [path for path in files if path.suffix in {".pkl", ".pickle", ".pt", ".pth"}] == []


def test_no_python_file_is_longer_than_one_idea():
    lengths = {
        path: len(path.read_bytes().splitlines())
        for path in project_files()
        if path.suffix == ".py"
    }
    assert {
        path.relative_to(ROOT).as_posix(): n for path, n in lengths.items() if n > MAX_LINES
    } == {}


def test_no_file_holds_a_path_of_some_machine():
    found = []
    for path in project_files():
        if path.relative_to(ROOT).parts[0] == "tests":
            continue  # tests of paths need some
        text = path.read_bytes().decode("utf-8", errors="ignore")
        found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in MACHINE_PATH.finditer(text)]
    assert found == []


def test_every_requirement_has_a_lower_and_an_upper_bound():
    for requirement in requirements().values():
        operators = {specifier.operator for specifier in requirement.specifier}
        assert operators == {"=="} or operators == {">=", "<"}, str(requirement)


def test_requirements_installs_the_package_itself():
    assert "-e ." in (ROOT / "requirements.txt").read_text().splitlines()


def test_package_and_requirements_name_the_same_bounds():
    project = metadata_of_package()
    extras = project["optional-dependencies"]
    optional = [line for name, lines in extras.items() if name != "regdiffusion" for line in lines]
    own = "grnular-core[dask,parquet,plots,trees]"
    assert own in extras["book"]
    wanted = requirements()
    for requirement in map(Requirement, [*project["dependencies"], *{*optional} - {own}]):
        pinned = wanted[canonicalize_name(requirement.name)].specifier
        if requirement.name == "torch":  # pinned for the book; users of the package have a range
            (pin,) = pinned
            assert requirement.specifier.contains(pin.version)
        else:
            assert requirement.specifier == pinned, requirement.name
    # with the extra [book] come all but the tools of the tests
    text = (ROOT / "requirements.txt").read_text().partition("# --- tests")[0]
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "-e"))]
    brought = {Requirement(line).name for line in [*project["dependencies"], *optional]}
    assert {Requirement(line).name for line in lines} == brought - {"grnular-core"}


def test_a_missing_package_is_named_with_the_extra_that_brings_it():
    extras = metadata_of_package()["optional-dependencies"]
    for package in (ARBORETO, REGDIFFUSION):
        assert extras[package.extra] == [package.requirement]


def test_the_lock_is_exact_complete_and_within_the_bounds():
    text = LOCK.read_text()
    pins = environment.PIN.findall(text)
    assert "".join(pin + hashes + "\n" for pin, hashes in pins) == text  # no option, no address
    assert [pin.split("==")[0] for pin, hashes in pins if not hashes] == ["torch"]
    versions = locked()
    for name, requirement in requirements().items():
        assert requirement.specifier.contains(versions[name]), requirement
    if sys.version_info[:2] != (3, 11):
        return
    for name in versions:  # everything that those packages need in turn, where they are installed
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        # the lock has the CPU build of torch; other builds need CUDA's libraries as well
        if name == "torch" and "+cpu" not in metadata.version(name):
            continue
        for need in map(Requirement, needs):
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                assert canonicalize_name(need.name) in versions


def imported_names(path: Path) -> set[str]:
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        source = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        source = re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE)
    else:
        source = path.read_text(encoding="utf-8")
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def test_every_imported_package_is_a_direct_requirement():
    own = {"grnular_core", "grnular_paper", "conftest"} | {
        path.stem for folder in ("book", "tests") for path in (ROOT / folder).rglob("*.py")
    }
    optional = map(Requirement, metadata_of_package()["optional-dependencies"]["regdiffusion"])
    known = own | set(sys.stdlib_module_names) | {package.name for package in optional}
    providers = metadata.packages_distributions()
    # used by pytest itself and by these tests of requirements, never by the package
    wanted = set(requirements()) | {"packaging"}
    missing = {}
    for path in project_files():
        if path.suffix not in {".py", ".ipynb"}:
            continue
        for name in imported_names(path) - known:
            if not wanted & {canonicalize_name(dist) for dist in providers.get(name, [])}:
                missing.setdefault(name, path.relative_to(ROOT).as_posix())
    assert missing == {}


def test_the_package_itself_needs_no_notebook_or_baseline_package():
    needed = {
        canonicalize_name(Requirement(line).name) for line in metadata_of_package()["dependencies"]
    }
    assert not needed & {"arboreto", "jupyter-book", "papermill", "matplotlib", "seaborn", "dask"}
    heavy = "{'arboreto', 'matplotlib', 'papermill', 'dask', 'torch'}"
    code = f"import sys, grnular_core; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_the_version_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert str(citation["version"]) == grnular_core.__version__
    assert metadata_of_package()["dynamic"] == ["version"]
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()


def test_licence_and_citation_name_the_same_licence():
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["license"] == "MIT" == metadata_of_package()["license"]
    for reference in citation["references"]:
        assert {"title", "authors", "year", "doi"} <= set(reference)


def test_the_ci_script_runs_lint_tests_and_book():
    script = ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(script)], check=True)
    lines = script.read_text().splitlines()
    assert "set -euo pipefail" in lines
    assert {"make lint", "make test", "make test-slow", "make book"} <= set(lines)


@pytest.mark.parametrize(
    ("name", "job", "rights", "runs"),
    [
        ("book", "publish", {"pages": "write", "id-token": "write"}, {"make test", "make book"}),
        ("release", "release", {"contents": "write"}, {"make book"}),
    ],
)
def test_public_workflows_have_least_rights_and_pinned_actions(name, job, rights, runs):
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())
    assert workflow["permissions"] == {"contents": "read"}
    jobs = workflow["jobs"]
    assert jobs[job]["permissions"] == rights
    steps = [step for job in jobs.values() for step in job["steps"]]
    for step in steps:
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"])
    assert runs <= {step.get("run") for step in steps}


def test_make_without_a_target_lists_the_targets():
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("book", "test", "test-slow", "lint", "paper", "verify", "clean"):
        assert f"make {target} " in done.stdout
