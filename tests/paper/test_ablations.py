"""Ablations: one factor at a time, rows that can be compared in pairs."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from grnular_paper import ablations
from grnular_paper.ablations import (
    UNTRAINED,
    Variant,
    checkpoint_of,
    run_missing_variants,
    run_variant,
    variants,
    with_config,
)
from grnular_paper.records import Record

from grnular_core.training.named_recipes import RECIPES

TINY = with_config(UNTRAINED, hidden=(8,), n_unroll=1, n_inner=1, init_epochs=2)


def changed(one, other) -> set[str]:
    return {f.name for f in fields(one) if getattr(one, f.name) != getattr(other, f.name)}


def test_labels_are_unique_and_every_factor_has_values_to_compare():
    labels = [v.label for v in variants()]
    assert len(set(labels)) == len(labels)
    for v in variants():
        same = [w for w in variants() if (w.base, w.factor) == (v.base, v.factor)]
        assert len(same) >= 2


def test_values_of_a_factor_differ_in_nothing_else():
    together = {
        "penalty": {"reduction", "lam_scale", "lam_per_error"},
        "training": {"epochs", "shuffled"},
    }
    for v in variants():
        first = next(w for w in variants() if (w.base, w.factor) == (v.base, v.factor))
        in_config = changed(v.recipe.config, first.recipe.config)
        in_recipe = changed(v.recipe, first.recipe) - {"config"}
        allowed = together.get(v.factor, set())
        assert len((in_config | in_recipe) - allowed) <= 1, v.label


def test_rows_are_of_the_same_test_graphs_and_kept_once(tmp_path):
    record = Record("ablations", tmp_path)
    few = [
        Variant("P", "1", "untrained", TINY),
        Variant("P", "2", "untrained", replace(TINY, config=replace(TINY.config, n_inner=2))),
    ]
    run_missing_variants(record, few, presets=("clean",), n_graphs=2, say=lambda text: None)
    rows = record.rows()
    assert len(rows) == 4
    by_graph = rows.groupby("replicate")["density"].nunique()
    assert (by_graph == 1).all()
    said: list[str] = []
    run_missing_variants(record, few, presets=("clean",), n_graphs=2, say=said.append)
    assert not said


def test_scores_are_those_of_the_model_and_not_of_chance():
    base = with_config(UNTRAINED, hidden=(20,), n_unroll=3, init_epochs=60)
    rows = run_variant(Variant("P", "20", "untrained", base), presets=("clean",), n_graphs=2)
    for row in rows:
        assert row["strict_auprc"] > 2 * row["density"]
        assert row["strict_auprc_ratio"] == pytest.approx(row["strict_auprc"] / row["density"])


def test_checkpoints_stay_until_the_rows_are_on_record(tmp_path, monkeypatch):
    variant = Variant("P", "20", "trained", RECIPES["grnular-context"])
    kept = checkpoint_of(variant, tmp_path)

    def pretended(variant, *, checkpoints, fails=False):
        checkpoint_of(variant, checkpoints).write_text("half of a training")
        return [{"strict_auprc": 0.5}] if not fails else 1 / 0

    monkeypatch.setattr(ablations, "run_variant", pretended)
    record, options = (
        Record("ablations", tmp_path),
        {"checkpoints": tmp_path, "say": lambda text: None},
    )
    with pytest.raises(ZeroDivisionError):
        run_missing_variants(record, [variant], fails=True, **options)
    assert kept.exists()
    monkeypatch.setattr(Record, "add", lambda self, rows: None)
    run_missing_variants(record, [variant], **options)
    assert not kept.exists()
    untrained = Variant("P", "20", "untrained", UNTRAINED)
    assert checkpoint_of(untrained, tmp_path) is None and checkpoint_of(variant, None) is None
