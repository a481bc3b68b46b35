"""Parts of a long run on disk: whole or missing, and nothing in them is executed."""

from pathlib import Path

import numpy as np
import pytest

from grnular_core.utils.chunks import PartStore

BLOCK = np.random.default_rng(0).random((3, 40))


@pytest.fixture
def store(tmp_path: Path) -> PartStore:
    store = PartStore(tmp_path, "run")
    store.save(0, BLOCK, 1.5)
    return store


def test_a_part_comes_back_as_it_was_saved(store):
    block, cpu_seconds = store.find(0)
    assert np.array_equal(block, BLOCK) and cpu_seconds == 1.5
    assert store.find(1) is None


@pytest.mark.parametrize(
    "damaged",
    [
        lambda b: b"",
        lambda b: b[:100],
        lambda b: b[:-30],
        lambda b: b[:300] + bytes([b[300] ^ 1]) + b[301:],
    ],
    ids=["empty", "cut early", "cut late", "one wrong byte"],
)
def test_a_damaged_part_is_missing_and_made_again(store, damaged):
    path = store.folder / "00000.npz"
    path.write_bytes(damaged(path.read_bytes()))
    assert store.find(0) is None
    store.save(0, BLOCK, 2.0)
    assert store.find(0)[1] == 2.0
