"""The command line: what it writes where, its exit codes, and that it stays whole when things fail."""

from __future__ import annotations

import argparse
import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_data import GENES, TFS, small_anndata, small_table, write_10x, write_tfs

from grnular_core import commands, memory
from grnular_core.__main__ import EXIT_CODES, main, make_parser
from grnular_core.dataset import make_dataset
from grnular_core.edges import read_edges
from grnular_core.errors import DownloadError, GrnularError, InputError, MethodError
from grnular_core.files import WriteError
from grnular_core.methods import METHODS, infer

EDGES = "regulator,target,weight\nA,C,4\nA,B,3\nB,D,2\nB,C,1\n"
TRUTH = "Gene1,Gene2\nA,C\nB,C\nB,A\n"
OLD = "the last result\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own working directory with an expression table and a TF list."""
    small_table().to_csv(tmp_path / "x.csv")
    write_tfs(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def scored(folder: Path) -> Path:
    """Four genes, four edges and three true ones, small enough to score by hand."""
    values = np.arange(12.0).reshape(3, 4) ** 2
    pd.DataFrame(values, columns=list("ABCD")).to_csv(folder / "abcd.csv")
    (folder / "edges.csv").write_text(EDGES)
    (folder / "truth.csv").write_text(TRUTH)
    (folder / "ab.txt").write_text("A\nB\n")
    return folder


def run_infer(*more: str, expression: str = "x.csv", out: str = "out.csv") -> int:
    method = () if "--method" in more else ("--method", "clr")
    return main(["infer", expression, "--tfs", "tfs.txt", *method, *more, "-o", out])


def run_evaluate(*more: str) -> int:
    given = ["--truth", "truth.csv", "--expression", "abcd.csv", "--tfs", "ab.txt"]
    return main(["evaluate", "edges.csv", *given, *more])


def shell(*words: str, cwd: Path, **options) -> subprocess.CompletedProcess:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **options.pop("env", {})}
    command = [sys.executable, "-m", "grnular_core", *words]
    options = {"capture_output": True, "text": True, **options}
    return subprocess.run(command, cwd=cwd, env=environment, timeout=120, **options)


# --- infer


@pytest.mark.parametrize("method", ["correlation", "clr", "ridge", "random", "degree"])
def test_infer_writes_the_table_of_the_python_call(folder, capsys, method):
    assert run_infer("--method", method, "--seed", "3") == 0
    out, err = capsys.readouterr()
    assert out == ""
    expected = infer(make_dataset(small_table(), TFS), method, seed=3)
    pd.testing.assert_frame_equal(read_edges("out.csv"), expected, check_exact=True)
    header = Path("out.csv").read_text().splitlines()[0]
    assert header == "regulator,target,weight,sign,rank"
    for words in (
        "note: genes are the columns: 0 of 9 row names",
        "note: values look like log values",
        "note: 2 of the 2 TFs of the list are in the data",
        f"{method}: 9 cells, 6 genes, 2 TFs; less than 1 MB of memory",
        f"wrote {len(expected)} edges to out.csv",
    ):
        assert words in err


def test_every_form_of_the_data_gives_the_same_file(folder):
    table, adata = small_table(), small_anndata("csc")
    table.T.to_csv("turned.tsv.gz", sep="\t")
    table[GENES[::-1]].iloc[::-1].to_csv("other_order.csv")
    write_10x(table, folder / "10x", packed=True)
    adata.layers["logged"], adata.raw = adata.X.copy(), adata
    adata.X = adata.X * 0
    adata.write_h5ad("x.h5ad")
    run_infer()
    expected = Path("out.csv").read_bytes()
    for expression, *more in (
        ("turned.tsv.gz",),
        ("10x",),
        ("10x/matrix.mtx.gz",),
        ("x.h5ad", "--layer", "logged"),
        ("x.h5ad", "--layer", "raw"),
        ("x.csv", "--orientation", "cells-x-genes"),
        ("x.csv", "--match", "ignore-case"),
        (str(folder / "x.csv"),),
    ):
        assert run_infer(*more, expression=expression, out="again.csv") == 0
        assert Path("again.csv").read_bytes() == expected
    # another order of cells sums in another order: the same edges, up to rounding
    run_infer(expression="other_order.csv", out="again.csv")
    again, first = read_edges("again.csv"), read_edges("out.csv")
    pd.testing.assert_frame_equal(again, first, rtol=1e-12)


@pytest.mark.parametrize("out", ["e.csv.gz", "e.tsv", "e.TSV.gz", "sub/e.csv", "e"])
def test_the_name_of_the_result_decides_its_form(folder, out):
    (folder / "sub").mkdir()
    assert run_infer() == run_infer(out=out) == 0
    pd.testing.assert_frame_equal(read_edges(out), read_edges("out.csv"), check_exact=True)


def test_the_word_all_lets_every_gene_regulate(folder, capsys):
    assert run_infer("--tfs", "all", "--orientation", "cells-x-genes") == 0
    assert set(read_edges("out.csv")["regulator"]) == set(GENES)
    assert "all 6 genes may regulate" in capsys.readouterr().err
    assert run_infer("--tfs", "all") == 2
    assert "without a TF list; pass --orientation" in capsys.readouterr().err


def test_scaled_values_and_repeated_genes_pass_when_they_are_meant(folder):
    (small_table() - 1).to_csv("scaled.csv")
    assert run_infer(expression="scaled.csv") == 2
    assert run_infer("--scaled", expression="scaled.csv") == 0
    pd.concat([small_table(), small_table()[["SPI1"]]], axis=1).to_csv("twice.csv")
    assert run_infer(expression="twice.csv") == 2
    assert run_infer("--duplicates", "first", expression="twice.csv", out="twice_out.csv") == 0
    assert run_infer() == 0
    assert Path("twice_out.csv").read_bytes() == Path("out.csv").read_bytes()


def test_the_oracle_takes_a_truth(folder):
    Path("net.csv").write_text("Gene1,Gene2\nSPI1,NA\nGATA1,nan\n")
    assert run_infer("--method", "oracle", "--truth", "net.csv") == 0
    edges = read_edges("out.csv")
    assert edges[["regulator", "target"]].values.tolist() == [["GATA1", "nan"], ["SPI1", "NA"]]


# --- progress


def test_a_method_that_reports_nothing_draws_no_bar(folder, capsys):
    run_infer()
    err = capsys.readouterr().err
    assert "it/s" not in err and "0it" not in err and "\r" not in err


def test_a_method_that_reports_draws_its_bar_on_stderr(capsys):
    with commands.progress_bar("trees") as update:
        assert capsys.readouterr().err == ""
        update(1, 4)
        update(4, 4)
    out, err = capsys.readouterr()
    assert out == "" and "trees:" in err and "4" in err


def test_a_bar_is_closed_when_the_method_fails(capsys):
    with pytest.raises(MethodError), commands.progress_bar("trees") as update:
        update(1, 4)
        raise MethodError("broken")
    assert capsys.readouterr().err.endswith("\r")


def test_long_methods_say_how_long_before_they_start(folder, capsys, monkeypatch):
    monkeypatch.setattr(commands, "run_method", lambda *_: pytest.fail("started"))
    with pytest.raises(pytest.fail.Exception):
        run_infer("--method", "genie3")
    assert "genie3 takes hours at 1,000 genes and 400 cells" in capsys.readouterr().err


# --- refusals before any work, and failures after it


@pytest.mark.parametrize(
    "arguments",
    [
        ("--method", "nothing"),
        ("--device", "tpu"),
        ("--method", "oracle"),
        ("--tfs", "nowhere.txt"),
        ("-o", "nowhere/out.csv"),
    ],
)
def test_bad_arguments_are_refused_before_the_expression_is_read(folder, monkeypatch, arguments):
    monkeypatch.setattr(commands, "read_expression", lambda path: pytest.fail("was read"))
    given = ["infer", "x.csv", "--tfs", "tfs.txt", "-o", "out.csv", *arguments]
    assert main(given) == 2


def test_a_gpu_that_is_not_there_is_refused_before_any_work(folder, monkeypatch, capsys):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    monkeypatch.setattr(commands, "read_expression", lambda path: pytest.fail("was read"))
    assert run_infer("--device", "cuda") == 2
    assert "torch sees 0 GPUs" in capsys.readouterr().err


def test_what_does_not_fit_the_memory_is_refused_before_any_work(folder, monkeypatch, capsys):
    monkeypatch.setattr(memory, "machine_bytes", lambda: 3_000)
    monkeypatch.setattr(commands, "run_method", lambda *_: pytest.fail("started"))
    assert run_infer() == 2
    assert "keep fewer genes" in capsys.readouterr().err and not Path("out.csv").exists()


def test_the_estimate_of_memory_grows_with_the_data():
    assert memory.needed_bytes(1000, 20_000, 1500) > 8 * 1000 * 20_000
    assert memory.needed_bytes(10, 10, 5) < memory.needed_bytes(20, 10, 5)
    assert memory.needed_bytes(10, 10, 5) < memory.needed_bytes(10, 10, 6)
    assert [memory.spelled_size(n) for n in (10, 2_500_000, 3_000_000_000)] == [
        "less than 1 MB",
        "about 2.5 MB",
        "about 3.0 GB",
    ]
    there = memory.machine_bytes()
    assert there is None or there > 2**20


FAILURES = [
    (InputError("bad data"), 2, "error: bad data"),
    (DownloadError("no network"), 3, "error: no network"),
    (MethodError("no solution"), 4, "error: no solution"),
    (MemoryError(), 4, "error: out of memory; keep fewer genes"),
    (KeyboardInterrupt(), 130, "interrupted; no result was written"),
]


@pytest.mark.parametrize(("error", "code", "words"), FAILURES)
def test_a_run_that_fails_says_why_and_keeps_the_last_result(
    folder, monkeypatch, capsys, error, code, words
):
    Path("out.csv").write_text(OLD)

    def fail(*_):
        raise error

    monkeypatch.setattr(commands, "run_method", fail)
    assert run_infer() == code
    out, err = capsys.readouterr()
    assert out == "" and err.splitlines()[-1].startswith(words) and "Traceback" not in err
    assert Path("out.csv").read_text() == OLD
    assert sorted(os.listdir()) == ["out.csv", "tfs.txt", "x.csv"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "cannot write out.csv: no space left on the disk; free some"),
        (errno.EROFS, "cannot write out.csv: the folder . is not writable"),
    ],
)
def test_a_result_that_cannot_be_written_is_said_and_the_last_one_kept(
    folder, monkeypatch, capsys, number, words
):
    Path("out.csv").write_text(OLD)

    def full(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    assert run_infer() == 5
    assert words in capsys.readouterr().err
    assert Path("out.csv").read_text() == OLD
    assert sorted(os.listdir()) == ["out.csv", "tfs.txt", "x.csv"]


def test_a_folder_without_rights_is_refused_before_any_work(folder, monkeypatch, capsys):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(commands, "read_expression", lambda path: pytest.fail("was read"))
    assert run_infer() == 2
    assert "the folder . is not writable; choose another" in capsys.readouterr().err


# --- evaluate


def evaluated(capsys, *more: str) -> dict:
    """The one JSON object on standard output; a second one or a note there would not parse."""
    assert run_evaluate(*more) == 0
    return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


def test_evaluate_gives_the_scores_worked_out_by_hand(scored, capsys):
    """Candidates by falling score, true ones in capitals: AC ab bd BC {ad BA}.

    Precision at each true one is 1, 2/4 and 3/6; of the 9 pairs of true and false, 4 are in order
    and 1 is tied. The paper sees AC ab bd BC {ad cd}, each pair once; B -> A lies below the diagonal.
    """
    scores = evaluated(capsys)
    assert list(scores) == ["strict", "paper"]
    strict, paper = scores["strict"], scores["paper"]
    assert (strict["n_candidates"], strict["n_true"], strict["density"]) == (6, 3, 0.5)
    assert strict["auprc"] == pytest.approx((1 + 2 / 4 + 3 / 6) / 3)
    assert strict["auprc_ratio"] == pytest.approx(4 / 3)
    assert strict["auroc"] == pytest.approx(4.5 / 9)
    assert strict["epr"] == pytest.approx((1 / 3) / 0.5)
    assert (paper["n_pairs"], paper["n_true_seen"]) == (6, 2)
    assert paper["auprc"] == pytest.approx((1 + 2 / 4) / 2)
    assert paper["auroc"] == pytest.approx(6 / 8)
    assert paper["floor_auroc"] == pytest.approx(1 - (3 / 4) / 2)


def test_the_paper_protocol_follows_the_gene_order_of_the_file(scored, capsys):
    table = pd.read_csv("abcd.csv", index_col=0)
    strict = evaluated(capsys)["strict"]
    table[list("DCBA")].to_csv("abcd.csv")
    turned = evaluated(capsys)
    assert turned["strict"] == strict
    assert turned["paper"]["n_true_seen"] == 1  # B -> A alone, the second of six
    assert turned["paper"]["auprc"] == pytest.approx(1 / 2)


def test_a_symmetric_truth_is_seen_in_both_directions(scored, capsys):
    scores = evaluated(capsys, "--symmetric-truth")
    assert scores["paper"]["auprc"] == pytest.approx((1 + 1 + 3 / 4) / 3)
    assert scores["strict"]["auprc"] == pytest.approx(2 / 3)


def test_undefined_numbers_are_null_with_a_reason(scored, capsys):
    scores = evaluated(capsys)["strict"]
    assert scores["sign_share"] is None and "no signs" in scores["sign_share_reason"]
    Path("edges.csv").write_text("regulator,target,weight\n")
    empty = evaluated(capsys)["paper"]
    assert empty["precision"] is None and empty["precision_reason"] == "nothing predicted"


def test_repeated_edges_self_loops_and_unknown_names_move_no_number(scored, capsys):
    expected = evaluated(capsys)
    Path("edges.csv").write_text(EDGES + "A,C,4\nA,C,0.1\nA,A,9\nA,X,9\n")
    Path("truth.csv").write_text(TRUTH + "A,C\nA,A\nB,X\n")
    assert evaluated(capsys) == expected


def test_edges_that_are_not_scored_are_said(scored, capsys):
    expected = evaluated(capsys)
    Path("edges.csv").write_text(EDGES + "A,X,9\nC,A,9\n")
    assert run_evaluate() == 0
    out, err = capsys.readouterr()
    assert "1 of 6 edges name a gene that is not in the expression, e.g. A -> X; they are left" in err
    assert "1 of 6 edges start at a gene that is not in the TF list, e.g. C -> A; only epr_" in err
    for protocol, scores in json.loads(out).items():
        moved = {key for key, value in scores.items() if value != expected[protocol][key]}
        assert moved <= {"epr_truth_genes_all_pairs"}


def test_evaluate_takes_the_layouts_that_infer_takes(scored, capsys):
    expected = evaluated(capsys)
    Path("abcd.csv").write_text(pd.read_csv("abcd.csv", index_col=0).T.to_csv())
    Path("ab.txt").write_text("TF,Sources\nA,x\nB,y\n")
    Path("truth.csv").write_text(TRUTH.replace(",", "\t").replace("\n", "\r\n"))
    Path("edges.csv").write_text(EDGES.replace("regulator,target,weight", "TF,target,importance"))
    assert evaluated(capsys) == expected
    Path("edges.csv").write_text(EDGES.lower())
    Path("truth.csv").write_text(TRUTH.lower())
    assert evaluated(capsys, "--match", "ignore-case") == expected


def test_values_of_the_expression_do_not_matter_for_scores(scored, capsys):
    expected = evaluated(capsys)
    Path("abcd.csv").write_text(",A,B,C,D\nc1,-1,NA,0,0\n")
    assert evaluated(capsys) == expected


def test_every_gene_of_the_file_is_a_candidate_also_a_constant_one(scored, capsys):
    table = pd.read_csv("abcd.csv", index_col=0).assign(E=0.0)
    table.to_csv("abcd.csv")
    assert evaluated(capsys)["strict"]["n_candidates"] == 8


def test_evaluate_reads_the_genes_of_a_layer_or_raw(scored, capsys):
    adata = small_anndata()
    adata.raw = adata
    adata[:, :3].copy().write_h5ad("x.h5ad")
    Path("truth.csv").write_text("TF,target\nGATA1,SPI1\n")
    Path("edges.csv").write_text("regulator,target,weight\nGATA1,SPI1,1\n")
    given = ["--truth", "truth.csv", "--expression", "x.h5ad", "--tfs", "tfs.txt"]
    sizes = []
    for more in ([], ["--layer", "raw"]):
        assert main(["evaluate", "edges.csv", *given, *more]) == 0
        sizes.append(json.loads(capsys.readouterr().out)["strict"]["n_candidates"])
    assert sizes == [2, 5]
    assert main(["evaluate", "edges.csv", *given, "--layer", "x"]) == 2


def test_all_genes_of_an_h5ad_may_regulate(scored, capsys):
    small_anndata().write_h5ad("x.h5ad")
    Path("truth.csv").write_text("TF,target\nNA,nan\n")
    assert run_infer("--tfs", "all", expression="x.h5ad", out="edges.csv") == 0
    given = ["--truth", "truth.csv", "--expression", "x.h5ad", "--tfs", "all"]
    assert main(["evaluate", "edges.csv", *given]) == 0
    assert json.loads(capsys.readouterr().out)["strict"]["n_regulators"] == 1


# --- the other commands, help, exit codes


def test_methods_are_listed_with_what_they_cost(capsys):
    assert main(["methods"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(METHODS)
    assert all(line.split()[1] in ("seconds", "minutes", "hours") for line in lines)


def test_download_lists_and_refuses_what_it_does_not_know(folder, capsys, monkeypatch):
    monkeypatch.setenv("GRNULAR_DATA", str(folder / "data"))
    assert main(["download"]) == 0
    out, err = capsys.readouterr()
    assert "beeline/Networks/human-tfs.csv" in out and str(folder / "data") in err
    assert main(["download", "beeline/nothing/*"]) == 2
    assert "no file of the registry matches" in capsys.readouterr().err


def test_download_prints_each_path_once_and_fails_with_its_own_code(folder, capsys, monkeypatch):
    monkeypatch.setattr("grnular_core.downloads.fetch", lambda key: folder / key)
    key = "beeline/Networks/human-tfs.csv"
    assert main(["download", key, "beeline/Networks/human-tfs*"]) == 0
    assert capsys.readouterr().out == f"{folder / key}\n"

    def offline(key):
        raise DownloadError("no network")

    monkeypatch.setattr("grnular_core.downloads.fetch", offline)
    assert main(["download", key]) == 3
    assert capsys.readouterr() == ("", "error: no network\n")


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction)).choices


def test_help_explains_every_command_and_option():
    parser = make_parser()
    assert EXIT_CODES in parser.format_help()
    for name, command in subparsers(parser).items():
        assert name in parser.format_help()
        for action in command._actions:
            if action.option_strings:
                assert action.help, (name, action.dest)
                assert action.option_strings[-1] in command.format_help()
        longest = max(map(len, (command.description or "").splitlines()), default=0)
        assert longest <= 100


def test_the_exit_codes_of_the_help_are_those_of_the_errors():
    for kind, words in (
        (InputError, "2 unusable input"),
        (DownloadError, "3 data could not be had"),
        (MethodError, "4 the method failed"),
        (WriteError, "5 the result could not be written"),
    ):
        assert words in EXIT_CODES and kind.exit_code == int(words[0])
    assert GrnularError.exit_code == 1 and "130 interrupted" in EXIT_CODES


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "COMMAND"),
        (["infr"], "invalid choice: 'infr'"),
        (["infer", "x.csv"], "--tfs, -o/--out"),
        (["infer", "x.csv", "--tfs", "t", "-o", "o", "--seed", "-1"], "whole number >= 0"),
        (["infer", "x.csv", "--tfs", "t", "-o", "o", "--seed", "1.5"], "whole number >= 0"),
        (["infer", "x.csv", "--tfs", "t", "-o", "o", "--jobs", "0"], "number of processes"),
        (["infer", "x.csv", "--tfs", "t", "-o", "o", "--match", "loose"], "ignore-case"),
        (["evaluate", "e.csv"], "--truth, --expression, --tfs"),
    ],
)
def test_wrong_arguments_end_with_code_2_and_the_usage(arguments, words, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    out, err = capsys.readouterr()
    assert caught.value.code == 2 and out == ""
    assert "usage: python -m grnular_core" in err and words in err


# --- in a process of its own


def test_it_runs_from_any_folder_whatever_the_hash_seed_and_the_order_of_columns(folder):
    """Same bytes in each: sets have another order under another hash seed."""
    elsewhere = folder / "else where"
    elsewhere.mkdir()
    order = GENES[::-1]
    small_table()[order].to_csv("other.csv")
    Path("other_tfs.txt").write_text("SPI1\nKLF1\nGATA1\n")
    for number, (expression, tfs) in enumerate((("x", "tfs"), ("other", "other_tfs"))):
        done = shell(
            *("infer", f"../{expression}.csv", "--tfs", f"../{tfs}.txt", "--method", "clr"),
            *("-o", f"{number}.csv"),
            cwd=elsewhere,
            env={"PYTHONHASHSEED": str(number + 1)},
        )
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert run_infer() == 0
    expected = Path("out.csv").read_bytes()
    assert (elsewhere / "0.csv").read_bytes() == (elsewhere / "1.csv").read_bytes() == expected


def test_errors_of_a_process_are_one_line_and_its_exit_code(folder):
    done = shell("infer", "no.csv", "--tfs", "tfs.txt", "-o", "out.csv", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: no file no.csv; did you mean x.csv?\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_standard_output_is_said(tmp_path):
    with open("/dev/full", "w") as full:
        done = shell(
            "methods", cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, capture_output=False
        )
    assert done.returncode == 5
    assert done.stderr.startswith("error: cannot write standard output: no space left")
    assert "Traceback" not in done.stderr


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    done = shell(
        "methods", cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, capture_output=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")
