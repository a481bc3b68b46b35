"""Scores of a ranking, against scikit-learn and slow references written from their definitions."""

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from grnular_core.scoring.ranking import auprc_and_auroc, average_precision, early_precision, expected_hits
from grnular_core.utils.errors import InputError

ranked_lists = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0]), st.booleans()), min_size=1, max_size=30
)


@given(ranked_lists)
def test_average_precision_and_auroc_are_those_of_scikit_learn(rows):
    scores, truth = (list(column) for column in zip(*rows, strict=True))
    found, area = auprc_and_auroc(np.array(scores), np.array(truth))
    assert average_precision(np.array(scores), np.array(truth)) == pytest.approx(found, abs=0, nan_ok=True)
    if not any(truth):
        assert math.isnan(found) and math.isnan(area)
        return
    assert found == pytest.approx(average_precision_score(truth, scores), abs=1e-12)
    if all(truth):
        assert math.isnan(area)
    else:
        assert area == pytest.approx(roc_auc_score(truth, scores), abs=1e-12)


small_lists = st.lists(
    st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.booleans()), min_size=1, max_size=6
)


@given(small_lists, st.data())
def test_expected_hits_are_the_mean_over_every_way_to_break_the_ties(rows, data):
    scores, truth = (np.array(column) for column in zip(*rows, strict=True))
    k = data.draw(st.integers(1, len(rows)))
    hits = []
    for order in permutations(range(len(rows))):  # a stable sort of every order breaks ties once
        first = sorted(order, key=lambda i: -scores[i])[:k]
        hits.append(truth[list(first)].sum())
    assert expected_hits(scores, truth, k) == pytest.approx(np.mean(hits), abs=1e-12)


@given(ranked_lists)
def test_early_precision_agrees_with_its_definition(rows):
    scores, truth = (np.array(column) for column in zip(*rows, strict=True))
    found = early_precision(scores, truth)
    k = int(truth.sum())
    if k == 0:
        assert math.isnan(found.ratio) and found.reason == "no true edge among the candidates"
        return
    nonzero = scores[scores > 0]
    if len(nonzero) == 0:
        assert math.isnan(found.ratio) and found.reason == "no nonzero score among the candidates"
        assert found.ties_expected == pytest.approx(1.0)
        return
    threshold = max(sorted(scores, reverse=True)[k - 1], min(nonzero))
    chosen = truth[scores >= threshold]
    assert found.ratio == pytest.approx(chosen.mean() / truth.mean())
    assert found.n_selected_over_k == pytest.approx(len(chosen) / k)
    assert found.reason is None


@pytest.mark.parametrize("scores", [[1.0, np.nan], [1.0, -1.0], [1.0]])
def test_scores_that_cannot_be_ranked_and_ranks_that_do_not_exist_are_refused(scores):
    truth = np.array([True, False])
    for function in (average_precision, auprc_and_auroc, early_precision):
        with pytest.raises(InputError):
            function(np.array(scores), truth)
    with pytest.raises(InputError, match="between 1 and 2"):
        expected_hits(np.ones(2), truth, 3)
