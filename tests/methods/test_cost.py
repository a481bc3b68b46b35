"""What is said about time and memory before a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from grnular_core.cli.main import main
from grnular_core.methods import cost, memory
from grnular_core.methods.cost import (
    START,
    expected_seconds,
    measured_rate,
    seconds,
    shipped_config,
    spelled_time,
)
from grnular_core.methods.memory import needed_bytes
from grnular_core.methods.registry import infer
from grnular_core.models.cost import Stages, operations
from grnular_core.models.grnular import GRNULarConfig
from grnular_core.utils import device as machine_memory
from grnular_core.utils.errors import InputError

FULL = (20_000, 20_000, 1_500)


def test_the_full_size_fits_two_cores_and_24_gb():
    n_values = 20_000 * 2_000  # a tenth of the values is not 0
    assert 5e9 < needed_bytes(*FULL, "grnular-context", n_values) < 12e9
    assert needed_bytes(*FULL, "grnular-context") < 24e9  # also where nothing is 0
    assert 300 < seconds(*FULL, rate=1.5e11) < 3_600  # a core of 150 GFLOP/s


def test_methods_over_all_pairs_of_genes_do_not_fit():
    for name in ("glad", "glad-tf", "glasso"):
        assert needed_bytes(*FULL, name) > 100e9


def test_both_grow_with_every_size_and_time_falls_with_the_rate():
    for axis in range(3):
        larger = tuple(2 * n if i == axis else n for i, n in enumerate(FULL))
        assert needed_bytes(*larger, "grnular-context") > needed_bytes(*FULL, "grnular-context")
        assert needed_bytes(*larger, "grnular-context", 10**8) >= needed_bytes(*FULL, "grnular-context", 10**8)
        assert seconds(*larger, 1e11) > seconds(*FULL, 1e11)
    assert needed_bytes(*FULL, "grnular-context", 10**8) > needed_bytes(*FULL, "grnular-context", 10**7)
    assert seconds(*FULL, 2e11) == pytest.approx(seconds(*FULL, 1e11) / 2)


def test_time_follows_the_configuration():
    config = GRNULarConfig(rho="context", n_unroll=2)
    longer = GRNULarConfig(rho="context", n_unroll=4)
    assert operations(*FULL, longer)["cells"] == 2 * operations(*FULL, config)["cells"]
    assert operations(*FULL, GRNULarConfig())["views"] < operations(*FULL, config)["views"] / 5
    assert shipped_config().rho == "context" and shipped_config("glad-clean") is None


def test_only_large_data_and_models_that_take_them_a_block_at_a_time_have_an_estimate(monkeypatch):
    monkeypatch.setattr(cost, "measured_rate", lambda: 1e11)
    assert expected_seconds(1_000, 100, 10, "grnular-context") is None
    assert expected_seconds(*FULL, "correlation") is None
    assert expected_seconds(*FULL, "grnular-context") == seconds(*FULL, 1e11) + START
    assert expected_seconds(*FULL, "grnular") > 0
    untrained = expected_seconds(*FULL, "grnular-untrained")
    assert untrained == seconds(*FULL, 1e11, GRNULarConfig()) + START


def test_the_rate_of_this_machine_is_one_of_a_machine():
    assert 1e8 < measured_rate(256, 1) < 1e14


def test_times_read_well():
    assert spelled_time(42.3) == "about 42 s on the CPU"
    assert spelled_time(900) == "about 15 minutes on the CPU"


def test_stages_follow_each_other_by_their_shares_of_the_work():
    heard = []
    config = GRNULarConfig(rho="context")
    stages = Stages(lambda done, total: heard.append(done / total), config, *FULL)
    parts = operations(*FULL, config)
    edges = parts.pop("edges")
    assert edges > 0  # of the table, which is made later
    for name in parts:
        for half in (0.0, 0.5):
            done = stages.part(name, half, half + 0.5)
            done(0.0)
            done(1.0)
    assert heard == sorted(heard) and heard[0] == 0 and heard[-1] == 1
    assert stages.spans["cells"][0] == pytest.approx(1 - parts["cells"] / sum(parts.values()))
    Stages(None, config, *FULL).part("init")(0.3)  # nobody listens


def test_data_that_the_memory_does_not_hold_are_refused_before_any_work(small_data, monkeypatch):
    monkeypatch.setattr(memory, "machine_bytes", lambda: 3_000)
    with pytest.raises(InputError, match="keep fewer genes"):
        infer(small_data, "grnular-context")


def test_the_command_says_how_long_large_data_take(tmp_path, monkeypatch, capsys, small_data):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(machine_memory, "LARGE_PAIRS", 10)
    monkeypatch.setattr(cost, "measured_rate", lambda: 1e12)
    small_data.adata.to_df().to_csv("expression.csv")
    Path("tfs.txt").write_text("\n".join(small_data.tfs))
    assert main(["infer", "expression.csv", "--tfs", "tfs.txt", "-o", "edges.csv"]) == 0
    assert "of memory, about 3 s on the CPU" in capsys.readouterr().err
    assert Path("edges.csv").exists()
