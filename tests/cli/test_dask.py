"""Commands with repeated runs write the same files on a Dask cluster."""

from pathlib import Path

import pytest
from small_conditions import TFS, two_conditions

import grnular_core as gc
from grnular_core.cli.main import main
from grnular_core.utils.cluster import cluster

pytest_plugins = ("cli_folder",)


@pytest.fixture(scope="module")
def scheduler():
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as local:
        yield local.scheduler_address


@pytest.mark.slow
def test_bootstraps_and_decoys_are_those_of_one_machine(folder, scheduler):
    run = ["infer", "x.csv", "--tfs", "tfs.txt", "--method", "grnboost2", "--stability", "6", "--decoys", "6", "--jobs", "1"]
    assert main([*run, "-o", "here.csv"]) == main([*run, "-o", "there.csv", "--dask", scheduler]) == 0
    assert Path("here.csv").read_bytes() == Path("there.csv").read_bytes()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::grnular_core.InputWarning")
def test_groups_and_labelings_are_those_of_one_machine(scheduler):
    cells, _ = two_conditions(1, n_cells=120, off=True)
    options = {"tfs": TFS, "method": "grnboost2", "groupby": "condition"}
    compared = {**options, "a": "ctrl", "b": "stim", "n_permutations": 10}
    here = gc.infer(cells, **options), gc.compare(cells, **compared)
    with cluster(scheduler):
        there = gc.infer(cells, **options), gc.compare(cells, **compared)
    for one, other in zip(here, there, strict=True):
        assert one.equals(other) and one.iloc[:, 2].any()
