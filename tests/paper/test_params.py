"""Notebook parameters: every slip is named before any work starts."""

import pytest
from grnular_paper.params import Flag, ListOf, OneOf, Parameters, Text, Whole, WholeList

from grnular_core.utils.errors import InputError

KINDS = {
    "datasets": ListOf("mESC", "mDC"),
    "seed": Whole(0, 10),
    "seeds": WholeList(0),
    "genes": OneOf(("a", "b")),
    "write": Flag(),
    "folder": Text(),
}
GOOD = {"datasets": ["mESC"], "seed": 3, "seeds": [0, 1], "genes": "a", "write": False, "folder": ""}


def checked(**changes):
    namespace = {"already": 1, "_private": 2}
    parameters = Parameters(namespace, **KINDS)
    namespace |= {"parameters": parameters} | GOOD | changes
    return parameters.check(namespace)


def test_good_parameters_come_back():
    assert checked() == GOOD


def test_names_that_were_there_before_or_are_private_are_no_parameters():
    checked(already=5, _i1="source")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"dataset": ["mESC"]}, "did you mean 'datasets'"),
        ({"zzz": 1}, "unknown parameter 'zzz'"),
        ({"datasets": ["mECS"]}, "did you mean 'mESC'"),
        ({"datasets": "mESC"}, "expected a list"),
        ({"datasets": []}, "empty"),
        ({"datasets": ["mESC", "mESC"]}, "twice"),
        ({"datasets": [["mESC"]]}, "unknown"),
        ({"seed": "3"}, "whole number from 0 to 10"),
        ({"seed": True}, "whole number"),
        ({"seed": 11}, "whole number"),
        ({"seed": 1.0}, "whole number"),
        ({"seeds": [0, 0]}, "different whole numbers"),
        ({"seeds": []}, "different whole numbers"),
        ({"seeds": 0}, "different whole numbers"),
        ({"genes": "c"}, "expected one of a, b"),
        ({"write": "no"}, "True or False"),
        ({"genes": None}, "expected one of a, b"),
        ({"folder": 2020}, "text in quotes; papermill takes a name such as 2020 as text by -r folder 2020"),
    ],
)
def test_a_slip_is_named(wrong, words):
    with pytest.raises(InputError, match=words):
        checked(**wrong)


def test_null_is_empty_and_words_of_a_choice_may_have_capitals():
    assert checked(folder=None, genes="A") == GOOD


def test_all_slips_are_named_at_once():
    with pytest.raises(InputError) as caught:
        checked(seed=-1, genes="c", sed=2)
    assert str(caught.value).count("\n- ") == 3


def test_a_missing_parameter_is_named():
    parameters = Parameters({}, seed=Whole(0))
    with pytest.raises(InputError, match="'seed' is missing"):
        parameters.check({})
