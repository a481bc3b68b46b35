"""Environments are written once, and rows name them."""

from __future__ import annotations

import pytest
from grnular_paper import environments
from grnular_paper.records import Record
from test_results import row

from grnular_core.utils.errors import InputError


def test_what_was_written_comes_back_and_stands_once(tmp_path):
    environments.remember(tmp_path, {"python=3.11 torch=2", "python=3.12, torch=2", ""})
    environments.remember(tmp_path, {"python=3.11 torch=2"})
    assert sorted(environments.known(tmp_path).values()) == [
        "python=3.11 torch=2",
        "python=3.12, torch=2",
    ]
    assert len((tmp_path / environments.FILE).read_text().splitlines()) == 3


def test_nothing_to_remember_writes_nothing(tmp_path):
    environments.remember(tmp_path, {""})
    assert not (tmp_path / environments.FILE).exists()
    assert environments.known(tmp_path) == {}


@pytest.mark.parametrize("text", ["", "a,b\n", "environment,text\n01234567,python=3.11\n"])
def test_a_damaged_file_is_refused(tmp_path, text):
    (tmp_path / environments.FILE).write_text(text)
    with pytest.raises(InputError, match="restore it"):
        environments.known(tmp_path)


def test_rows_of_another_machine_keep_their_environment(tmp_path):
    record = Record("beeline", tmp_path)
    record.add([row(environment="python=3.13 torch=9"), row(seed=1)])
    first, second = record.rows()["environment"]
    assert first == "python=3.13 torch=9" and second != first
    assert "torch" not in record.path.read_text()


def test_a_row_whose_environment_is_lost_is_refused(tmp_path):
    record = Record("beeline", tmp_path)
    record.add([row()])
    (tmp_path / environments.FILE).unlink()
    with pytest.raises(InputError, match=r"environments\.csv"):
        record.rows()
