"""The grids: the paper's points, the planned numbers of graphs, and where recorded rows are drawn."""

import pytest
from grnular_paper import grids
from grnular_paper.records import Record
from grnular_paper.runs import run_missing


def test_points_are_the_papers():
    clean, noisy, ds = (grids.points(name) for name in ("clean", "noisy", "ds"))
    assert [(p.n_cells, p.n_types) for p in clean] == [
        (m, c) for c in (2, 5, 10) for m in (100, 500, 1000, 5000, 10000)
    ]
    assert {p.preset for p in noisy} == {"noisy(25)", "noisy(50)", "noisy(75)"}
    assert len(noisy) == 15 and all(p.n_types == 5 for p in noisy)
    assert [p.preset for p in ds] == ["DS1", "DS2", "DS3"]


@pytest.mark.parametrize("experiment", ["clean", "noisy", "ds"])
def test_every_run_is_planned_once_and_quick_ones_come_first(experiment):
    tasks = grids.full_tasks(experiment)
    assert len(set(tasks)) == len(tasks)
    slow = [task.method in grids.SLOW for task in tasks]
    assert slow == sorted(slow)
    data = [(t.preset, t.n_cells, t.n_types, t.replicate) for t in tasks if t.method not in grids.SLOW]
    changes = sum(a != b for a, b in zip(data, data[1:], strict=False))
    assert changes + 1 == len(set(data))  # quick methods of one data set follow each other
    assert all(t.experiment == experiment for t in tasks)


def test_rows_are_those_of_the_grid_with_their_place(tmp_path, monkeypatch):
    monkeypatch.setattr(grids, "CELLS", (60, 80))
    wanted = [
        grids.Point("clean", cells, types).task(method, replicate)
        for cells, types, method in [(60, 2, "clr"), (80, 5, "clr"), (70, 5, "clr"), (60, 5, "degree")]
        for replicate in range(2)
    ]  # neither 70 cells nor the control belong to the grid
    assert not run_missing(tmp_path, wanted, say=lambda line: None)
    assert len(Record("clean", tmp_path).rows()) == 8
    monkeypatch.setattr(grids.points, "__defaults__", ((60, 80), (2, 5), (25,)))
    found = grids.rows("clean", tmp_path)
    assert found[["panel", "place", "point"]].drop_duplicates().to_numpy().tolist() == [
        [2, 60, "C = 2, M = 60"],
        [5, 80, "C = 5, M = 80"],
    ]
    left = grids.missing("clean", tmp_path)
    clr = left[left["method"] == "clr"].set_index(["cells", "cell_types"])
    assert clr.loc[("60", "2"), "rows"] == 2 and clr.loc[("60", "2"), "planned"] == 50
    assert clr.loc[("80", "2"), "rows"] == 0


def test_no_record_has_no_rows_and_misses_everything(tmp_path):
    for experiment in grids.N_GRAPHS:
        assert grids.rows(experiment, tmp_path).empty
        assert len(grids.missing(experiment, tmp_path)) > 20
