"""Parts of a long run on disk: whole or missing, and nothing in them is executed."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from grnular_core.parts import PartStore

BLOCK = np.random.default_rng(0).random((3, 40))


@pytest.fixture
def store(tmp_path: Path) -> PartStore:
    store = PartStore(tmp_path, "run")
    store.save(0, BLOCK, 1.5)
    return store


def test_a_part_comes_back_as_it_was_saved(store):
    block, cpu_seconds = store.load(0)
    assert np.array_equal(block, BLOCK) and cpu_seconds == 1.5
    assert store.has(0) and not store.has(1)
    store.clear()
    assert not store.has(0) and not store.folder.exists()


@pytest.mark.parametrize("length", [0, 1, 100, -30])
def test_a_part_cut_short_is_missing_and_made_again(store, length):
    path = store.folder / "00000.npz"
    path.write_bytes(path.read_bytes()[:length])
    assert not store.has(0)
    store.save(0, BLOCK, 2.0)
    assert store.load(0)[1] == 2.0


def test_one_wrong_byte_among_the_numbers_is_noticed(store):
    path = store.folder / "00000.npz"
    data = bytearray(path.read_bytes())
    data[300] ^= 1
    path.write_bytes(bytes(data))
    assert not store.has(0)


class Trap:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def test_a_pickle_in_a_part_is_not_opened(store, tmp_path):
    trap = np.array([Trap(tmp_path / "sprung")], dtype=object)
    with open(store.folder / "00001.npz", "wb") as file:
        np.savez(file, block=trap, cpu_seconds=1.0)
    (store.folder / "00002.npz").write_bytes(pickle.dumps(Trap(tmp_path / "sprung")))
    assert not store.has(1) and not store.has(2)
    assert not (tmp_path / "sprung").exists()
