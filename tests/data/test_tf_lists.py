"""The option --tfs: which list a word means, what is said of it, and what when it cannot be had."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from grnular_core.data.tf_lists import NAMED, species_note, tf_list
from grnular_core.utils.errors import DownloadError, InputError

if TYPE_CHECKING:
    from data_server import DataServer

pytest_plugins = ("data_server",)


@pytest.mark.parametrize("word", ["human", "Human", " MOUSE "])
def test_a_species_fetches_its_list_once_and_compares_it_without_case(server: DataServer, word):
    key = NAMED[word.strip().lower()]
    server.add(key, b"TF,Sources\nSOX2,a|b\nSOX7,a\n")
    for _ in range(2):
        found = tf_list(word)
        assert found.names == ["SOX2", "SOX7"] and found.match == "ignore-case"
        assert found.species == word.strip().lower()
        assert "2 names" in found.said[0] and key in found.said[0]
    assert len(server.log) == 1


def test_a_match_that_is_asked_for_is_kept(server: DataServer):
    server.add(NAMED["mouse"], b"TF\nSOX2\n")
    found = tf_list("mouse", "exact")
    assert found.match == "exact" and "compared by exact" in found.said[0]


def test_a_file_of_that_name_wins_and_that_is_said(server: DataServer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("human").write_text("MINE\n")
    found = tf_list("human")
    assert (found.names, found.match, found.species) == (["MINE"], "exact", None)
    assert "the file of that name is read" in found.said[0] and server.log == []


def test_other_files_are_compared_exactly_and_all_means_every_gene(tmp_path):
    (tmp_path / "my.txt").write_text("A\n")
    found = tf_list(str(tmp_path / "my.txt"))
    assert (found.names, found.match, found.said) == (["A"], "exact", ())
    assert tf_list("all").names is None


def test_without_network_the_message_says_what_else_can_be_done(server: DataServer):
    server.add(NAMED["human"], b"TF\nA\n", statuses=[404] * 9)
    with pytest.raises(DownloadError, match=r"'human' is not at hand: .*--tfs a file of your own"):
        tf_list("human")


@pytest.mark.parametrize(("given", "said"), [("mose", "--tfs mouse"), ("humans", "--tfs human")])
def test_a_misspelt_species_is_recognised(given, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=said):
        tf_list(given)


@pytest.mark.parametrize(
    ("species", "tfs", "said"),
    [
        ("human", ["Sox2", "Sox7", "GFP"], "--tfs mouse"),
        ("mouse", ["SOX2", "SOX7"], "--tfs human"),
        ("human", ["SOX2", "C1orf5"], None),
        ("mouse", ["Sox2", "SOX7"], None),
        (None, ["Sox2"], None),
        ("human", [], None),
    ],
)
def test_names_spelled_as_those_of_the_other_species_are_noticed(species, tfs, said):
    note = species_note(species, tfs)
    assert note is None if said is None else said in note
