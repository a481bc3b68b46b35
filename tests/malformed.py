"""Inputs as people really send them, each with what the refusal must name and which fix it offers.

A case replaces one of the good files of ``good_files`` (``put``: file name -> content, None removes it)
or adds arguments. ``says`` are words of the message: the offending thing first, the fix last.
"""

import gzip
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from anndata import AnnData
from small_data import small_anndata, small_table, write_10x

GOOD = small_table().to_csv()
TURNED = small_table().T.to_csv()
PACKED = gzip.compress(small_table(3).to_csv().encode() * 20, mtime=0)
LINES = GOOD.splitlines()
MTX = "%%MatrixMarket matrix coordinate real general\n3 2 2\n1 1 5\n3 2 1.5\n"
NAMES = {"m/features.tsv": "A\nB\nC\n", "m/barcodes.tsv": "c1\nc2\n"}
IDS = [f"ENSG{i:011d}" for i in range(6)]
EDGES = "regulator,target,weight\nGATA1,SPI1,2\nSPI1,NA,1\n"


@dataclass(frozen=True)
class Case:
    name: str
    says: tuple[str, ...]
    put: dict[str, bytes | str | None] = field(default_factory=dict)
    expression: str = "x.csv"
    arguments: tuple[str, ...] = ()
    command: str = "infer"


def good_files(folder: Path) -> None:
    """What a run that works needs."""
    (folder / "x.csv").write_text(GOOD, encoding="utf-8")
    (folder / "tfs.txt").write_text("TF\nGATA1\nSPI1\n", encoding="utf-8")
    (folder / "truth.csv").write_text("Gene1,Gene2\nGATA1,SPI1\nSPI1,HLA-A\n", encoding="utf-8")
    (folder / "edges.csv").write_text(EDGES, encoding="utf-8")
    write_10x(small_table(), folder / "10x")
    small_anndata().write_h5ad(folder / "good.h5ad")
    with_ids().write_h5ad(folder / "ids.h5ad")


def with_ids() -> AnnData:
    """Ensembl ids with symbols, some of them missing or repeated; cells with labels, good and bad."""
    adata = small_anndata()
    adata.var["symbol"] = list(adata.var_names)
    adata.var["holes"] = ["GATA1", "SPI1", None, "B", None, "C"]
    adata.var["twice"] = ["GATA1", "SPI1", "A", "A", "B", "C"]
    adata.var_names = IDS
    adata.obs["batch"] = pd.Categorical(["one", "two", "two"] * 3)
    adata.obs["barcode"] = [f"AC{i}" for i in range(9)]
    return adata


def put_files(folder: Path, case: Case) -> None:
    for name, content in case.put.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        if content is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())


def x(name: str, content: bytes | str, *says: str, file: str = "x.csv", **rest: object) -> Case:
    """A case of a spoiled expression table."""
    return Case(name, (file, *says), {file: content}, file, **rest)


def changed(old: str, new: str, lines: list[str] = LINES) -> str:
    """The good table with one piece replaced."""
    text = "\n".join(lines) + "\n"
    assert old in text, old
    return text.replace(old, new, 1)


def frame(change) -> str:
    return change(small_table()).to_csv()


def spoiled(value: str) -> str:
    """The good table with one value (cell_2, NA) replaced."""
    rows = [line.split(",") for line in LINES]
    rows[3][3] = value
    return "\n".join(map(",".join, rows)) + "\n"


AT = ("cell_2", "NA")
EXPRESSION = [
    x("empty file", b"", "is empty (0 bytes)", "copied to the end"),
    x("blank lines only", "\n\n \n", "blank lines only", "written to the end"),
    x("header only", LINES[0] + "\n", "has 7 fields and the rows have 0", "expected names"),
    x("one cell", "\n".join(LINES[:2]) + "\n", "1 cells x 6 genes", "at least two", "--orientation"),
    x("short row", changed(LINES[4], LINES[4].rpartition(",")[0]), "line 5 ('cell_3'...)", "6 fields", "rows above have 7", "value missing"),
    x("header too short", changed("GATA1,SPI1,", ""), "has 5 fields and the rows have 7"),
    x("name with a comma", changed("HLA-A", "HLA,A", TURNED.splitlines()), "line 6 ('HLA'...)", "name with a separator in it not quoted"),
    x("empty value", spoiled(""), "1 missing (NaN) values", *AT, "fill them in", "join='inner'"),
    x("Inf value", spoiled("Inf"), "1 infinite values", *AT, "division by zero"),
    x("1e400", spoiled("1e400"), "'1e400'", *AT, "not a number"),
    x("exponent that ends pandas", spoiled("1e50000000000"), "'1e50000000000'", *AT, "not a number"),
    x("1e308", spoiled("1e308"), "1 values beyond 1e+18", *AT, "was exp applied twice"),
    x("negative value", spoiled("-0.5"), "1 negative values", *AT, "--scaled"),
    x("word", spoiled("high"), "'high'", *AT, "not a number", "numbers with decimal points"),
    x("all booleans", frame(lambda t: t > 1), "'True'", "GATA1", "not a number"),
    x("thousands", spoiled('"1,234.5"'), "'1,234.5'", *AT, "no commas"),
    x("underscore", spoiled("1_0"), "'1_0'", *AT, "not a number"),
    x("hexadecimal", spoiled("0x1F"), "'0x1F'", *AT, "not a number"),
    x("other digits", spoiled("١"), "'١'", *AT, "not a number"),
    x("semicolons and decimal commas", GOOD.replace(",", ";").replace(".", ","), "(;GATA1;", "decimal commas"),
    x("decimal commas below one", spoiled('"0,123"'), "'0,123'", *AT, "decimal points"),
    x("row numbers as a gene", small_table().reset_index(names="cell").reset_index().rename(columns={"index": "Unnamed: 0"}).set_index("cell").to_csv(), "holds Unnamed: 0", "pandas", "index=False"),
    x("tabs in a csv", GOOD.replace(",", "\t"), "has 1 fields", "Separated otherwise"),
    x("no row names", small_table().to_csv(index=False), "first column ('GATA1') holds numbers", "index=True"),
    x("no row names, whole numbers", pd.DataFrame({"GATA1": [0, 1, 2], "SPI1": [3, 0, 2], "C": [1, 1, 0]}).to_csv(index=False), "stand below GATA1, which is a TF", "index=True"),
    x("no header", "".join(f"g{i},0.5,{i}.5\n" for i in range(5)), "first line holds numbers such as 0.5, 0.5", "expected names"),
    x("column without a name", changed(",SPI1", ","), "gene number 2 has no name", "name or drop it"),
    x("separators at row ends", LINES[0] + "\n" + "".join(f"{line},\n" for line in LINES[1:]), "gene number 1 has no name"),
    x("open quote in a row", changed("\ncell_3", '\n"cell_3'), "('cell_3,", "quotation mark left open"),
    x("comment above the header", "made by me\n" + GOOD, "(made by me) has 1 fields", "comment on top (delete it)"),
    x("a line for each value", "gene,cell,count\nGATA1,c1,4\nSPI1,c1,2\n", "'c1' at row GATA1", "long table", "pivot"),
    x("mtx under a csv name", MTX, "is a Matrix Market file", "Name it .mtx"),
    x("column of words", frame(lambda t: t.assign(type="a")), "'a'", "cell_0", "type", "Delete the rest"),
    x("repeated genes", frame(lambda t: pd.concat([t, t[["SPI1", "NA"]]], axis=1)), "2 gene names occur more than once (SPI1, NA)", "--duplicates sum"),
    x("another species", changed("GATA1,SPI1", "Gata1,Spi1"), "no TF of the list (2 names: GATA1, SPI1)", "Gata1, Spi1", "--match ignore-case 2"),
    x("ids without symbols", changed("GATA1,SPI1", "ENSG1,ENSG2"), "ENSG1, ENSG2", "symbols against Ensembl ids"),
    x("square table", frame(lambda t: t.corr().abs()), "2 of 6 row names", "2 of 6 column names", "--orientation"),
    x("all zero", frame(lambda t: t * 0), "all but 0 of the 6 genes", "Was the right table"),
    x("constant TFs", frame(lambda t: t.assign(GATA1=1.0, SPI1=0.0)), "no TF of the list", "GATA1, SPI1 are there, but have one value"),
    x("gzip under a plain name", PACKED, "no plain text", "unpack"),
    x("plain under a gzip name", GOOD, "damaged", "Not a gzipped file", "take .gz off", file="x.csv.gz"),
    x("cut gzip", PACKED[: len(PACKED) // 2], "damaged or cut short", "again", file="x.csv.gz"),
    x("Latin-1", GOOD.encode("latin-1"), "no plain text in UTF-8"),
    x("NUL bytes", GOOD.replace("cell_3,", "cell_3,\0\0"), "no plain text"),
    x("unknown ending", GOOD, "unknown ending", "expected csv, tsv", "save the sheet as csv", file="x.xlsx"),
    x("csv under a parquet name", GOOD, "not a readable parquet file", "copied to the end", file="x.parquet"),
    x("ids before symbols", small_table().T.reset_index(names="symbol").set_index(pd.Index(IDS, name="id")).to_csv(), "'GATA1' at row ENSG00000000000, column symbol", "one column of names"),
    x("csv under an h5ad name", GOOD, "not a readable h5ad file", "write it again", file="x.h5ad"),
    x("packed h5ad", gzip.compress(b"\x89HDF"), "not a readable h5ad file", "is it packed", file="x.h5ad.gz"),
    Case("misspelt file", ("no file y.csv", "did you mean x.csv"), {}, "y.csv"),
    Case("folder without mtx", ("0 .mtx files", "expected a 10x folder"), {"d/a.txt": "x"}, "d"),
    Case("two mtx", ("2 .mtx files (a.mtx, b.mtx)", "name a file"), {"d/a.mtx": MTX, "d/b.mtx": MTX}, "d"),
    Case("layer of a csv", ("layer 'logged' out", "plain table"), arguments=("--layer", "logged")),
    Case("unknown layer", ("no layer 'logged'", "it has none"), {}, "good.h5ad", ("--layer", "logged")),
    Case("no raw", ("has no .raw", "leave the layer out"), {}, "good.h5ad", ("--layer", "raw")),
    Case("orientation given wrongly", ("given as genes-x-cells", "leave --orientation out"), arguments=("--orientation", "genes-x-cells")),
]  # fmt: skip

MATRIX = [
    Case(name, ("m/", *says), {**NAMES, "m/matrix.mtx": MTX, **put}, "m")
    for name, put, says in (
        ("mtx without names of genes", {"m/features.tsv": None}, ("no features.tsv beside", "needs the names")),
        ("mtx with blank names of cells", {"m/barcodes.tsv": "\n\n"}, ("barcodes.tsv holds no names", "written to the end")),
        ("mtx of another sample", {"m/barcodes.tsv": "c1\nc2\nc3\nc4\nc5\n"}, ("3 x 2", "3 features and 5 barcodes", "belong together")),
        ("mtx without a head", {"m/matrix.mtx": "3 2 2\n1 1 5\n"}, ("starts with '3 2 2'", "expected a line such as '%%MatrixMarket")),
        ("symmetric mtx", {"m/matrix.mtx": MTX.replace("general", "symmetric")}, ("real symmetric", "Write it again")),
        ("cut mtx", {"m/matrix.mtx": MTX[:-8]}, ("holds 1 values, but its size line has 2", "cut short")),
        ("mtx counted from 0", {"m/matrix.mtx": MTX.replace("1 1 5", "0 1 5")}, ("beyond its size line, 3 x 2 counted from 1",)),
        ("mtx beyond its size", {"m/matrix.mtx": MTX.replace("3 2 1.5", "3 4 1.5")}, ("beyond its size line", "copy it again")),
        ("huge mtx", {"m/matrix.mtx": MTX.replace("3 2 2", f"{10**15} {10**15} 2")}, ("1000000000000000 x", "belong together")),
        ("mtx with half rows", {"m/matrix.mtx": MTX.replace("1 1 5", "1.5 1 5")}, ("not 3 numbers", "Copy it again")),
    )
]  # fmt: skip

LISTS = [
    Case(name, ("tfs.txt", *says), {"tfs.txt": content})
    for name, content, says in (
        ("header without names", "TF,Sources\n", ("no TF names", "one name a line")),
        ("expression table as list", "," + ",".join(f"cell_{i}" for i in range(500)), ("line of 501 fields", "one name a line")),
        ("list on one line", "GATA1,SPI1,TAL1\n", ("line of 3 fields (GATA1, SPI1, TAL1)", "Put each name on a line")),
        ("list on one line below a header", "TF\nGATA1,SPI1\n", ("line of 2 fields", "Put each name on a line")),
        ("another expression table as list", small_table(5).to_csv(index_label="cell").replace("cell", "gene", 1), ("numbers in all columns but one", "Is it the expression table")),
        ("list of what are no TFs", "Symbol,Is TF?\nGATA1,No\nSPI1,no\n", ("no TF names",)),
        ("no list", None, ("no file",)),
    )
] + [
    Case("expression table as its own list", ("--tfs x.csv is the expression table x.csv itself", "one name a line"), arguments=("--tfs", "x.csv")),
    Case("list of another species", ("KLF1", "x.csv", "another species"), {"tfs.txt": "KLF1\nTAL1\n"}),
    Case("list with versions", ("ENSG01.5", "--match ignore-version 1"), {"tfs.txt": "ENSG01.5\n", "x.csv": changed("GATA1", "ENSG01.2")}),
    Case("folder as list", ("10x is a folder", "expected a file"), arguments=("--tfs", "10x")),
]  # fmt: skip

SCORING = [
    Case(name, (file, *says), {file: content}, command="evaluate")
    for name, file, content, says in (
        ("network of one column", "truth.csv", "GATA1\nSPI1\n", ("(GATA1) has 1 fields", "expected regulator and target")),
        ("network without edges", "truth.csv", "Gene1,Gene2\n", ("header and no edges", "one edge a line")),
        ("network with a missing name", "truth.csv", "Gene1,Gene2\nGATA1,\n", ("number 1 ('GATA1' -> '')", "complete or delete")),
        ("network of all pairs", "truth.csv", "GATA1\tSPI1\t1\nGATA1\tNA\t0\n", ("column 3 holds 0 on 1 of 2 lines", "keep only the lines of edges")),
        ("network of all pairs as words", "truth.csv", "TF,target,interaction\nGATA1,SPI1,True\nGATA1,NA,False\n", ("column 3 holds 0 on 1 of 2", "keep only")),
        ("network with row names", "truth.csv", "Gene1,Gene2\ne1,GATA1,SPI1\n", ("rows have 3", "row.names=FALSE")),
        ("edges without weights", "edges.csv", "GATA1,SPI1\n", ("['GATA1', 'SPI1']", "An edge table has")),
        ("edge with NaN", "edges.csv", EDGES + "SPI1,GATA1,nan\n", ("data row 3: weight 'nan'", "leave out edges")),
        ("edge with an exponent that ends pandas", "edges.csv", EDGES + "SPI1,GATA1,1e50000000000\n", ("data row 3", "not a finite number")),
        ("edge without a name", "edges.csv", EDGES + ",GATA1,1\n", ("data row 3", "complete or delete")),
        ("edges of another species", "edges.csv", EDGES.replace("SPI1", "Spi1").replace("GATA1", "Gata1"), ("Gata1 -> Spi1", "x.csv", "--match ignore-case")),
    )
] + [
    Case("self-loops only", ("only edges of the reference network (1)", "x.csv", "self-loops", "right pair of columns"), {"truth.csv": "TF,target\nSPI1,SPI1\n"}, command="evaluate"),
    Case("network of another species", ("no edge of the reference network", "Gata1, Spi1", "--match ignore-case 2"), {"truth.csv": "TF,target\nGata1,Spi1\n"}, command="evaluate"),
    Case("network turned", ("none of the 2 true edges", "x.csv", "HLA-A -> SPI1", "2 end at one", "swapped"), {"truth.csv": "regulator,target\nHLA-A,SPI1\nNA,GATA1\n"}, command="evaluate"),
]  # fmt: skip

OPTIONS = [
    Case("misspelt method", ("unknown method 'grnbost2'", "did you mean grnboost2"), arguments=("--method", "grnbost2")),
    Case("folder as output", ("-o 10x is a folder", "10x/edges.csv"), arguments=("-o", "10x")),
    Case("output as Excel", ("-o e.xlsx", "name it e.csv"), arguments=("-o", "e.xlsx")),
    Case("output over the expression", ("-o x.csv is the input x.csv", "choose another"), arguments=("-o", "x.csv")),
    Case("output over the weights", ("-o w.csv is the input w.csv", "choose another"), {"w.csv": "no weights\n"}, arguments=("--weights", "w.csv", "-o", "w.csv")),
    Case("output over the names of cells", ("-o 10x/barcodes.tsv is the input 10x/barcodes.tsv", "choose another"), {}, "10x", ("-o", "10x/barcodes.tsv")),
    Case("output of a name too long", ("cannot read the path", "too long; choose a shorter"), arguments=("-o", "e" * 252 + ".csv")),
    Case("other file that is a folder", ("--also report writes out.report.json", "no plain file", "another name for -o"), {"out.report.json/a": "x"}, arguments=("--also", "report")),
    Case("list of a name too long", ("cannot read the path", "too long"), arguments=("--tfs", "t" * 300)),
    Case("output to a device", ("-o /dev/null is no plain file", "edges.csv"), arguments=("-o", "/dev/null")),
]  # fmt: skip

# The argument parser refuses numbers before any command sees them; it says "error: argument".
NUMBERS = [
    Case(f"{option} {value}", (f"argument {option}", f"'{value}'", expected), arguments=(option, value))
    for option, value, expected in (
        ("--genes", "0", "from 1 to"), ("--genes", "-5", "from 1 to"), ("--genes", "1e3", "whole number"),
        ("--genes", "99999999999", "to 2147483647"), ("--genes", "", "whole number"),
        ("--stability", "-1", "from 0 to"), ("--stability", "2.5", "whole number"),
        ("--decoys", "yes", "whole number"), ("--decoys", "1e400", "whole number"), ("--decoys", "nan", "whole number"),
        ("--top", "0", "from 1 to"), ("--seed", "-1", "from 0 to"), ("--seed", "99999999999999999999", "to 2147483647"),
        ("--truth", "", "expected a name or path"), ("--layer", " ", "expected a name or path"), ("--weights", "", "variable of the shell"),
        ("--jobs", "0", "or -1 for all cores"), ("--also", "excel", "choose from 'beeline'"), ("--match", "fuzzy", "choose from"),
    )
]  # fmt: skip

MORE = [
    Case(name, says, put, expression, ("--method", "clr", *more))
    for name, expression, more, says, put in (
        ("human list and ids beside symbols", "ids.h5ad", ("--tfs", "human"), ("ids.h5ad", "The column 'symbol'", "pass --gene-names symbol"), {}),
        ("symbols of a csv", "x.csv", ("--gene-names", "symbol"), ("x.csv is a plain table", "column of an .h5ad"), {}),
        ("missing symbols", "ids.h5ad", ("--gene-names", "holes"), ("no name for 2 of 6 genes (ENSG00000000002, ENSG00000000004)", "fillna"), {}),
        ("repeated symbols", "ids.h5ad", ("--gene-names", "twice"), ("1 gene names occur more than once (A)", "--duplicates sum"), {}),
        ("decoys within single cells", "ids.h5ad", ("--gene-names", "symbol", "--decoys", "2", "--decoys-within", "barcode"), ("9 of 9 cells a label that no other cell has (AC0", "nothing to permute", "a column of groups"), {}),
        ("decoys within without decoys", "x.csv", ("--decoys-within", "all"), ("--decoys-within needs --decoys N",), {}),
        ("decoys of joined ranks", "x.csv", ("--method", "grnular-curated", "--decoys", "2"), ("grnular-curated takes no --decoys", "--method grnular-context"), {}),
        ("decoys of the oracle", "x.csv", ("--method", "oracle", "--truth", "truth.csv", "--decoys", "2"), ("oracle takes no --decoys",), {}),
        ("other file over the expression", "good.h5ad", ("--also", "h5ad", "-o", "good.csv"), ("--also h5ad writes good.h5ad, which is the input", "another name for -o"), {}),
        ("other file over the truth", "x.csv", ("--also", "all", "--truth", "e.adjacencies.tsv", "-o", "e.csv"), ("--also pyscenic writes e.adjacencies.tsv, which is the input", "another name"), {"e.adjacencies.tsv": "TF\ttarget\nGATA1\tSPI1\n"}),
        ("names that no graph holds", "e.csv", ("--also", "all", "--tfs", "all", "--orientation", "cells-x-genes"), ("--also graphml cannot hold 1 names", "'a\\u2028b'", "rename"), {"e.csv": frame(lambda t: t.rename(columns={"SPI1": "a\u2028b"}))}),
        ("no truth", "x.csv", ("--truth", "thruth.csv"), ("no file thruth.csv", "did you mean truth.csv"), {}),
    )
]  # fmt: skip

CASES = [*EXPRESSION, *MATRIX, *LISTS, *SCORING, *OPTIONS, *NUMBERS, *MORE]
