"""Readings of the paper's training: what each changes, and what validation graphs choose."""

from dataclasses import fields, replace
from importlib.resources import files

import pandas as pd
import pytest
from grnular_paper import readings
from grnular_paper.ablations import AS_PRINTED, with_config
from grnular_paper.figures.training import scaling_curves
from grnular_paper.records import READINGS, Record, recorded_folder
from grnular_paper.runs import run_missing
from grnular_paper.tables import readings as tables

from grnular_core.training.named_recipes import RECIPES
from grnular_core.training.weights import read_trained, shipped

CURVES = Record(READINGS, recorded_folder()).rows()
TINY = with_config(AS_PRINTED, hidden=(6,), n_unroll=2, n_inner=1, init_epochs=5)


def test_training_times_beside_the_weights_are_those_of_the_record():
    chosen = f"{readings.PUBLISHED}, P = 10, H_d = 100"
    trainings = {
        "grnular-clean": ("clean", chosen), "grnular-noisy": ("low-dropout", chosen),
        "grnular-DS1": ("DS1-like", f"P = 5, {readings.OVER_CELLS}"), "grnular-DS2": ("DS2-like", f"P = 5, {readings.OVER_CELLS}"),
        **{f"{model.lower()}-{name}": (graphs, f"{model}: Adam's step 0.01")
           for model in ("GLAD", "GLAD-TF") for name, graphs in (("clean", "clean"), ("noisy", "low-dropout"))},
    }  # fmt: skip
    text = (files("grnular_core") / "weights" / "README.md").read_text(encoding="utf-8")
    cells = [line.strip("| \n").split(" | ") for line in text.splitlines() if line.startswith("| `")]
    said = {
        name.strip("`"): seconds
        for first, *_, last in cells
        for name, seconds in zip(first.split(", "), last.split(", ") * len(first.split(", ")), strict=False)
    }
    assert set(said) == {name for name in shipped() if not name.endswith("-auroc")}
    seconds = CURVES[CURVES["seed"] == "0"].assign(seconds=lambda rows: pd.to_numeric(rows["seconds"]))
    sums = seconds.groupby(["graphs", "reading"])["seconds"].sum()
    assert {name: f"{sums[key]:,.0f} s" for name, key in trainings.items()} == {name: said[name] for name in trainings}
    assert all(said[name].startswith("not recorded") for name in set(said) - set(trainings))


def curves(values: dict[tuple[str, str, int], list[float]]) -> pd.DataFrame:
    """Learning curves by family, reading and seed."""
    return pd.DataFrame(
        [
            {"graphs": g, "reading": r, "seed": str(s), "epoch": str(e), "valid_auprc": v}
            for (g, r, s), of in values.items()
            for e, v in enumerate(of)
        ]
    )


def changed(one, other) -> set[str]:
    return {f.name for f in fields(one) if getattr(one, f.name) != getattr(other, f.name)}


def test_a_reading_changes_one_thing_and_the_cut_needs_two():
    for name, recipe in readings.readings().items():
        things = changed(recipe, AS_PRINTED) - {"config"} | changed(recipe.config, AS_PRINTED.config)
        wanted = {"reference": 0, "loss on Z, inner gradient cut": 2}.get(name, 1)
        assert len(things) == wanted, name
    for name, recipe in readings.choices().items():
        things = changed(recipe, AS_PRINTED) - {"config"} | changed(recipe.config, AS_PRINTED.config)
        assert len(things) == 1 + name.count(","), name


def test_a_stronger_coupling_stands_beside_the_same_settings():
    found = readings.couplings()
    names = list(found)
    for own, cells, stronger in zip(names[::3], names[1::3], names[2::3], strict=True):
        assert (cells, stronger) == (f"{own}, mean over cells alone", f"{own}, stronger coupling")
        assert changed(found[own], found[cells]) == changed(found[own], found[stronger]) == {"config"}
        assert changed(found[own].config, found[cells].config) == {"reduction"}
        assert changed(found[own].config, found[stronger].config) == {"lam_scale", "lam_per_error"}


def test_a_training_is_a_row_an_epoch_and_kept_once(tmp_path):
    task = readings.Reading("reference", replace(TINY, epochs=2), "clean", 1, n_graphs=2)
    run_missing(tmp_path, [task], say=lambda text: None)
    rows = Record(READINGS, tmp_path).rows()
    assert list(rows["epoch"]) == ["0", "1", "2"] and set(rows["seed"]) == {"1"}
    assert rows["loss"].isna().tolist() == [True, False, False] and (rows["valid_auprc"] > 0).all()
    assert not run_missing(tmp_path, [task], say=pytest.fail)


def test_a_seed_draws_graphs_and_first_weights():
    one, other = (readings.Reading("r", TINY, "clean", s).whole_recipe() for s in (0, 1))
    assert (one.seed, other.seed) == (0, 1) and (one.config.seed, other.config.seed) == (0, 1)
    assert one.train == one.valid == (("clean", 20),)


def test_the_choice_is_the_best_on_the_seeds_that_all_have():
    found = curves({
        ("clean", readings.PUBLISHED, 0): [0.5, 0.7], ("clean", readings.PUBLISHED, 1): [0.5, 0.99],
        ("clean", "P = 10", 0): [0.5, 0.8], ("clean", "beta = 5", 0): [0.81, 0.4],
        ("clean", "reference", 0): [0.9], ("low-dropout", "P = 20", 0): [0.95],
        ("low-dropout", readings.PUBLISHED, 0): [0.96],
    })  # fmt: skip
    assert readings.chosen(found, "clean") == "beta = 5"
    assert readings.chosen(found, "low-dropout") == readings.PUBLISHED


@pytest.mark.parametrize("graphs", readings.WEIGHTS)
def test_the_published_models_differ_from_the_trainings_beside_them_in_p_and_the_scale_of_eq_12(graphs):
    large = graphs.removesuffix("-like")
    of = readings.scalings(large) if large in readings.LARGE else readings.readings() | readings.choices()
    names = readings.scaling_names(graphs)
    assert list(names) == list(readings.SCALINGS)
    released = read_trained(readings.WEIGHTS[graphs]).recipe
    for scaling, name in names.items():
        differs = changed(of[name].config, released.config)
        assert differs <= {"n_inner", "reduction"} and changed(of[name], released) <= {"config", "train", "valid"}
        assert (not differs) == (scaling == readings.published_scaling(graphs))


def test_seeds_of_the_trainings_are_counted_family_by_family():
    both = [{"graphs": "DS2-like", "reading": "P = 5", "seed": seed} for seed in "012"]
    both += [{"graphs": "clean", "reading": name, "seed": "0"} for name in readings.scaling_names("clean").values()]
    cells = readings.OVER_CELLS
    assert tables.scaling_seeds(pd.DataFrame(both)) == (
        "no dropout 1; dropout 0 or 25 % 0; range of DS1 0; "
        f"range of DS2 3 (P = 5), 0 (P = 5, {cells}; P = 10; P = 10, {cells})"
    )


def test_a_line_is_a_seed_and_the_published_model_has_its_best_epoch_marked():
    figure = scaling_curves(CURVES, tables.RANGES)
    assert [ax.get_title() for ax in figure.axes] == list(tables.RANGES.values())
    for ax, family in zip(figure.axes, tables.RANGES, strict=True):
        names = readings.scaling_names(family)
        own = CURVES[(CURVES["graphs"] == family) & CURVES["reading"].isin(names.values())]
        published = own[own["reading"] == names[readings.published_scaling(family)]]
        dots = [line for line in ax.lines if line.get_marker() == "o"]
        assert len(ax.lines) - len(dots) == own.groupby(["reading", "seed"]).ngroups
        assert len(dots) == published["seed"].nunique()
        best = readings.best(published)
        assert sorted(dot.get_ydata()[0] for dot in dots) == sorted(best["best"])


def test_validation_keeps_a_trained_epoch_for_grnular_alone():
    kept = tables.weights_table().set_index("weights")["epoch by AUPRC"]
    assert (kept[kept.index.str.startswith("grnular")] > 0).all()
    assert set(tables.kept_starts().split(", ")) == set(kept.index[kept == 0])


def test_readings_are_compared_on_the_seeds_that_all_have():
    found = curves({
        ("clean", "reference", 0): [0.5], ("clean", "reference", 1): [0.99],
        ("clean", "loss on Z", 0): [0.4], ("clean", "loss on Z", 1): [0.55],
        ("clean", "Eq. 11", 0): [0.6], ("clean", "P = 20", 0): [0.9],
    })  # fmt: skip
    assert readings.best_reading(found) == "Eq. 11"


def test_the_published_model_is_the_reading_that_does_best_on_validation_graphs():
    assert readings.best_reading(CURVES) == readings.PUBLISHED
    for graphs, name in (("clean", "grnular-clean"), ("low-dropout", "grnular-noisy")):
        choice = readings.chosen(CURVES, graphs)
        wanted = (readings.readings() | readings.choices())[choice]
        assert changed(RECIPES[name], wanted) <= {"train", "valid"}


def test_the_published_model_of_real_cells_has_the_p_and_the_scale_that_do_best_on_validation_graphs():
    found = readings.best(CURVES[CURVES["graphs"] == "DS2-like"])
    of_variants = found[found["reading"].isin(readings.scalings("DS2"))].pivot_table(index="seed", columns="reading", values="best")
    for means in (of_variants.mean(), of_variants.loc[0]):  # over the seeds of each, and of the one that most have
        assert readings.scalings("DS2")[means.idxmax()].config == RECIPES["grnular-DS2"].config


def test_trainings_in_the_range_of_ds2_are_repeated_where_they_learn_most():
    planned = {(task.name, task.seed) for task in readings.tasks() if task.graphs == "DS2-like"}
    assert planned == {
        *((name, 0) for name in readings.scalings("DS2")),
        *((f"P = {p}, {readings.OVER_CELLS}", seed) for p in (5, 10) for seed in (1, 2)),
        *((name, 0) for name in readings.longer()),
    }


def test_the_longer_training_differs_from_the_released_one_in_its_epochs_alone():
    ((name, recipe),) = readings.longer().items()
    released = RECIPES["grnular-DS2"]
    assert recipe == replace(released, epochs=2 * released.epochs) and str(recipe.epochs) in name
    (task,) = (task for task in readings.tasks() if task.name == name)
    assert replace(task.whole_recipe(), epochs=released.epochs) == released


def test_the_table_pairs_seeds_and_leaves_out_what_is_not_on_record():
    found = curves({
        ("clean", "reference", 0): [0.5, 0.7], ("clean", "reference", 1): [0.6, 0.8],
        ("clean", "loss on Z", 0): [0.5, 0.6], ("clean", "loss on Z", 1): [0.6, 0.9],
    })  # fmt: skip
    shown = tables.readings_table(found, readings.readings()).set_index("variant")
    assert shown.loc["reference", "no dropout"] == "0.550 → 0.750<br>(0.700 to 0.800)"
    assert shown.loc["loss on Z", "difference, no dropout"] == "+0.000<br>(-0.100 to +0.100)"
    assert list(shown.index) == ["reference", "loss on Z"]
    assert shown.loc["loss on Z", "dropout 0 or 25 %"] == ""
    more = pd.concat([found, curves({("clean", "Eq. 11", 1): [0.6, 0.7]})])
    shown = tables.readings_table(more, readings.readings()).set_index("variant")
    assert shown.loc["reference", "no dropout"] == "0.600 → 0.800"  # of the seed that all have


def test_published_learning_curves_rise():
    top = readings.best(CURVES)
    top = top[top["reading"] == readings.PUBLISHED]
    assert len(top) and (top["best"] > top["start"] + 0.03).all()


def test_p_is_compared_on_the_seeds_that_both_have():
    five, ten = (f"{readings.PUBLISHED}, {p}H_d = 100" for p in ("", "P = 10, "))
    numbers = tables.reading_numbers(curves({
        ("clean", five, 0): [0.5, 0.7], ("clean", five, 1): [0.5, 0.9], ("clean", ten, 0): [0.5, 0.6],
        ("clean", readings.PUBLISHED, 0): [0.4, 0.5], ("low-dropout", readings.PUBLISHED, 0): [0.4, 0.5],
    }))  # fmt: skip
    assert (numbers["clean_P5"], numbers["clean_P10"], numbers["choice_seeds"]) == (0.7, 0.6, 1)
    assert numbers["clean_gain"] == "0.200 to 0.400" and numbers["low_dropout_gain"] == "0.100 to 0.100"
    ten, coupled = f"{readings.PUBLISHED}, P = 10, H_d = 100", f"{readings.PUBLISHED}, P = 10, H_d = 100, stronger coupling"
    both = {("clean", ten, 0): [0.5, 0.6], ("clean", ten, 1): [0.5, 0.9], ("clean", coupled, 0): [0.5, 0.7]}
    numbers = tables.reading_numbers(curves(both | {(g, readings.PUBLISHED, 0): [0.4, 0.5] for g in readings.GRAPHS}))
    assert (numbers["clean_uncoupled"], numbers["clean_coupled"]) == (0.6, 0.7)


def test_scales_of_eq_12_are_means_over_the_seeds_of_a_range():
    lines = [("DS1-like", "P = 5", seed, epoch, 0.5 + 0.1 * seed + 0.2 * epoch) for seed in (0, 1) for epoch in (0, 1)]
    lines += [("DS2-like", "P = 10, mean over cells alone", 0, epoch, 0.25 * epoch) for epoch in (0, 1, 2)]
    curves = pd.DataFrame(lines, columns=["graphs", "reading", "seed", "epoch", "valid_auprc"])
    assert tables.scalings_table(curves).to_numpy().tolist() == [
        ["DS1", "P = 5", "2", "0.550<br>(0.500 to 0.600)", "0.750<br>(0.700 to 0.800)"],
        ["DS2", "P = 10, mean over cells alone", "1", "0.000", "0.500"],
    ]


def test_twice_the_epochs_repeat_the_released_training_and_are_hardly_better():
    numbers = tables.longer_numbers(CURVES)
    released = read_trained("grnular-DS2").metadata["validation"]["auprc"]
    assert numbers["longer_until"] == pytest.approx(released, abs=1e-4)
    assert 10 < numbers["longer_epoch"] < 20 and 0 < numbers["longer_best"] - released < 0.01 > numbers["longer_last"] - released
    assert tables.longer_numbers(CURVES[CURVES["graphs"] != "DS2-like"]) == {}
