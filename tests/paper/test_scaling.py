"""Sweeps of sizes: what is run next, and what is said of those left out."""

import pandas as pd
from bench_scale import next_size
from grnular_paper.figures.curves import scaling_figure
from grnular_paper.records import COLUMNS as RECORD_COLUMNS
from grnular_paper.records import Record
from grnular_paper.scaling import COLUMNS, METHODS, PATIENCE, SWEEPS
from grnular_paper.tables import runtimes
from hypothesis import given, settings
from hypothesis import strategies as st


def table(*runs: tuple[str, str, int, float]) -> pd.DataFrame:
    """Runs of (sweep, method, place in the sweep, seconds)."""
    rows = []
    for sweep, method, place, seconds in runs:
        size = SWEEPS[sweep][1][place]
        rows.append({"sweep": sweep, "method": method, **size._asdict(), "seconds": seconds, "peak_gb": 1.0})
    return pd.DataFrame(rows, columns=list(COLUMNS))


@given(
    sweep=st.sampled_from(sorted(SWEEPS)),
    method=st.sampled_from(METHODS),
    seconds=st.lists(st.floats(0.1, 2 * PATIENCE), min_size=10, max_size=10),
)
@settings(max_examples=50, deadline=None)
def test_a_sweep_ends_at_its_last_size_or_at_the_first_slow_run(sweep, method, seconds):
    runs, sizes = [], SWEEPS[sweep][1]
    while size := next_size(table(*runs), sweep, method):
        runs.append((sweep, method, sizes.index(size), seconds[len(runs)]))
    taken = [run[3] for run in runs]
    assert [run[2] for run in runs] == list(range(len(runs)))
    assert all(s <= PATIENCE for s in taken[:-1])
    assert taken[-1] > PATIENCE or len(runs) == len(sizes)
    end = runtimes.ends(table(*runs)).iloc[0]
    assert (end["left out"] == "nothing") == (len(runs) == len(sizes))
    assert end["up to"] == f"{getattr(sizes[len(runs) - 1], sweep):,}"


def test_each_sweep_grows_in_what_it_is_named_for():
    for sweep, (_, sizes) in SWEEPS.items():
        values = [getattr(size, sweep) for size in sizes]
        assert values == sorted(set(values))
    assert max(SWEEPS["genes"][1]) == (20000, 1500, 20000)


def test_the_figure_has_a_curve_for_every_method_that_ran():
    drawn = scaling_figure(table(("cells", "grnular-context", 0, 1.0), ("cells", "grnular-context", 1, 2.0)))
    curves = [len(line.get_xdata()) for ax in drawn.axes for line in ax.lines]
    assert sum(curves) == 4  # two runs, in seconds and in memory
    assert len(drawn.axes) == 2 * len(SWEEPS)


def test_two_methods_are_compared_on_the_data_sets_that_both_have(tmp_path):
    record = Record("beeline", tmp_path)
    times = {("mESC", "grnular-context"): 2.0, ("mESC", "slow"): 300.0, ("mDC", "slow"): 50.0}
    for network, factor in (("STRING", 1.0), ("Non-Specific-ChIP-seq", 3.0)):
        for (dataset, method), seconds in times.items():
            row = dict.fromkeys(RECORD_COLUMNS)
            row |= {"experiment": "beeline", "dataset": dataset, "network": network, "method": method}
            row |= {"seed": 0, "replicate": 0, "cpu_seconds": seconds * factor, "genes": "TFs+500"}
            record.add([row])
    assert runtimes.against(tmp_path, "slow").to_dict() == {"mESC": 150.0}
