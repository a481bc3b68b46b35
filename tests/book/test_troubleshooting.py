"""The messages that pages quote are those that are printed."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import build
import execute
import numpy as np
import pandas as pd
import pytest
from grnular_paper import environments
from grnular_paper import records as results
from grnular_paper.__main__ import main as paper_main
from grnular_paper.params import Parameters, Whole

from grnular_core.cli.main import main
from grnular_core.data.downloads import DownloadError, fetch
from grnular_core.data.registry import registry
from grnular_core.methods import resources as memory
from grnular_core.training.checkpoints import load_checkpoint
from grnular_core.training.recipes import Recipe
from grnular_core.training.train import train
from grnular_core.utils.device import resolve_device
from grnular_core.utils.errors import InputError
from grnular_core.utils.files import WriteError

ROOT = Path(__file__).resolve().parents[2]
PAGES = "\n".join((ROOT / "book" / name).read_text(encoding="utf-8") for name in ("troubleshooting.md", "reproduce.md"))
QUOTES = re.findall(r"^> `(.*)`$", PAGES, re.MULTILINE)
TINY = Recipe(train=(("clean", 1),), valid=(("clean", 1),), epochs=2)


def quoted(message: str, start: str) -> bool:
    """Whether the quotation that starts so was said; its dots stand for anything."""
    (quote,) = [quote for quote in QUOTES if quote.lstrip("… ").startswith(start)]
    pattern = ".*".join(re.escape(piece.strip()) for piece in quote.split("…"))
    return re.search(pattern, " ".join(message.split())) is not None


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A small table of counts, a list of TFs, in the working directory."""
    counts = np.random.default_rng(0).poisson(3, (30, 12))
    table = pd.DataFrame(counts, [f"c{i}" for i in range(30)], [f"Gene{i}" for i in range(12)])
    table.to_csv(tmp_path / "expression.csv")
    (tmp_path / "tfs.txt").write_text("Gene0\nGene2")
    monkeypatch.chdir(tmp_path)
    return table


def infer(capsys, *words: str) -> str:
    assert main(["infer", "expression.csv", "-o", "edges.csv", *words]) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "start"),
    [
        (("--tfs", "tfs.txt", "--method", "grnbost2"), "unknown method"),
        (("--tfs", "tfs.txt", "--method", "ridge", "--weights", "grnular-context"), "the method ridge"),
    ],
)
def test_what_infer_says_of_names(folder, capsys, words, start):
    assert quoted(infer(capsys, *words), start)


def test_what_infer_says_of_lists_and_networks(folder, capsys):
    Path("one_line.txt").write_text("Gene0,Gene4\n")
    assert quoted(infer(capsys, "--tfs", "one_line.txt"), "one_line.txt has a line")
    (folder + 1).rename(columns={"Gene0": "GATA1", "Gene1": "SPI1", "Gene2": "TAL1"}).to_csv(
        "numbers.csv", index_label="gene"
    )
    assert quoted(infer(capsys, "--tfs", "numbers.csv"), "numbers.csv has numbers")
    os.mkfifo("pipe")
    assert quoted(infer(capsys, "--tfs", "pipe"), "is a pipe or device")
    Path("pairs.csv").write_text("Gene1,Gene2,Edge\nGene0,Gene1,1\nGene0,Gene2,0\n")
    assert quoted(infer(capsys, "--tfs", "tfs.txt", "--truth", "pairs.csv"), "pairs.csv: column 3")
    Path("turned.csv").write_text("TF,target\nGene1,Gene0\n")
    words = ("--tfs", "tfs.txt", "--truth", "turned.csv")
    assert quoted(infer(capsys, *words), "none of the 1 true edges")
    folder.assign(**{"Unnamed: 0": range(30)}).to_csv("expression.csv")
    assert quoted(infer(capsys, "--tfs", "tfs.txt"), "expression.csv holds Unnamed")


def test_what_simulate_and_verify_say(folder, capsys):
    assert main(["simulate", "clean", "--genes", "20", "--cells", "20", "-o", "made"]) == 0
    Path("made/notes.md").touch()
    assert main(["simulate", "clean", "--force", "-o", "made"]) == 2
    assert quoted(capsys.readouterr().err, "--out made holds files")
    Path("empty").mkdir()
    assert paper_main(["verify", "--recorded", "empty"]) == 2
    assert quoted(capsys.readouterr().err, "nothing was compared")


def test_what_a_run_says_without_memory_or_gpu(folder, capsys, monkeypatch):
    monkeypatch.setattr(memory, "machine_bytes", lambda: 1000)
    with pytest.raises(InputError) as error:
        memory.check_memory(1000, 1000, 100)
    assert quoted(str(error.value), "1000 cells, 1000 genes")
    monkeypatch.undo()
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    with pytest.raises(InputError) as error:
        resolve_device("cuda")
    assert quoted(str(error.value), "device 'cuda'")


def test_what_downloads_say(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("GRNULAR_DATA", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    key = "tf_lists/lambert2018.txt"
    assert key in registry()
    with pytest.raises(DownloadError) as error:
        fetch(key)
    assert quoted(str(error.value), "cannot download")
    (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / key).write_text("something else")
    with pytest.raises(DownloadError) as error:
        fetch(key)
    assert quoted(str(error.value), "holds other bytes")
    assert main(["download", "beeline/nothing"]) == 2
    assert quoted(capsys.readouterr().err, "no file of the registry")


def test_what_a_stopped_training_says(tmp_path):
    path, message = tmp_path / "training.safetensors", []

    def stop(line: str) -> None:
        message.append(line)
        if line.startswith("epoch 2"):  # the checkpoint of epoch 1 is written by then
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(TINY, checkpoint=path, n_jobs=1, say=stop)
    message.clear()
    train(TINY, checkpoint=path, n_jobs=1, say=message.append)
    assert quoted("\n".join(message), "going on after")
    other = Recipe(train=(("clean", 1),), valid=(("clean", 1),), epochs=2, lr=0.5)
    with pytest.raises(InputError) as error:
        load_checkpoint(path, other, other.new_model(), None)
    assert quoted(str(error.value), "was written by")


def test_what_a_locked_record_says(tmp_path, monkeypatch):
    monkeypatch.setattr(environments, "LOCK_SECONDS", 0.05)
    record = results.Record("clean", tmp_path)
    row = dict.fromkeys(results.COLUMNS, 0) | {"experiment": "clean"}
    code = (
        "import sys, time; from filelock import FileLock\n"
        "with FileLock(sys.argv[1]): print('held', flush=True); time.sleep(30)"
    )
    lock = str(tmp_path / ".clean.csv.lock")
    with subprocess.Popen([sys.executable, "-c", code, lock], stdout=subprocess.PIPE) as other:
        assert other.stdout.readline()
        with pytest.raises(WriteError) as error:
            record.add([row])
        other.kill()
    assert quoted(str(error.value), "has been locked")


def test_what_notebooks_and_the_book_say(tmp_path, monkeypatch):
    names: dict[str, object] = {}
    parameters = Parameters(names, seed=Whole(0))
    names |= {"seeed": 1, "seed": 1}
    with pytest.raises(InputError) as error:
        parameters.check(names)
    assert quoted(str(error.value), "this notebook cannot") and quoted(
        str(error.value), "unknown parameter"
    )
    with pytest.raises(execute.BuildError) as error:
        execute.check_parameters({"two": {}}, [], "notebooks/params/quick")
    assert quoted(str(error.value), "there is no")
    with pytest.raises(execute.BuildError) as error:
        build.select(["99"])
    assert quoted(str(error.value), "no notebook starts")
    monkeypatch.setattr(execute, "BUILD", ROOT / "nowhere")
    with pytest.raises(execute.BuildError) as error:
        execute.read_record("quick")
    assert quoted(str(error.value), "record.json is missing")


def test_what_make_says_without_python_or_network():
    makefile = re.sub(r'" \\\n\t"', " ", (ROOT / "Makefile").read_text()).replace("  ", " ")
    assert quoted(makefile, "GRNULar needs Python")
    assert quoted((ROOT / "book" / "environment.py").read_text(), "pip could not install")
    script = re.sub(r'"\s*"', "", (ROOT / "book" / "environment.py").read_text())
    assert quoted(script, "A package that was offered")


def test_every_quotation_is_looked_at():
    tree = ast.parse(Path(__file__).read_text(encoding="utf-8"))
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    starts = [text for text in texts if isinstance(text, str) and len(text) > 8]
    for quote in QUOTES:
        assert any(quote.lstrip("… ").startswith(start) for start in starts), quote
