"""Runtimes: what is timed, and that a time stands with its scores."""

import pytest
from grnular_paper import runtimes
from grnular_paper.records import Record
from grnular_paper.runs import run_missing

from grnular_core.methods.registry import METHODS, Inference
from grnular_core.simulation.simulate import preset, simulate


@pytest.fixture
def small(monkeypatch):
    """A small data set in place of DS3."""
    data = simulate(preset("clean", n_cells=80), 1)
    monkeypatch.setattr(runtimes, "replicate_of", lambda name, replicate, *sizes: data)


def test_the_papers_settings_are_those_under_its_table():
    config = runtimes.papers_config(500)
    assert (config.hidden, config.n_inner, config.n_unroll) == ((500,), 5, 15)
    assert (config.init_epochs, config.init_tolerance) == (400, 0.0)
    assert runtimes.HIDDEN == (200, 500, 1000)
    assert set(runtimes.METHODS) <= set(METHODS)


def test_rows_are_added_once_with_times_and_scores(small, tmp_path, monkeypatch):
    lines: list[str] = []
    wanted = runtimes.timings((8,), ("correlation", "clr"))
    assert run_missing(tmp_path, wanted, say=lines.append) == []
    rows = Record("runtimes", tmp_path).rows().set_index("method")
    assert set(rows.index) == {"forward: H1 = 8", "correlation", "clr"}
    assert (rows["seconds"] > 0).all() and rows["strict_auprc"].between(0.1, 1).all()
    assert rows.loc["forward: H1 = 8", "seconds"] > rows.loc["correlation", "seconds"]
    assert rows["device"].str.endswith("threads").all()
    lines.clear()
    run_missing(tmp_path, wanted, say=lines.append)
    assert not lines


@pytest.mark.parametrize(
    ("seconds", "counted"),
    [([9.0, 1.0, 3.0, 2.0, 2.5, 8.0], 2.5), ([9.0, 12.0, 1.0], 12.0)],
    ids=["quick: the median of five", "long: once"],
)
def test_a_time_is_taken_after_a_run_on_small_data(seconds, counted, monkeypatch):
    sizes, left = [], iter(seconds)

    def replicate(name, replicate, n_cells=90, n_types=5):
        return simulate(preset("clean", n_cells=n_cells, n_types=n_types), replicate)

    def infer(data):
        sizes.append(data.n_cells)
        return Inference(None, next(left), 0.0)

    monkeypatch.setattr(runtimes, "replicate_of", replicate)
    assert runtimes._median_run(infer, "with").seconds == counted
    assert sizes[0] == runtimes.WARM_UP[2] and set(sizes[1:]) == {90}
