"""Roles of data: one a dataset, none in two, every look at the test counted."""

from grnular_paper.more_cells import SETS
from grnular_paper.roles import LOOKS, TEST_PAIRS, looks_table

from grnular_core.data.beeline import DATASETS
from grnular_core.methods.registry import METHODS
from grnular_core.simulation.families import FAMILIES
from grnular_core.training.named_recipes import RECIPES


def test_every_dataset_of_real_cells_has_one_role():
    assert SETS and DATASETS and not set(SETS) & set(DATASETS)


def test_the_test_has_eighteen_pairs_and_every_look_names_a_frozen_state():
    assert len(TEST_PAIRS) == len(set(TEST_PAIRS)) == 18
    for look in LOOKS:
        assert look.method in METHODS and look.tag and "python -m" in look.command
    assert len({(look.method, look.tag) for look in LOOKS}) == len(LOOKS)
    assert list(looks_table()["method"]) == [look.method for look in LOOKS]


def test_no_recipe_of_training_names_real_cells_with_a_network():
    assert not {*SETS, *DATASETS} & {*RECIPES, *FAMILIES}
