"""The command `verify`: refuses what it cannot do, and a check that looked at nothing is no success."""

from __future__ import annotations

import pytest
from grnular_paper.__main__ import main


@pytest.mark.parametrize("budget", ["-1", "0", "nan", "inf", "soon"])
def test_verify_takes_a_budget_that_can_be_spent(budget, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["verify", "--budget", budget])
    assert caught.value.code == 2
    assert f"number of seconds above 0 value: '{budget}'" in capsys.readouterr().err


def test_verify_that_compares_nothing_is_no_success(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "x.csv").touch()
    for recorded, said in (
        ("typo", "--recorded typo is no folder; expected one with the tables"),
        ("x.csv", "--recorded x.csv is no folder"),
        (
            "empty",
            "nothing was compared: no row of empty could be recomputed in 60 s; raise --budget",
        ),
    ):
        assert main(["verify", "--recorded", recorded]) == 2
        assert said in capsys.readouterr().err
