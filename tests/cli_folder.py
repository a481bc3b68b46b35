"""Fixtures: a folder of its own for each run of the command line."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cli_runs import EDGES, TRUTH
from small_data import small_table, write_tfs


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own working directory with an expression table and a TF list."""
    small_table().to_csv(tmp_path / "x.csv")
    write_tfs(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def scored(folder: Path) -> Path:
    """Four genes, four edges and three true ones, small enough to score by hand."""
    values = np.arange(12.0).reshape(3, 4) ** 2
    pd.DataFrame(values, columns=list("ABCD")).to_csv(folder / "abcd.csv")
    (folder / "edges.csv").write_text(EDGES)
    (folder / "truth.csv").write_text(TRUTH)
    (folder / "ab.txt").write_text("A\nB\n")
    return folder
