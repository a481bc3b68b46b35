"""Ablations: one factor at a time, rows that can be compared in pairs."""

from dataclasses import fields, replace

import pytest
from grnular_paper import ablations
from grnular_paper.ablations import UNTRAINED, Variant, mask_effect, variants, with_config

VARIANTS = variants()


def changed(one, other) -> set[str]:
    return {f.name for f in fields(one) if getattr(one, f.name) != getattr(other, f.name)}


def test_labels_are_unique_and_every_factor_has_values_to_compare():
    labels = [v.label for v in VARIANTS]
    assert len(set(labels)) == len(labels)
    for v in VARIANTS:
        same = [w for w in VARIANTS if (w.base, w.factor) == (v.base, v.factor)]
        assert len(same) >= 2


def test_values_of_a_factor_differ_in_nothing_else():
    together = {"penalty": {"reduction", "lam_scale", "lam_per_error"}, "training": {"epochs", "shuffled"}}
    for v in VARIANTS:
        first = next(w for w in VARIANTS if (w.base, w.factor) == (v.base, v.factor))
        in_config = changed(v.recipe.config, first.recipe.config)
        in_recipe = changed(v.recipe, first.recipe) - {"config"}
        allowed = together.get(v.factor, set())
        assert len((in_config | in_recipe) - allowed) <= 1, v.label


def test_scores_are_those_of_the_model_and_not_of_chance():
    base = with_config(UNTRAINED, hidden=(20,), n_unroll=3, init_epochs=60)
    for row in Variant("P", "20", "untrained", base, ("clean",), 2).run():
        assert row["strict_auprc"] > 2 * row["density"]
        assert row["strict_auprc_ratio"] == pytest.approx(row["strict_auprc"] / row["density"])


def test_a_training_keeps_its_checkpoint_among_the_parts(tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr(ablations, "train", lambda recipe, checkpoint, **how: kept.append(checkpoint) or 1 / 0)
    trained = Variant("P", "20", "trained", replace(UNTRAINED, epochs=1))
    for variant, parts in ((trained, tmp_path / "own"), (trained, None), (Variant("P", "20", "u", UNTRAINED), tmp_path)):  # fmt: skip
        with pytest.raises(ZeroDivisionError):
            variant.run(parts=parts)
    assert kept == [tmp_path / "own" / "training.safetensors", None, None] and kept[0].parent.is_dir()


def test_the_mask_helps_where_cells_are_few_and_adds_nothing_to_the_best_threshold():
    few = mask_effect(n_graphs=4, thresholds=(0.02,), cells=(100,)).iloc[0]
    assert few["glad-tf"] > 1.03 * few["glad"]
    many = mask_effect(n_graphs=4, cells=(1000,)).set_index("threshold")
    assert many["glad-tf"].max() < many["glad"].max()
    assert many.loc[0.3, "glad-tf"] == pytest.approx(many.loc[0.3, "glad"], abs=1e-3)
