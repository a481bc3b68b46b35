"""The command line: what `infer` writes where, help, exit codes, and the other commands."""

import argparse
import os
from pathlib import Path

import pandas as pd
import pytest
from cli_runs import run_infer, shell
from small_data import GENES, TFS, small_anndata, small_table

from grnular_core.cli.main import EXIT_CODES, main, make_parser
from grnular_core.data.dataset import make_dataset
from grnular_core.data.edges import read_edges
from grnular_core.methods.registry import METHODS, infer
from grnular_core.utils.errors import DownloadError, GrnularError, InputError, MethodError
from grnular_core.utils.files import WriteError

pytest_plugins = ("cli_folder",)


# --- infer


def test_infer_writes_the_table_of_the_python_call(folder, capsys):
    assert run_infer("--method", "ridge", "--seed", "3") == 0
    out, err = capsys.readouterr()
    expected = infer(make_dataset(small_table(), TFS), "ridge", seed=3)
    pd.testing.assert_frame_equal(read_edges("out.csv"), expected, check_exact=True)
    header = Path("out.csv").read_text().splitlines()[0]
    assert header == "regulator,target,weight,sign,rank" and out == ""
    assert "note: genes are the columns: 0 of 9 row names" in err
    assert "ridge: 9 cells, 6 genes, 2 TFs; less than 1 MB of memory" in err
    assert f"wrote {len(expected)} edges to out.csv" in err


def test_options_choose_what_of_a_file_is_read(folder):
    table, adata = small_table(), small_anndata("csc")
    table.T.to_csv("turned.tsv.gz", sep="\t")
    adata.layers["logged"], adata.raw = adata.X.copy(), adata
    adata.X = adata.X * 0
    adata.write_h5ad("x.h5ad")
    run_infer()
    for expression, *more in (
        ("turned.tsv.gz", "--orientation", "genes-x-cells"),
        ("x.h5ad", "--layer", "logged"),
        ("x.h5ad", "--layer", "raw"),
        ("x.csv", "--match", "ignore-case"),
    ):
        assert run_infer(*more, expression=expression, out="again.csv") == 0
        assert Path("again.csv").read_bytes() == Path("out.csv").read_bytes()


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


# --- the other commands, help, exit codes


def test_methods_are_listed_with_what_they_cost(capsys):
    assert main(["methods"]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert "fast: correlation or ridge, in seconds; thorough: grnular-curated, the default, with --stability 20" in err
    cost = dict(line.split()[:2] for line in lines)
    assert cost["correlation"] == cost["ridge"] == "seconds" and cost["grnular-curated"] == cost["grnular-cells"] == "minutes"
    assert [line.split()[0] for line in lines] == list(METHODS)
    assert all(line.split()[1] in ("seconds", "minutes", "hours") for line in lines)


def test_download_lists_prints_each_path_once_and_fails_with_its_own_code(
    folder, capsys, monkeypatch
):
    key = "beeline/Networks/human-tfs.csv"
    assert main(["download"]) == 0
    assert key in capsys.readouterr().out
    assert main(["download", "beeline/nothing/*"]) == 2
    assert "no file of the registry matches" in capsys.readouterr().err
    monkeypatch.setattr("grnular_core.data.downloads.fetch", lambda key: folder / key)
    assert main(["download", key, "beeline/Networks/human-tfs*"]) == 0
    assert capsys.readouterr().out == f"{folder / key}\n"

    def offline(key):
        raise DownloadError("no network")

    monkeypatch.setattr("grnular_core.data.downloads.fetch", offline)
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
            if action.option_strings and action.help is not argparse.SUPPRESS:
                assert action.help, (name, action.dest)
                assert action.option_strings[-1] in command.format_help()


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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_standard_output_is_said(tmp_path):
    with open("/dev/full", "w") as full:
        done = shell("methods", cwd=tmp_path, stdout=full)
    assert done.returncode == 5
    assert done.stderr.startswith("error: cannot write standard output: no space left")


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    done = shell("methods", cwd=tmp_path, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")
