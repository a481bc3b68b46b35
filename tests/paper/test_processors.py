"""How far results move between vector instructions and numbers of threads."""

import numpy as np
import pandas as pd
import pytest
from grnular_paper import processors
from grnular_paper.__main__ import main
from grnular_paper.processors import CAPABILITIES, _largest_moves, moves, report

KEY = ("graph", "ridge")


def test_the_largest_move_is_over_all_combinations():
    found = [{KEY: (np.array([[0.0, 2.0]]) + shift, area)} for shift, area in ((0, 0.4), (0.2, 0.5), (-0.1, 0.45))]  # fmt: skip
    (row,) = _largest_moves(found).to_dict("records")
    assert (row["data"], row["method"]) == KEY
    assert row["scores"] == pytest.approx(0.3 / 2.2) and row["auprc"] == pytest.approx(0.25)
    still = _largest_moves([{KEY: (np.zeros((1, 2)), 0.4)}] * 2)
    assert (still[["scores", "auprc"]] == 0).all(axis=None)


@pytest.mark.parametrize(
    ("flags", "absent"),
    [("sse2 avx2 fma", ["AVX-512"]), ("neon", list(CAPABILITIES)), ("sse2 avx2 fma avx512f avx512dq avx512bw avx512vl", [])],
)  # fmt: skip
def test_what_a_machine_lacks_is_read_from_its_flags_and_not_tried(monkeypatch, flags, absent):
    monkeypatch.setattr(processors.Path, "read_text", lambda *a, **k: f"flags\t: {flags}\n")
    assert processors._lacking() == absent
    tried = []
    monkeypatch.setattr(processors, "_in_process", lambda *a: tried.append(a[:2]) or {KEY: (np.ones((1, 1)), 0.5)})
    moves(["ridge"])
    able = [name for name in CAPABILITIES if name not in absent] or [""]
    assert tried == [(name, threads) for name in able for threads in (1, 2)]


@pytest.mark.parametrize(("auprc", "code"), [(0.009, 0), (0.011, 1)])
def test_a_method_that_moves_by_one_percent_is_marked_and_no_success(monkeypatch, capsys, auprc, code):
    found = pd.DataFrame([("graph", "ridge", 0.0, auprc)], columns=["data", "method", "scores", "auprc"])
    monkeypatch.setattr(processors, "moves", lambda methods, n_cells, **how: found)
    assert ("MOVES" in report(found, 0.01)) == bool(code)
    assert bool(main(["processors"])) == bool(code)
    out, error = capsys.readouterr()
    assert "processor=" in out and ("ridge: moved by 1% or more" in error) == bool(code)


def test_an_unknown_method_is_refused(capsys):
    assert main(["processors", "rigde"]) == 2
    assert "unknown method 'rigde'" in capsys.readouterr().err


@pytest.mark.slow
def test_quick_methods_and_the_published_model_move_by_less_than_one_percent():
    found = moves(["correlation", "grnular", "grnular-untrained"], 60, real=False)
    assert list(found["method"]) == ["correlation", "grnular", "grnular-untrained"]
    assert found[["scores", "auprc"]].max(axis=None) < 0.01
    single = moves(["grnular"], 60, real=False, precision="single")
    assert single["scores"].item() > 0.01  # the check sees what it is for


def test_the_help_lists_all_commands(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0 and "ceilings" in capsys.readouterr().out
