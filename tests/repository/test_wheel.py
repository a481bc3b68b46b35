"""The wheel that pip builds of a checkout: complete, and enough to run the command from any folder."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import pytest
from conftest import linear_network
from test_layout import ROOT, project_files

pytestmark = pytest.mark.slow


def pip(*words: str, cwd: Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", *words]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    if find_spec("setuptools") is None or find_spec("pip") is None:
        pytest.skip("building a wheel takes pip and setuptools in this environment")
    source, built = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for path in project_files():  # a copy: pip leaves folders in what it builds
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    # without isolation setuptools is that of this environment: nothing is fetched
    pip("wheel", ".", "--no-deps", "--no-build-isolation", "-w", str(built), cwd=source)
    (found,) = built.glob("grnular_core-*.whl")
    return found


def test_it_has_all_code_and_data_and_nothing_else(wheel):
    names = set(ZipFile(wheel).namelist())
    places = {"grnular_core": ROOT, "grnular_paper": ROOT / "notebooks"}
    wanted = {
        path.relative_to(place).as_posix()
        for package, place in places.items()
        for path in project_files()
        if path.is_relative_to(place / package) and path.suffix != ".md"
    }
    assert {name for name in names if ".dist-info/" not in name} == wanted
    endings = {Path(name).suffix for name in wanted}
    assert {".py", ".tsv", ".safetensors", ".json"} <= endings


def test_the_command_runs_from_another_folder(wheel, tmp_path):
    target, elsewhere = tmp_path / "environment", tmp_path / "else where"
    elsewhere.mkdir()
    pip("install", "--no-deps", "--no-index", "--target", str(target), str(wheel), cwd=tmp_path)
    expression, tfs, _ = linear_network(n_genes=16)
    expression.to_csv(elsewhere / "cells.csv")
    (elsewhere / "tfs.txt").write_text("\n".join(tfs))
    # the package of the wheel alone, above its requirements in this environment
    clean = {"PYTHONPATH": str(target), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}

    def run(*words: str) -> str:
        done = subprocess.run(words, cwd=elsewhere, env=clean, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    grnular = str(target / "bin" / "grnular")
    place = run(sys.executable, "-c", "import grnular_core; print(grnular_core.__file__)")
    assert Path(place.strip()).is_relative_to(target)
    assert "usage: grnular " in run(grnular, "--help")
    for method in ("ridge", "grnular-cells"):  # one takes shipped weights
        more = ["--method", method, "--also", "report", "-o", "edges.csv"]
        run(grnular, "infer", "cells.csv", "--tfs", "tfs.txt", *more)
        edges = pd.read_csv(elsewhere / "edges.csv")
        assert list(edges) == ["regulator", "target", "weight", "sign", "rank"] and len(edges) > 20
    assert "TFs" in run(grnular, "download")  # the registry, a table of the package
