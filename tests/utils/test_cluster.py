"""Repeated runs: in order, on this machine or on a cluster, with the same numbers, whoever dies."""

import os
import signal
import sys
import time

import joblib
import pytest

from grnular_core.utils import cluster as module
from grnular_core.utils.cluster import cluster, repeated
from grnular_core.utils.errors import InputError


def squared(number: int, more: int) -> int:
    return number**2 + more


def of_a_worker(number: int) -> tuple[int, int]:
    time.sleep(0.2)
    return number, os.getpid()


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_results_come_in_order_with_progress(n_jobs):
    heard = []
    with joblib.parallel_config("threading", n_jobs=n_jobs):
        found = list(repeated(squared, 6, 1, progress=lambda done, n: heard.append((done, n))))
    assert found == [1, 2, 5, 10, 17, 26] and heard == [(i, 6) for i in range(7)]


def test_without_a_cluster_runs_stay_in_this_process():
    with cluster():
        assert {pid for _, pid in repeated(of_a_worker, 2)} == {os.getpid()}
    assert list(repeated(squared, 0, 1)) == []


def test_an_address_where_nobody_answers_is_refused(monkeypatch):
    monkeypatch.setattr(module, "CONNECT_SECONDS", 1)
    with pytest.raises(InputError, match="no Dask scheduler answers at 'tcp://127.0.0.1:1'"):
        with cluster("tcp://127.0.0.1:1"):
            pass


def test_without_distributed_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install distributed, or the extra \[dask\]"):
        with cluster("tcp://127.0.0.1:1"):
            pass


@pytest.mark.slow
def test_a_killed_worker_loses_no_run():
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as local:
        victim = next(iter(local.workers.values())).pid
        found = []
        with cluster(local.scheduler_address):
            for result in repeated(of_a_worker, 20):
                found.append(result)
                if len(found) == 3:
                    os.kill(victim, signal.SIGKILL)
    assert [number for number, _ in found] == list(range(20))
    assert os.getpid() not in {pid for _, pid in found} and len({pid for _, pid in found}) >= 2
