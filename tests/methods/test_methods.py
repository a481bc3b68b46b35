"""The registry: every method gives a valid edge table that depends on data and seed alone."""

import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from conftest import linear_network

from grnular_core.cli.main import main
from grnular_core.data.dataset import make_dataset
from grnular_core.data.edges import EDGE_COLUMNS
from grnular_core.methods.registry import (
    METHODS,
    RunOptions,
    check_method,
    infer,
    method,
    run_method,
)
from grnular_core.scoring.strict import strict_scores
from grnular_core.utils.errors import InputError, MethodError

# Tested elsewhere: weights of their own in test_trained_methods.py, tuned settings in test_tuned.py, forests in
# test_trees.py, and packages that may not be there. Everything else of the registry, also what is new, is tested here.
ELSEWHERE = {
    "grnular", "grnular-cells", "glad", "glad-tf", "genie3", "genie3-100", "cluster-correlation-4-signed",
    "cluster-correlation-mean",
}  # fmt: skip
TESTED = tuple(
    name for name, entry in METHODS.items()
    if name not in ELSEWHERE and entry.package is None and not name.endswith("-tuned")
)  # fmt: skip


def table(data, name: str, seed: int = 0) -> pd.DataFrame:
    return infer(data, name, seed=seed, device="cpu", n_jobs=1)


@pytest.fixture(scope="module")
def tables(small_data) -> dict[str, pd.DataFrame]:
    return {name: table(small_data, name) for name in TESTED}


@pytest.mark.parametrize("name", TESTED)
def test_gives_a_complete_edge_table(tables, small_data, name):
    edges = tables[name]
    assert tuple(edges.columns) == EDGE_COLUMNS
    assert set(edges["regulator"]) <= set(small_data.tfs)
    assert (edges["regulator"] != edges["target"]).all()
    assert edges["weight"].is_monotonic_decreasing and (edges["weight"] > 0).all()
    assert set(edges["sign"]) <= {-1, 0, 1}
    assert list(edges["rank"]) == list(range(1, len(edges) + 1))
    assert not edges.duplicated(["regulator", "target"]).any()


@pytest.mark.parametrize("name", TESTED)
def test_does_not_depend_on_the_order_of_genes(tables, name):
    expression, tfs, truth = linear_network()
    order = np.random.default_rng(5).permutation(expression.shape[1])
    shuffled = make_dataset(
        expression.iloc[:, order], tfs[::-1], truth.sample(frac=1, random_state=1)
    )
    pd.testing.assert_frame_equal(tables[name], table(shuffled, name))


@pytest.mark.parametrize("name", [n for n in TESTED if METHODS[n].stochastic])
def test_same_seed_same_numbers_and_another_seed_others(tables, small_data, name):
    pd.testing.assert_frame_equal(tables[name], table(small_data, name))
    assert not tables[name].equals(table(small_data, name, seed=1))


@pytest.mark.parametrize(
    "name", ["correlation", "clr", "ridge", "glasso", "grnboost2", "tigress", "grnular-untrained"]
)
def test_finds_a_linear_network(tables, small_data, name):
    scores = strict_scores(tables[name], small_data.truth, small_data.genes, small_data.tfs)
    assert scores["auprc_ratio"] > 2.5
    assert scores["sign_share"] > 0.9


def test_controls_are_where_they_should_be_and_the_oracle_needs_a_truth(tables, small_data):
    oracle, chance = (
        strict_scores(tables[name], small_data.truth, small_data.genes, small_data.tfs)
        for name in ("oracle", "random")
    )
    assert oracle["auprc"] == 1 and chance["auprc_ratio"] < 2
    listed = tables["target-is-tf"]
    assert (listed["weight"] == 1).all() and set(listed["target"]) == set(small_data.tfs)
    by_mean = tables["target-mean"]
    means = pd.Series(small_data.expression().mean(axis=0), small_data.genes)
    assert by_mean["target"].drop_duplicates().tolist() == list(means.sort_values(ascending=False).index[:-1])
    assert by_mean.groupby("target")["weight"].nunique().max() == 1
    # a TF's edges all score alike
    assert tables["degree"].groupby("regulator")["weight"].nunique().max() == 1
    with pytest.raises(InputError, match="needs a reference network"):
        infer(make_dataset(*linear_network()[:2]), "oracle")


def test_names_are_found_whatever_their_case_and_wrong_or_old_ones_name_the_right():
    assert method("CLR") is METHODS["clr"]
    with pytest.raises(InputError, match="did you mean grnboost2"):
        method("grnbost2")
    with pytest.raises(InputError, match="'grnular-paper' is now called 'grnular'"):
        method("grnular-paper")
    for old, new in (("paper-clean", "grnular-clean"), ("grnular", "grnular-context")):
        with pytest.raises(InputError, match=f"'{old}' are now called '{new}'"):
            check_method(METHODS["grnular"], old)


@pytest.mark.parametrize("name", [name for name, entry in METHODS.items() if entry.package])
def test_a_missing_package_is_refused_with_the_command_that_installs_it(
    name, small_data, monkeypatch, tmp_path, capsys
):
    package = METHODS[name].package
    monkeypatch.setitem(sys.modules, package.module, None)
    hint = f"python -m pip install '{package.requirement}'"
    with pytest.raises(MethodError, match=re.escape(hint)):
        infer(small_data, name)
    small_data.adata.to_df().to_csv(tmp_path / "x.csv")
    (tmp_path / "tfs.txt").write_text("\n".join(small_data.tfs))
    words = ["infer", tmp_path / "x.csv", "--tfs", tmp_path / "tfs.txt", "--method", name]
    assert main([*map(str, words), "-o", str(tmp_path / "out.csv")]) != 0
    assert hint in capsys.readouterr().err


def test_the_registry_loads_neither_torch_nor_matplotlib():
    program = """
import sys, grnular_core.methods.registry
print([name for name in ("torch", "matplotlib", "numba", "arboreto") if name in sys.modules])"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_algorithm_1_runs_the_published_weights_and_gives_another_network(small_data):
    base, published = (
        run_method(small_data, name, RunOptions(device="cpu"))
        for name in ("grnular-base", "grnular")
    )
    assert base.seconds > 0 and base.cpu_seconds > 0
    assert base.weights_digest == published.weights_digest != ""
    assert not base.edges.equals(published.edges)


@pytest.mark.parametrize("name", ["grnular", "grnular-context"])
def test_the_published_model_runs_in_double_precision_and_a_run_may_say_otherwise(small_data, name):
    own, single, double = (
        infer(small_data, name, device="cpu", precision=done)["weight"].to_numpy()
        for done in (None, "single", "double")
    )
    assert np.array_equal(own, double if name == "grnular" else single)
    assert not np.array_equal(single, double)
