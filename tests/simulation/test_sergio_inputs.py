"""The networks of SERGIO's data sets, and files of that form that are broken."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from grnular_core.data.downloads import fetch
from grnular_core.simulation.sergio_inputs import read_interactions, read_rates, sergio_network
from grnular_core.utils.errors import InputError

# genes, edges, TFs and master regulators
SIZES = {"DS1": (100, 258, 10, 7), "DS2": (400, 1155, 37, 20), "DS3": (1200, 2713, 127, 67)}


@pytest.mark.parametrize("name", SIZES)
def test_a_data_set_has_the_edges_that_its_truth_lists(name, real_data):
    grn, rates = sergio_network(name)
    assert (grn.n_genes, grn.n_edges, len(grn.tfs), len(grn.masters())) == SIZES[name]
    with open(fetch(f"sergio/{name}/gt_GRN.csv"), newline="") as file:
        truth = {(int(float(a)), int(float(b))) for a, b in csv.reader(file)}
    assert {*zip(grn.regulator.tolist(), grn.target.tolist(), strict=True)} == truth
    assert rates.shape == (len(grn.masters()), 9)
    assert 0 < rates.min() and rates.max() < (1 if name == "DS1" else 4)
    assert 1 <= abs(grn.K).min() and abs(grn.K).max() <= 5 and (grn.coop == 2).all()


def test_another_name_is_refused():
    with pytest.raises(InputError, match="unknown SERGIO data set 'DS4'; use one of DS1, DS2, DS3"):
        sergio_network("DS4")


def test_lines_become_edges_and_rates_follow_the_masters(tmp_path):
    path = tmp_path / "Interaction.txt"
    path.write_text("2.0,2,0,1,1.5,-2,2,3\n\n3,1,2,1,1.5\n")
    grn = read_interactions(path, 4)
    assert list(grn.regulator) == [0, 1, 2] and list(grn.target) == [2, 2, 3]
    assert list(grn.K) == [1.5, -2, 1] and list(grn.coop) == [2, 3, 1.5]
    path.write_text("1,0.3,0.4\n0,0.1,0.2\n")
    assert np.array_equal(read_rates(path, grn), [[0.1, 0.2], [0.3, 0.4]])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,1,0,2\n", "line 1: expected target, n and 3 n values; got 4 values with n = 1"),
        ("1,0\n", "line 1: expected target"),
        ("1,nan,0,1,2\n", "line 1: expected target"),
        ("1\n", "line 1: expected target"),
        ("1,1,0,x,2\n", "Interaction.txt is not a table of numbers"),
        ("1,1,0.5,1,2\n", "Interaction.txt: genes are named by a list of whole numbers"),
        ("1,1,nan,1,2\n", "Interaction.txt: genes are named"),
        ("1,1,7,1,2\n", "Interaction.txt: genes are numbered 0 to 2"),
        ("1,1,0,1,2\n0,1,1,1,2\n", "Interaction.txt: the network has a cycle"),
        ("", "Interaction.txt: regulator, target, K and coop"),
    ],
)
def test_a_broken_network_is_refused_by_name(tmp_path, text, words):
    path = tmp_path / "Interaction.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_interactions(path, 3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0,1,2\n", r"gives no production rate for the genes \[1\]"),
        ("0,1,2\n1,1\n", r"the lines hold \[2, 3\] values"),
        ("0\n1\n", "expected a master regulator"),
        ("", "expected a master regulator"),
        ("0;1\n", "not a table of numbers"),
    ],
)
def test_broken_rates_are_refused_by_name(tmp_path, text, words):
    network, path = tmp_path / "Interaction.txt", tmp_path / "Regs.txt"
    network.write_text("2,2,0,1,1,1,2,2\n")
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_rates(path, read_interactions(network, 3))
