"""Reference networks by kind: what is read, what is left out, and how edges get to a set's genes."""

import pandas as pd
import pytest
from conftest import linear_network
from grnular_paper import more_networks
from grnular_paper.more_networks import (
    CHIP,
    CURATED,
    ENDS,
    FILES,
    KINDS,
    MIXED,
    _carried_over,
    _confident,
    _gene_sets,
    _without_complexes,
    among,
    network,
    network_keys,
    networks_of,
    pair_sizes,
)

from grnular_core.data.dataset import make_dataset
from grnular_core.data.registry import registry
from grnular_core.utils.errors import InputError


def edges(*pairs: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=ENDS)


def test_complexes_are_no_regulators_and_their_parts_are():
    table = edges(("AP1", "x"), ("NFKB", "x"), ("NFKB1", "x"), ("COMPLEX:A_B", "x"), ("JUN", "x"))
    assert list(_without_complexes(table.rename(columns={"regulator": "source"}))["source"]) == ["NFKB1", "JUN"]


def test_only_confident_edges_are_kept():
    table = pd.DataFrame({"tf": list("abcde"), "confidence": list("ABCDE"), "target": "x"})
    assert list(_confident(table)["tf"]) == ["a", "b", "c"]


def test_gene_sets_are_of_one_source():
    text = "ETS1 ENCODE\t\tA\tB\nETS1 CHEA\t\tC\t\nSP1 ENCODE\t\tA\n"
    assert _gene_sets(text, "ENCODE").to_numpy().tolist() == [["ETS1", "A"], ["ETS1", "B"], ["SP1", "A"]]
    assert _gene_sets(text, "CHEA").to_numpy().tolist() == [["ETS1", "C"]]


def test_an_edge_goes_to_all_counterparts_and_is_lost_without_one():
    table = pd.DataFrame({"mgi_symbol": ["Sox2", "Aa", "Ab"], "hgnc_symbol": ["SOX2", "A", "A"]})
    found = _carried_over(edges(("SOX2", "A"), ("SOX2", "Z"), ("Z", "A")), table)
    assert sorted(found.to_numpy().tolist()) == [["Sox2", "Aa"], ["Sox2", "Ab"]]


def test_every_network_has_a_kind_and_its_files_in_the_registry():
    assert set(KINDS.values()) == {CURATED, CHIP, MIXED}
    assert networks_of("mouse") == list(KINDS) and networks_of("human") == list(KINDS)[:-1]
    for name, species in FILES:
        assert name in KINDS and set(network_keys(name, species)) <= set(registry())
    assert len(network_keys("CollecTRI", "mouse")) == 2 and len(network_keys("CollecTRI", "human")) == 1
    with pytest.raises(InputError, match="no network 'Non-Specific' for 'human'; expected one of TRRUST"):
        network("Non-Specific", "human")


def test_a_network_is_restricted_to_genes_and_spelled_as_they_are():
    expression, tfs, _ = linear_network()
    data = make_dataset(expression.rename(columns=str.lower), [tf.lower() for tf in tfs], orientation="cells-x-genes")
    clean = among(edges(("G00", "G10"), ("g00", "G10"), ("G00", "G00"), ("G00", "Y"), ("G20", "G10")), data)
    assert clean[ENDS].to_numpy().tolist() == [["g00", "g10"], ["g20", "g10"]]


def test_a_pair_with_few_tfs_or_few_edges_is_not_scored(monkeypatch):
    expression, tfs, truth = linear_network()
    data = make_dataset(expression, tfs, orientation="cells-x-genes")
    clean = among(truth, data)
    sizes = pair_sizes(clean, data, list(data.tfs))
    assert sizes["true"] == len(truth) and sizes["regulators"] == 5 and not sizes["kept"]  # five TFs, ten are asked for
    monkeypatch.setattr(more_networks, "MIN_REGULATORS", 5)
    monkeypatch.setattr(more_networks, "MIN_EDGES", len(truth))
    assert pair_sizes(clean, data, list(data.tfs))["kept"]
    assert not pair_sizes(clean, data, list(data.tfs)[:4])["kept"]  # the TFs that count decide


@pytest.mark.parametrize(
    ("name", "species", "n_edges"),
    [
        ("TRRUST", "human", 8427), ("TRRUST", "mouse", 6490), ("CollecTRI", "human", 41783), ("ChEA", "human", 20753),
        # of R files
        *(pytest.param(*of, marks=pytest.mark.slow)
          for of in (("DoRothEA", "human", 13223), ("DoRothEA", "mouse", 12895), ("CollecTRI", "mouse", 43431))),
    ],
)  # fmt: skip
def test_networks_have_their_sizes(real_data, name, species, n_edges):
    assert len(network(name, species)) == n_edges


def test_beelines_network_holds_the_whole_of_trrust(real_data):
    mixed, curated = (
        {(a.upper(), b.upper()) for a, b in network(name, "mouse")[ENDS].to_numpy()} for name in ("Non-Specific", "TRRUST")
    )
    assert curated <= mixed and len({regulator for regulator, _ in mixed}) > 1000
