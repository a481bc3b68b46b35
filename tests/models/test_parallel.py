"""Graphs in parts: the same result whatever the parts and threads, settings left as found."""

import os
import subprocess
import sys
from contextlib import nullcontext
from typing import NamedTuple

import pytest
import torch

from grnular_core.models import parallel
from grnular_core.models.parallel import _parts_of, over_blocks, over_graphs


class Pair(NamedTuple):
    first: torch.Tensor
    rest: tuple


def tree(n: int) -> Pair:
    return Pair(torch.arange(n), (torch.arange(n) * 2.0, Pair(torch.ones(n, 2), ())))


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_parts_cover_every_graph_once_and_fit_in_cache():
    parts = _parts_of(torch.zeros(1, 1, 1).expand(23, 500, 100))
    assert [i for part in parts for i in range(23)[part]] == list(range(23))
    assert len(range(23)[parts[0]]) * 500 * 100 <= parallel.PART
    assert len(_parts_of(torch.zeros(1, 1, 1).expand(3, 3000, 2000))) == 3
    assert _parts_of(torch.zeros(0, 5, 5)) == [slice(0, 0)]


@pytest.mark.parametrize("part", [1, 40, 10**9])
def test_results_come_in_the_order_of_the_graphs(part, two_threads, monkeypatch):
    monkeypatch.setattr(parallel, "PART", part)
    X = torch.arange(12.0).reshape(6, 2, 1).expand(6, 2, 10)

    def job(X: torch.Tensor, pair: Pair) -> Pair:
        return pair._replace(first=X.sum((1, 2)) + pair.first)

    whole = tree(6)
    result = over_graphs(job, 1, X, whole)
    assert isinstance(result, Pair) and isinstance(result.rest[1], Pair)
    assert torch.equal(result.first, X.sum((1, 2)) + whole.first)
    assert torch.equal(result.rest[0], whole.rest[0])


@pytest.mark.parametrize("fails", [False, True])
def test_jobs_have_one_thread_no_gradients_and_leave_the_setting(fails, two_threads, monkeypatch):
    monkeypatch.setattr(parallel, "PART", 1)
    seen = []

    def job(X: torch.Tensor) -> torch.Tensor:
        seen.append((torch.get_num_threads(), torch.is_grad_enabled()))
        if fails:
            raise ValueError("no")
        return X

    with pytest.raises(ValueError, match="no") if fails else nullcontext():
        over_graphs(job, 1, torch.zeros(6, 2, 2))
    assert torch.get_num_threads() == 2 and torch.is_grad_enabled()
    assert set(seen) == {(1, False)} and (fails or len(seen) == 6)


@pytest.mark.parametrize("grad", [False, True])
def test_blocks_come_in_order_from_one_thread_each_unless_gradients_are_asked_for(grad, two_threads):
    def job(i: int) -> tuple[int, int, bool]:
        return i, torch.get_num_threads(), torch.is_grad_enabled()

    with torch.set_grad_enabled(grad):
        found = list(over_blocks(job, 5, torch.device("cpu")))
    assert found == [(i, 2 if grad else 1, grad) for i in range(5)]
    assert torch.get_num_threads() == 2
    assert list(over_blocks(job, 0, torch.device("cpu"))) == []


@pytest.mark.parametrize("graphs, work, threads", [(1, 11, 2), (1, 9, 1), (2, 11, 1)])
def test_a_few_large_graphs_take_turns_with_all_threads(
    graphs, work, threads, two_threads, monkeypatch
):
    monkeypatch.setattr(parallel, "LARGE", 10)
    monkeypatch.setattr(parallel, "PART", 1)
    seen = []
    over_graphs(
        lambda X: seen.append(torch.get_num_threads()) or X, work, torch.zeros(graphs, 4, 4)
    )
    assert seen == [threads] * graphs


@pytest.mark.parametrize(("given", "expected"), [(None, "10000"), ("7", "7")])
def test_threads_spin_no_longer_than_pays_unless_the_user_says_otherwise(given, expected):
    environment = {k: v for k, v in os.environ.items() if k != "GOMP_SPINCOUNT"}
    environment |= {} if given is None else {"GOMP_SPINCOUNT": given}
    program = (
        "import grnular_core, os, sys; print(os.environ['GOMP_SPINCOUNT'], 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True)
    assert done.stdout.decode().split() == [expected, "False"], done.stderr
