"""Choices that the paper leaves open: the models differ in the choice alone, and the record is theirs."""

import numpy as np
import pandas as pd
import pytest
import torch
from grnular_paper import open_choices
from grnular_paper.records import recorded_folder


def test_the_printed_mask_has_no_diagonal_of_other_genes():
    tfs = torch.tensor([[2, 0]])
    kept = open_choices.GLADTF().mask(tfs, 1, 4)
    printed = open_choices._MaskedDiagonal().mask(tfs, 1, 4)
    assert (kept & ~printed)[0].nonzero().tolist() == [[1, 1], [3, 3]]
    assert not (printed & ~kept).any() and open_choices._MaskedDiagonal().mask(None, 1, 4) is None


def test_the_start_and_the_cells_of_the_fit_differ():
    sigma = torch.eye(3)[None] * 2
    assert open_choices._FromZero().start(sigma).Z.count_nonzero() == 0
    models = open_choices.models()
    configs = [models["cells of goodINIT", value].config for value in ("all", "four fifths")]
    fitted = [config.split_cells(50, torch.Generator().manual_seed(0))[0] for config in configs]
    assert [len(cells) for cells in fitted] == [50, 40]


def test_an_effect_is_the_mean_over_graphs(tmp_path):
    rows = [("Z_0", value, "clean", i, auprc) for value, auprcs in (("theta_0", (0.2, 0.4)), ("0", (0.5, 0.7))) for i, auprc in enumerate(auprcs)]
    columns = ["choice", "value", "graphs", "replicate", "strict_auprc"]
    assert open_choices.effect(tmp_path, "Z_0") == ""
    pd.DataFrame(rows, columns=columns).to_csv(tmp_path / "open_choices.csv", index=False)
    assert "no dropout: theta_0: 0.300, 0: 0.600 (2" in open_choices.effect(tmp_path, "Z_0")


@pytest.mark.slow
def test_the_recorded_choices_are_those_of_the_models():
    recorded = pd.read_csv(recorded_folder() / "open_choices.csv")
    found = open_choices._measure(4, ["clean"])
    both = found.merge(recorded, on=["choice", "value", "graphs", "replicate"], suffixes=("", "_recorded"))
    assert len(both) == len(found)
    np.testing.assert_allclose(both["strict_auprc"], both["strict_auprc_recorded"], rtol=0.01)
