"""Files as programs that count cells, or keep them, write these: every form gives the same cells."""

import gzip

import h5py
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from anndata.io import write_elem
from scipy import io, sparse
from small_data import CELLS, GENES, small_anndata, small_table

from grnular_core.data.readers import files_read, read_expression, read_with_notes
from grnular_core.utils.errors import InputError
from grnular_core.workflow.anndata_input import genes_only

IDS = [f"ENSG{i:011d}" for i in range(len(GENES))]
VALUES = small_table().to_numpy()


def text(values):
    return np.array(values, dtype=h5py.string_dtype())


def write_10x_h5(path, version=3, genome="GRCh38", cells=CELLS, mode="w", feature_type=("Gene Expression",) * 6, genomes=None):
    """A matrix as Cell Ranger and CellBender write it."""
    by_column = sparse.csc_matrix(VALUES.T)
    with h5py.File(path, mode) as file:
        group = file.create_group("matrix" if version == 3 else genome)
        for part in ("data", "indices", "indptr", "shape"):
            group[part] = np.array(getattr(by_column, part))
        group["barcodes"] = text(cells)
        if version == 3:
            more = {"feature_type": feature_type, "genome": genomes or [genome] * 6}
            for key, words in {"id": IDS, "name": GENES, **more}.items():
                group[f"features/{key}"] = text(words)
        else:
            group["genes"], group["gene_names"] = text(IDS), text(GENES)
    return path


def write_loom(path, genes="Gene", cells="CellID", **more):
    with h5py.File(path, "w") as file:
        file["matrix"], file["layers/spliced"] = VALUES.T, VALUES.T * 2
        file[f"row_attrs/{genes}"], file[f"col_attrs/{cells}"] = text(GENES), text(CELLS)
        file["col_attrs/Regulons"] = np.zeros(9, dtype=[("a", "f4"), ("b", "f4")])
    return path


def write_mudata(path, name="rna"):
    with h5py.File(path, "w") as file:
        write_elem(file, f"mod/{name}", small_anndata())
        write_elem(file, "mod/prot", AnnData(np.ones((9, 2))))
    return path


def packed(path):
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return path.with_name(path.name + ".gz")


def as_10x_v3(folder):
    return write_10x_h5(folder / "filtered_feature_bc_matrix.h5")


def as_10x_v2(folder):
    return write_10x_h5(folder / "genes.h5", version=2)


def as_10x_packed(folder):
    return packed(write_10x_h5(folder / "GSM1_filtered.h5"))


def as_anndata_called_h5(folder):
    small_anndata().write_h5ad(folder / "x.h5ad")
    return (folder / "x.h5ad").rename(folder / "cells.h5")


def as_h5ad_packed(folder):
    small_anndata().write_h5ad(folder / "x.h5ad")
    return packed(folder / "x.h5ad")


def as_loom(folder):
    return write_loom(folder / "x.loom")


def as_loom_of_scanpy(folder):
    return write_loom(folder / "x.loom", "var_names", "obs_names")


def as_mudata(folder):
    return write_mudata(folder / "x.h5mu")


def as_parquet(folder):
    pytest.importorskip("pyarrow")
    small_table().to_parquet(folder / "x.parquet")
    return folder / "x.parquet"


def as_feather(folder):
    pytest.importorskip("pyarrow")
    small_table().reset_index(names="cell").to_feather(folder / "x.feather")
    return folder / "x.feather"


def as_zarr(folder):
    pytest.importorskip("zarr")
    small_anndata().write_zarr(folder / "x.zarr")
    return folder / "x.zarr"


def as_spatialdata(folder):
    pytest.importorskip("zarr")
    small_anndata().write_zarr(folder / "s.zarr" / "tables" / "table")
    return folder / "s.zarr"


def lines(words, numbered=None, header=""):
    return header + "".join(f"{f'{i},' if numbered else ''}{w}\n" for i, w in enumerate(words, 1))


def write_folder(folder, matrix, name="matrix.mtx", **files):
    folder.mkdir(parents=True, exist_ok=True)
    io.mmwrite(folder / name, sparse.coo_matrix(matrix), precision=17)
    for file, content in files.items():
        stem, _, ending = file.rpartition("_")
        (folder / f"{stem.replace('__', '.')}.{ending}").write_text(content)
    return folder


def write_run(folder, *parts):
    symbols = "".join(f"{i}\t{g}\tGene Expression\n" for i, g in zip(IDS, GENES, strict=True))
    for part in parts:
        write_folder(folder / part, VALUES.T, features_tsv=symbols, barcodes_tsv=lines(CELLS))
    return folder


def as_kb_python(folder):
    return write_folder(
        folder / "counts_unfiltered", VALUES, "cells_x_genes.mtx", cells_x_genes__genes_txt=lines(IDS),
        cells_x_genes__barcodes_txt=lines(CELLS), cells_x_genes__genes__names_txt=lines(GENES),
    )  # fmt: skip


def as_alevin_fry(folder):
    return write_folder(
        folder, VALUES, "quants_mat.mtx", quants_mat_cols_txt=lines(GENES), quants_mat_rows_txt=lines(CELLS)
    )


def as_parse(folder):
    genes = [f"{i},{g},hg38" for i, g in zip(IDS, GENES, strict=True)]
    return write_folder(
        folder, VALUES, "DGE.mtx", all_genes_csv=lines(genes, header="gene_id,gene_name,genome\n"),
        cell_metadata_csv=lines([f"{c},s1" for c in CELLS], header="bc_wells,sample\n"),
    )  # fmt: skip


def as_r_writes_tables(folder):
    return write_folder(
        folder, VALUES.T, genes_csv=lines(GENES, True, '"","x"\n'), barcodes_csv=lines(CELLS, True, "x\n")
    )


def as_headers_of_pandas(folder):
    genes = [f"{i}\t{g}" for i, g in zip(IDS, GENES, strict=True)]
    return write_folder(
        folder, VALUES.T, features_tsv=lines(genes, header="gene_id\tgene_name\n"),
        barcodes_tsv=lines(CELLS, header="barcode\n"),
    )  # fmt: skip


def as_starsolo_with_a_second_matrix(folder):
    write_run(folder, "")
    io.mmwrite(folder / "UniqueAndMult-EM.mtx", sparse.coo_matrix(VALUES.T * 2))
    return folder


def as_run_of_cell_ranger(folder):
    return write_run(folder, "outs/filtered_feature_bc_matrix", "outs/raw_feature_bc_matrix")


def as_run_of_version_2(folder):
    return write_run(folder, "outs/filtered_gene_bc_matrices/hg19") / "outs"


def as_run_with_h5_alone(folder):
    (folder / "outs").mkdir()
    write_10x_h5(folder / "outs" / "filtered_feature_bc_matrix.h5")
    return folder


def as_run_of_starsolo(folder):
    return write_run(folder, "Solo.out/Gene/filtered", "Solo.out/Gene/raw")


FORMS = [form for name, form in sorted(globals().items()) if name.startswith("as_")]


@pytest.mark.parametrize("write", FORMS, ids=[form.__name__ for form in FORMS])
def test_every_form_gives_the_same_cells(write, tmp_path, recwarn):
    path = write(tmp_path)
    recwarn.clear()  # what writers warn of
    read = read_expression(path)
    if isinstance(read, AnnData):
        read = read.to_df()
    assert list(read.columns) == GENES and list(read.index) == CELLS
    np.testing.assert_array_equal(read, small_table())
    assert not recwarn.list
    assert all(file.is_file() for file in files_read(path))


@pytest.mark.parametrize("write", [as_10x_v3, as_loom, as_run_of_cell_ranger])
def test_ids_and_layers_come_along(write, tmp_path):
    read = read_expression(write(tmp_path))
    if write is as_loom:
        np.testing.assert_array_equal(read.layers["spliced"].toarray(), VALUES * 2)
    else:
        assert list(read.var["gene_ids"]) == IDS


def test_what_was_chosen_is_said(tmp_path):
    notes = [
        read_with_notes(write(tmp_path / f"{i}"))[1]
        for i, write in enumerate((as_run_of_cell_ranger, as_mudata, as_parse))
        if (tmp_path / f"{i}").mkdir() is None
    ]
    assert notes[0][0].endswith("0, outs/filtered_feature_bc_matrix/matrix.mtx is read")
    assert "the modality rna of" in notes[1][0] and "of prot, rna" in notes[1][0]
    assert notes[2][0] == "all_genes.csv: the first line (gene_id, gene_name, genome) is a header, and no name"


def test_antibodies_and_genomes_of_a_10x_file_are_known(tmp_path):
    kinds = ["Gene Expression"] * 4 + ["Antibody Capture", "Peaks"]
    path = write_10x_h5(tmp_path / "x.h5", feature_type=kinds, genomes=["GRCh38", "mm10"] * 3)
    read = read_expression(path)
    assert genes_only(read)[0].n_vars == 4 and list(read.var["genome"][:2]) == ["GRCh38", "mm10"]


def test_genomes_of_version_2_lie_side_by_side_where_cells_are_the_same(tmp_path):
    path = write_10x_h5(tmp_path / "x.h5", 2, "hg19")
    write_10x_h5(path, 2, "mm10", mode="a")
    read = read_expression(path)
    assert read.shape == (9, 12) and list(read.var["genome"]) == ["hg19"] * 6 + ["mm10"] * 6
    write_10x_h5(path, 2, "rn6", [f"other{i}" for i in range(9)], mode="a")
    with pytest.raises(InputError, match="other cells for each of its genomes .hg19, mm10, rn6"):
        read_expression(path)


# --- parts that this version of anndata cannot read


@pytest.mark.parametrize("part", ["uns/x", "obsm/p", "layers/other", "obs/batch", "raw/X", "var/x"])
@pytest.mark.parametrize("form", ["h5ad", "h5mu"])
def test_a_part_of_the_future_is_left_out_and_said(tmp_path, part, form):
    adata = small_anndata()
    adata.raw = adata.copy()
    adata.uns["x"], adata.obsm["p"], adata.var["x"] = 3, np.ones((9, 2)), 1
    adata.obs["batch"] = pd.Categorical(list("aab") * 3)
    adata.layers["logged"], adata.layers["other"] = adata.X.copy(), adata.X.copy()
    path = tmp_path / f"x.{form}"
    with h5py.File(path, "w") as file:
        group = file if form == "h5ad" else file.create_group("mod/rna")
        write_elem(group, "/" if form == "h5ad" else "/mod/rna", adata)
        file[("" if form == "h5ad" else "mod/rna/") + part].attrs["encoding-type"] = "of-the-future"
    read, notes = read_with_notes(path)
    np.testing.assert_array_equal(read.X.toarray(), VALUES)
    assert list(read.var_names) == GENES and "logged" in read.layers
    assert part.removesuffix("/X") in notes[-1] and "cannot read (" in notes[-1]
    if part != "raw/X":
        assert read.raw.shape == (9, 6)


def test_x_of_the_future_is_refused(tmp_path):
    small_anndata().write_h5ad(tmp_path / "x.h5ad")
    with h5py.File(tmp_path / "x.h5ad", "a") as file:
        file["X"].attrs["encoding-type"] = "of-the-future"
    with pytest.raises(InputError, match="x.h5ad is not a readable h5ad file .*No read method"):
        read_expression(tmp_path / "x.h5ad")


# --- refusals


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (["assays", "cell.names"], "a Seurat object; write its counts from R"),
        (["barcode_idx", "count"], "molecule_info; give its filtered_feature_bc_matrix"),
        (["weights"], "holds weights; expected an AnnData"),
    ],
)
def test_another_hdf5_file_is_named(tmp_path, keys, words):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for key in keys:
            file[key] = np.arange(3)
    with pytest.raises(InputError, match=words):
        read_expression(tmp_path / "x.h5")


def test_a_loom_file_without_names_and_a_mudata_without_rna_are_refused(tmp_path):
    with pytest.raises(InputError, match="has the row_attrs word; expected one with names, such as Gene"):
        read_expression(write_loom(tmp_path / "x.loom", "word"))
    with pytest.raises(InputError, match="modalities atac, prot; none is called rna"):
        read_expression(write_mudata(tmp_path / "x.h5mu", "atac"))


def test_several_samples_in_a_folder_are_listed(tmp_path):
    write_run(tmp_path, "a/outs/filtered_feature_bc_matrix", "b/outs/filtered_feature_bc_matrix")
    with pytest.raises(InputError, match="0 .mtx files .* beside a, b; expected a 10x folder"):
        read_expression(tmp_path)
    write_run(tmp_path, "outs/per_sample_outs/a/count/sample_filtered_feature_bc_matrix")
    write_run(tmp_path, "outs/per_sample_outs/b/count/sample_filtered_feature_bc_matrix")
    with pytest.raises(InputError, match="several matrices .*a/count.*b/count.*; name one of them"):
        read_expression(tmp_path)
    with pytest.raises(InputError, match="several matrices .*/square_008um/filtered_feature_bc_matrix, .*; name one of them"):
        write_run(tmp_path / "hd", *(f"outs/binned_outputs/square_{n}um/filtered_feature_bc_matrix" for n in ("008", "016")))
        read_expression(tmp_path / "hd")


@pytest.mark.parametrize("form", ["_genes.tsv", "-features.tsv", ".features.tsv"])
def test_one_table_of_genes_for_several_samples_is_read_and_said(tmp_path, form):
    for sample in ("GSM1_a", "GSM2_b"):
        write_folder(tmp_path, VALUES.T, f"{sample}-matrix.mtx")
        (tmp_path / f"{sample}-barcodes.tsv").write_text(lines(CELLS))
    (tmp_path / f"GSE1{form}").write_text(lines(GENES))
    read, notes = read_with_notes(tmp_path / "GSM2_b-matrix.mtx")
    assert list(read.var_names) == GENES
    assert notes == [f"GSE1{form} is read as the table of names: GSM2_b-matrix.mtx has none of its own"]
    (tmp_path / "GSE2_genes.tsv").write_text(lines(GENES))
    with pytest.raises(InputError, match="no GSM2_b-features.tsv beside"):
        read_expression(tmp_path / "GSM2_b-matrix.mtx")


@pytest.mark.parametrize("header", ["featurekey,featurename,chromosome", "ensembl_gene_id,external_gene_name,x"])
def test_headers_of_tables_of_genes_are_known(tmp_path, header):
    rows = lines([header, *(f"{i},{gene},1" for i, gene in zip(IDS, GENES, strict=True))])
    write_folder(tmp_path, VALUES.T, genes_csv=rows, cells_csv=lines(["cellkey,n", *(f"{cell},2" for cell in CELLS)]))
    read = read_expression(tmp_path)
    assert list(read.var_names) == GENES and list(read.obs_names) == CELLS and list(read.var["gene_ids"]) == IDS


def test_names_that_fit_are_named_and_introns_refused(tmp_path):
    write_folder(tmp_path, VALUES.T, "expr.mtx", my_genes_txt=lines(GENES), ids_txt=lines(CELLS), n_txt="1\n")
    with pytest.raises(
        InputError,
        match="no features.tsv and no barcodes.tsv .*ids.txt has 9 lines and my_genes.txt has 6 lines, and the matrix is 6 x 9",
    ):
        read_expression(tmp_path)
    usa = [f"g{i}{kind}" for kind in ("", "-U", "-A") for i in range(2)]
    folder = tmp_path / "usa"
    write_folder(folder, VALUES, "quants_mat.mtx", quants_mat_cols_txt=lines(usa), quants_mat_rows_txt=lines(CELLS))
    with pytest.raises(InputError, match="spliced, unspliced and ambiguous counts of alevin-fry"):
        read_expression(folder)


def test_a_table_of_names_of_another_sample_is_no_header(tmp_path):
    write_folder(tmp_path, VALUES.T, features_tsv=lines(GENES), barcodes_tsv=lines([*CELLS, "c10"]))
    with pytest.raises(InputError, match="6 features and 10 barcodes"):
        read_expression(tmp_path)


@pytest.mark.parametrize(
    ("form", "reader", "package"),
    [("zarr", "anndata.io.read_zarr", "zarr"), ("parquet", "pandas.read_parquet", "pyarrow")],
)
def test_a_missing_package_is_told_with_the_command(tmp_path, monkeypatch, form, reader, package):
    def without(path):
        raise ImportError(f"No module named {package}")

    path = tmp_path / f"x.{form}"
    if form == "zarr":
        (path / "var").mkdir(parents=True)
    else:
        path.write_bytes(b"PAR1")
    monkeypatch.setattr(reader, without)
    with pytest.raises(InputError, match=f"{package}.* is not installed: pip install {package}"):
        read_expression(path)
