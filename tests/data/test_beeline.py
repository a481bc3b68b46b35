"""BEELINE's data: gene rules against the redistributed subsets, Table 3, archives of the same layout."""

import numpy as np
import pandas as pd
import pytest

from grnular_core.data import beeline
from grnular_core.data.candidates import clean_truth
from grnular_core.data.registry import registry
from grnular_core.utils.errors import InputError

QUICK = ("mHSC-L", "hESC")  # one of each species; the others are looked at by the slow tests


def chosen(dataset: str, *more: str):
    return pytest.param(dataset, *more, marks=[] if dataset in QUICK else pytest.mark.slow)


EVERY_DATASET = pytest.mark.parametrize("dataset", [chosen(name) for name in beeline.DATASETS])
SUBSETS = [
    (dataset, rule)
    for dataset in beeline.DATASETS
    for rule in ("TFs+500", "TFs+1000")
    for name in ("ExpressionData.csv.gz", "expression.npz")
    if f"beeline/{rule}/{dataset}/{name}" in registry()
]
TABLE3 = {
    "mDC": 42, "mESC": 100, "mHSC-E": 69, "mHSC-GM": 74, "mHSC-L": 83, "hESC": 86, "hHep": 56
}  # fmt: skip


@pytest.mark.parametrize(("dataset", "rule"), [chosen(*pair) for pair in SUBSETS])
def test_the_gene_rule_gives_exactly_the_genes_of_the_subset(real_data, dataset, rule):
    data = beeline.load_beeline(dataset, "STRING", rule)
    assert set(beeline._beeline_genes(dataset, int(rule[4:]))) == set(data.genes)


@pytest.mark.slow
def test_the_papers_gene_rule_gives_table_3(real_data):
    table = beeline.table3().set_index("dataset")
    assert table["tfs"].to_dict() == TABLE3
    assert all(len(beeline._top500_genes(dataset)) == 500 for dataset in beeline.DATASETS)


@EVERY_DATASET
@pytest.mark.parametrize("rule", ["TFs+500", "TFs+1000"])
@pytest.mark.parametrize("network", beeline.NETWORKS)
def test_a_full_network_restricted_by_the_rule_equals_the_subset(real_data, dataset, rule, network):
    if beeline._full_network_key(dataset, network) not in registry():
        pytest.skip("the full network is in the archive only")
    genes = beeline._beeline_genes(dataset, int(rule[4:]))
    full, _ = beeline._full_network(dataset, network)
    subset, _ = beeline._truth(dataset, network, rule)
    pairs = [
        set(map(tuple, clean_truth(table, genes)[0][["regulator", "target"]].to_numpy()))
        for table in (full, subset)
    ]
    assert pairs[0] == pairs[1] and len(pairs[0]) > 100


@pytest.mark.parametrize(
    ("dataset", "rule", "apart"),
    [("mHSC-L", "TFs+500", 1e-6), ("hESC", "TFs+500", 4e-10), ("mHSC-E", "TFs", 1e-12)],
)
def test_variances_of_the_expression_are_those_of_gene_ordering(real_data, dataset, rule, apart):
    data = beeline.load_beeline(dataset, "STRING", rule)
    variance = beeline._gene_ordering(dataset)["variance"].loc[data.genes]
    np.testing.assert_allclose(data.expression().var(axis=0, ddof=1), variance, rtol=apart)


def test_cells_stand_in_the_order_of_pseudotime(real_data):
    data = beeline.load_beeline("hESC", "STRING")
    cells = pd.read_csv(beeline.fetch(beeline.pseudotime_key("hESC")), index_col=0).index
    assert list(data.adata.obs_names) == list(cells) and data.n_cells == 758 and data.n_genes == 910
    assert data.provenance["expression_from"] == beeline.SPARSE


@EVERY_DATASET
def test_the_tfs_of_all_seven_datasets_make_a_rule_of_their_own(real_data, dataset):
    counts = {
        "mDC": 321, "mESC": 620, "mHSC-E": 204, "mHSC-GM": 132, "mHSC-L": 60, "hESC": 410, "hHep": 448
    }  # fmt: skip
    for network in beeline.NETWORKS:
        keys = beeline.needed_keys(dataset, network, "TFs")
        assert not [key for key in keys if key.endswith(".zip") or key not in registry()]
        data = beeline.load_beeline(dataset, network, "TFs")
        assert list(data.genes) == list(data.tfs) == beeline._beeline_genes(dataset, 0)
        assert data.n_genes == counts[dataset] and len(data.truth) > 30
    whole = beeline.load_beeline(dataset, network, "TFs+500") if dataset != "mHSC-E" else None
    if whole is not None:  # the same edges between TFs, whatever other genes are there
        between = whole.truth["regulator"].isin(data.genes) & whole.truth["target"].isin(data.genes)
        edges = [set(map(tuple, t[["regulator", "target"]].to_numpy())) for t in (whole.truth[between], data.truth)]
        assert edges[0] == edges[1]


def test_names_are_found_whatever_their_case_and_others_refused():
    given = "hHep", "non-specific", "TOP500"
    assert beeline._known(*given) == ("hHep", "Non-Specific-ChIP-seq", "top500")
    for wrong in (("mECS", "STRING"), ("mESC", "STRNG"), ("mESC", "STRING", "500")):
        with pytest.raises(InputError, match="expected one of"):
            beeline.load_beeline(*wrong)


@pytest.mark.slow
def test_nearly_whole_subsets_serve_the_papers_gene_rule(real_data):
    for network in beeline.NETWORKS:
        data = beeline.load_beeline("mDC", network, "top500")
        wanted = beeline._top500_genes("mDC", network)
        assert set(data.genes) <= set(wanted) and data.n_cells == 383
        assert data.provenance["covered"] == pytest.approx(0.95, abs=0.01)
        assert len(data.truth) > 0 and set(data.truth["target"]) <= set(data.genes)
        assert data.provenance["expression_from"].startswith("beeline/TFs+1000/mDC/")


def test_a_subset_with_too_few_of_the_genes_is_refused(real_data, monkeypatch):
    monkeypatch.setattr(beeline, "NEARLY_WHOLE", {"mESC": "TFs+500"})
    with pytest.raises(InputError, match="225 genes of GeneOrdering are not in it"):
        beeline.load_beeline("mESC", "STRING", "top500")


def make_archives(folder, dataset):
    """Files of the full archives' layout for one dataset, small; what they hold, in capitals."""
    rng = np.random.default_rng(0)
    genes = [f"GENE{i}" for i in range(1300)]
    # some far above the corrected threshold, some between it and 0.01, some below both
    p_values = np.array([0.5, 5e-3, 1e-9, 1e-9, 1e-9])[np.arange(1300) % 5]
    ordering = pd.DataFrame(
        {"VGAMpValue": p_values, "Variance": rng.permutation(1300).astype(float)}, index=genes
    )
    expression = pd.DataFrame(rng.random((1300, 6)), genes, [f"c{i}" for i in range(6)])
    edges = pd.DataFrame({"Gene1": rng.choice(genes[::7], 4000), "Gene2": rng.choice(genes, 4000)})
    spell = str.upper if beeline._species(dataset) == "human" else str.capitalize
    ordering.rename(index=spell).to_csv(folder / "GeneOrdering.csv")
    expression.rename(index=spell).to_csv(folder / "ExpressionData.csv")
    edges.to_csv(folder / "network.csv", index=False)
    pd.DataFrame({"TF": genes[::7], "Sources": "x"}).to_csv(folder / "tfs.csv", index=False)
    return ordering, set(genes[::7]), edges


@pytest.mark.parametrize("rule", beeline.GENE_RULES)
@pytest.mark.parametrize("network", beeline.NETWORKS)
@EVERY_DATASET
def test_every_pair_loads_from_archives_of_the_same_layout(
    dataset, network, rule, tmp_path, monkeypatch
):
    ordering, tfs, edges = make_archives(tmp_path, dataset)

    def fetch(key, name=None):
        assert name is None or key in registry()
        found = [
            kind for kind in ("GeneOrdering", "ExpressionData", "tfs") if kind in (name or key)
        ]
        return tmp_path / f"{(found or ['network'])[-1]}.csv"

    monkeypatch.setattr(beeline, "fetch", fetch)
    monkeypatch.setattr(beeline, "fetch_member", fetch)
    only = {k: e for k, e in registry().items() if not k.startswith("beeline/TFs+")}
    monkeypatch.setattr(beeline, "registry", lambda: only)
    data = beeline.load_beeline(dataset, network, rule)
    if rule == "top500":
        inside = ordering.index.isin(edges.to_numpy().ravel())
        passed = ordering[inside & (ordering["VGAMpValue"] < 0.01)]
        expected = set(passed.nlargest(500, "Variance").index)
    else:
        passed = ordering[ordering["VGAMpValue"] < 0.01 / len(ordering)]
        others = passed.drop(tfs & set(passed.index)).nlargest(beeline.N_OTHERS[rule], "Variance")
        expected = set(others.index) | (tfs & set(passed.index))
    assert set(data.genes) == expected and set(data.tfs) == expected & tfs
    assert (edges["Gene1"] == edges["Gene2"]).any() and data.truth_counts.n_given == len(edges)
    assert (data.truth["regulator"] != data.truth["target"]).all()
    assert not data.truth.duplicated(["regulator", "target"]).any()
