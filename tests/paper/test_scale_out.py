"""A grid on a Dask cluster: the same rows, none lost and none twice when a worker dies."""

from __future__ import annotations

import os
import signal
import time

import pytest
from grnular_paper.records import Record
from grnular_paper.scale_out import cluster
from grnular_paper.synthetic import run_missing_synthetic, synthetic_tasks

from grnular_core.utils.errors import InputError

SCORES = ["replicate", "method", "strict_auprc", "paper_auprc"]


def rows(folder, n_workers=1, address="", say=lambda line: None):
    wanted = synthetic_tasks(["clean"], ["correlation", "ridge"], range(12), n_cells=60)
    with cluster(address):
        assert not run_missing_synthetic(folder, wanted, say=say, n_workers=n_workers)
    return Record("clean", folder).rows()[SCORES]


def test_side_by_side_gives_the_same_rows(tmp_path):
    one, two = rows(tmp_path / "one"), rows(tmp_path / "two", n_workers=2)
    assert len(one) == 24
    assert one.equals(two)


def test_an_address_where_nobody_answers_is_refused(monkeypatch):
    from grnular_paper import scale_out

    monkeypatch.setattr(scale_out, "CONNECT_SECONDS", 1)
    with pytest.raises(InputError, match="no Dask scheduler answers at 'tcp://127.0.0.1:1'"):
        with cluster("tcp://127.0.0.1:1"):
            pass


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing_and_doubles_nothing(tmp_path):
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as local:
        victim = next(iter(local.workers.values())).pid
        seen = []

        def kill_after_three(line: str) -> None:
            seen.append(line)
            if len(seen) == 3:
                os.kill(victim, signal.SIGKILL)

        found = rows(tmp_path / "dask", -1, local.scheduler_address, kill_after_three)
        with pytest.raises(ProcessLookupError):
            for _ in range(100):
                os.kill(victim, 0)
                time.sleep(0.1)
    assert len(seen) == len(set(seen)) == 24
    assert found.equals(rows(tmp_path / "here"))
