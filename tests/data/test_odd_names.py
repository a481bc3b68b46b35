"""Names that no gene has: metadata, dates, genomes before names, R's spelling."""

import numpy as np
import pandas as pd
import pytest
from small_data import small_table

from grnular_core.data import names, odd_names
from grnular_core.data.dataset import make_dataset
from grnular_core.utils.errors import InputError

TFS = ["GATA1", "SPI1"]


@pytest.mark.parametrize(
    "name",
    ["donor_id", "Donor", "sample", "orig.ident", "batch", "Age", "sex", "time", "day", "n_counts", "UMAP_1",
     "X_umap-2", "tSNE_1", "PC_1", "cluster", "leiden_3", "RNA_snn_res.0.8", "percent.mt", "N_unmapped", "total"],
)  # fmt: skip
def test_columns_of_metadata_are_left_out_of_a_table_and_said(name):
    table = small_table()
    table.insert(2, name, np.arange(20.0, 29.0))
    data, plain = make_dataset(table, TFS), make_dataset(small_table(), TFS)
    assert data.genes == plain.genes and data.provenance["values"] == "log values"
    np.testing.assert_array_equal(data.expression(), plain.expression())
    assert f"1 genes are named like metadata or totals ({name}) and are left out" in " ".join(data.notes)


@pytest.mark.parametrize("name", ["PC", "AGER", "SEPTIN2", "TIMP1", "GROUP1", "PHASE1", "DAY1", "XIST", "PC4", "DPT", "Dpt", "ERCC6", "ERCC6L2"])
def test_genes_that_sound_alike_stay(name):
    assert odd_names.helpers([name, "A", "B"]) == []


@pytest.mark.parametrize("name", ["ERCC-00002", "CD3_TotalSeqB", "NegControlProbe_00042", "BLANK_0002"])
def test_controls_among_genes_are_kept_and_named(name):
    data = make_dataset(small_table().rename(columns={"NA": name}), TFS)
    assert name in data.genes
    assert f"1 genes are named like spike-ins, antibodies or control probes ({name})" in " ".join(data.notes)


def test_tfs_of_the_list_stay_and_so_do_names_of_groups_that_are_all_rows():
    assert odd_names.helpers(["phase", "age", "A", "B", "C"], ["phase"]) == ["age"]
    assert odd_names.helpers([f"leiden_{i}" for i in range(9)]) == []


def test_a_column_far_above_all_others_is_named():
    table = small_table()
    table = pd.concat([table, small_table(1).add_prefix("b")], axis=1)
    assert "far above" not in " ".join(make_dataset(table, TFS).notes)
    aged = table.assign(years=np.linspace(20, 60, 9))
    assert "values of 1 genes (years) lie far above" in " ".join(make_dataset(aged, TFS).notes)
    counts = (table * 5).round()
    summed = counts.assign(all_of_it=counts.sum(axis=1))
    assert "1 genes (all_of_it) lie far above" in " ".join(make_dataset(summed, TFS).notes)


@pytest.mark.parametrize(
    "date",
    ["1-Mar", "01-Mar", "Mar-01", "Mar 1", "2-Sep", "1-Dec", "4-Oct", "2001-03-01", "2001-03-01 00:00:00",
     "3/1/2001", "01.03.2001", "01.Mrz", "02. Mrz", "1-mars", "43891"],
)  # fmt: skip
def test_dates_are_noted_and_never_merged(date):
    table = small_table().rename(columns={"NA": date})
    assert f"1 gene names look like dates made by a spreadsheet ({date})" in " ".join(
        make_dataset(table, TFS).notes
    )
    if not date.isdigit():
        with pytest.raises(InputError, match="these were different genes"):
            names.check_names([date, date, "A"], "sum", "x")


@pytest.mark.parametrize("name", ["sep-1", "jun-1", "MARCH1", "OCT-4", "HLA-A", "12345", "1-8D", "RP11-34.1"])
def test_names_that_are_no_dates(name):
    assert odd_names.dates([name, "12", "13"]) == []


@pytest.mark.parametrize(
    ("prefix", "genome"),
    [("GRCh38_", "GRCh38"), ("hg19_", "hg19"), ("mm10___", "mm10"), ("GRCh38-", "GRCh38"), ("HUMAN_", "HUMAN"),
     ("GRCh38_premrna_", "GRCh38_premrna")],
)  # fmt: skip
def test_a_genome_before_the_names_is_named(prefix, genome):
    genes = [prefix + gene for gene in ("GATA1", "SPI1", "HBB")] + ["mm9_Gata1"]
    assert odd_names.genomes(genes) == {genome: 3, "mm9": 1}
    assert odd_names.without_genome(genes[0], genome) == "GATA1"
    assert odd_names.without_genome(genes[3], genome) is None
    hint = names.match_hint(TFS, genes, "exact")
    assert f"With --genome {genome} 2 would match: it keeps the 3 genes" in hint


@pytest.mark.parametrize("form", ["ENSG01|{}", "{}_ENSG01", "{} (2623)", "rna_{}", "ENSG01;{}", "('ENSG01', '{}')", '"{}"'])
def test_names_made_of_several_are_pointed_at(form):
    genes = [form.format(gene) for gene in ("GATA1", "SPI1", "HBB")]
    hint = names.match_hint(TFS, genes, "exact")
    assert f"2 names of the data hold one of the list as a part ({genes[0]}, {genes[1]})" in hint


@pytest.mark.parametrize("end", ["-1", ".1"])
def test_copies_that_were_made_unique_are_named(end):
    table = small_table().rename(columns={"NA": "SPI1" + end})
    assert f"1 gene names are others with a number behind (SPI1{end})" in " ".join(make_dataset(table, TFS).notes)
    assert odd_names.copies(["NKX2-1", "HLA-A", "AC01.1", "IGHV1-2", "IGHV1-3", "IGHV3-30", "IGHV3-30-2"]) == []


def test_names_that_r_or_seurat_changed_are_pointed_at():
    wanted = ["NKX2-1", "GATA1", "7SK", "HLA_A"]
    found, missing, said = names.choose_tfs(wanted, ["NKX2.1", "GATA1", "X7SK", "HLA-A"], "exact", "x")
    assert found == ["GATA1"] and missing == ["NKX2-1", "7SK", "HLA_A"]
    assert "with . - and _ taken as one 4 would match (NKX2.1, X7SK, HLA-A)" in said
