"""Data and weights are only ever data: nothing in them runs, and notebooks write where they are told."""

import ast
import hashlib
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from malformed import good_files

from grnular_core.cli.main import main

h5py = pytest.importorskip("h5py")  # comes with anndata

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(p for d in ("grnular_core", "notebooks", "book") for p in (ROOT / d).rglob("*.py"))
NO_CODE = {"pickle", "dill", "cloudpickle", "shelve", "marshal"}
NO_CALL = {
    "eval", "exec", "compile", "__import__", "torch.load", "joblib.load", "pd.read_pickle", "yaml.load",
    "yaml.unsafe_load", "os.system", "tarfile.open", "shutil.unpack_archive",
}  # fmt: skip


class Trap:
    """Unpickling it makes the file ``sprung``."""

    def __reduce__(self) -> tuple:
        return Path.touch, (Path("sprung"),)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    good_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_source_can_run_what_it_reads(path):
    """No pickle, no evaluation of text, no unpacking of whole archives, no shell."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            assert not NO_CODE & {name.split(".")[0] for name in names}
    for call in calls(tree):
        called = ast.unparse(call.func)
        assert called not in NO_CALL and not called.endswith(".extractall"), called
        options = {word.arg: ast.unparse(word.value) for word in call.keywords}
        assert options.get("shell", "False") == "False"
        assert options.get("allow_pickle", "False") == "False"
        if called == "np.load":
            assert options["allow_pickle"] == "False"


def spoil(path: Path, place: str) -> None:
    """Put a pickle where ``place`` of an h5ad file has its values."""
    with h5py.File(path, "r+") as file:
        del file[place]
        data = np.frombuffer(pickle.dumps(Trap()), dtype=np.uint8)
        file.create_dataset(place, data=np.void(data.tobytes()))
        file[place].attrs.update({"encoding-type": "pickle", "encoding-version": "0.1.0"})


@pytest.mark.parametrize("place", ["X", "obs", "var", "uns"])
def test_a_pickle_inside_of_an_h5ad_file_is_not_opened(folder, capsys, place):
    spoil(folder / "good.h5ad", place)
    code = main(["infer", "good.h5ad", "--tfs", "tfs.txt", "--method", "clr", "-o", "out.csv"])
    err = capsys.readouterr().err
    assert code == 2 and "good.h5ad" in err and "Traceback" not in err
    assert not (folder / "sprung").exists() and not (folder / "out.csv").exists()


@pytest.mark.parametrize("name", ["x.csv", "tfs.txt", "x.npz", "x.h5ad", "w.safetensors"])
def test_a_pickle_under_any_name_is_not_opened(folder, capsys, name):
    (folder / name).write_bytes(pickle.dumps(Trap()))
    (folder / "w.json").write_text("{}")
    expression = name if name.startswith("x.") else "x.csv"
    words = ["infer", expression, "--tfs", "tfs.txt", "--weights", "w.safetensors", "-o", "out.csv"]
    if name != "w.safetensors":
        words[4:6] = ["--method", "clr"]
    assert main(words) == 2
    assert "Traceback" not in capsys.readouterr().err and not (folder / "sprung").exists()


def state(folder: Path) -> dict[str, str]:
    """Digests of all files that git or a reader would see; caches of Python are no result."""
    skip = {".git", ".venv", "_build", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis"}
    found = {}
    for place, folders, files in os.walk(folder):
        folders[:] = [
            name for name in folders if name not in skip and not name.endswith(".egg-info")
        ]
        for name in files:
            path = Path(place) / name
            found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@pytest.mark.slow
def test_a_notebook_writes_its_output_and_nothing_else(tmp_path):
    """From the notebooks' folder, where a careless relative path would land in the tree."""
    before, out = state(ROOT), tmp_path / "out" / "out.ipynb"
    out.parent.mkdir()
    words = [
        "notebooks/08_metric_pitfalls.ipynb",
        str(out),
        "--cwd",
        "notebooks",
        "--no-progress-bar",
    ]
    small = ["-p", "n_random", "4", "-p", "n_orders", "20"]
    environment = {
        **os.environ,
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "MPLCONFIGDIR": str(tmp_path / "mpl"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "papermill", *words, *small],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert state(ROOT) == before
    assert os.listdir(out.parent) == ["out.ipynb"]
