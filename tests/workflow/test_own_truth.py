"""A known network of one's own: what of it is scored is said."""

from __future__ import annotations

from pathlib import Path

from small_data import TFS, small_table

from grnular_core.workflow.user_data import InputOptions, read_user_data

pytest_plugins = ("cli_folder",)


def truth_of(folder, lines):
    Path("net.csv").write_text("regulator,target\n" + "".join(f"{a},{b}\n" for a, b in lines))


def test_true_edges_that_are_not_scored_are_counted_aloud(folder):
    genes = list(small_table())
    there = [(TFS[0], gene) for gene in genes if gene != TFS[0]][:3]
    truth_of(folder, there)
    assert not any(
        "are scored" in note for note in read_user_data(InputOptions("x.csv", "tfs.txt", "net.csv")).notes
    )
    truth_of(
        folder,
        [*there, there[0], (TFS[0], TFS[0]), (TFS[0], "UNKNOWN"), (TFS[0], "hla-a")],
    )
    said = [
        note for note in read_user_data(InputOptions("x.csv", "tfs.txt", "net.csv")).notes if "are scored" in note
    ]
    assert len(said) == 1 and said[0].startswith(
        "3 of 7 true edges are scored; 2 name a gene that is not in the data, 1 are self-loops, 1 repeats."
    )
    assert "With --match ignore-case" in said[0]
    read = read_user_data(InputOptions("x.csv", "tfs.txt", "net.csv", match="ignore-case"))
    assert any(note.startswith("4 of 7") and "--match" not in note for note in read.notes)
