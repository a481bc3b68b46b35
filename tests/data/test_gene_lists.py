"""TF lists and networks: the layouts in which they circulate, and which list a word means."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grnular_core.data.downloads import available
from grnular_core.data.gene_lists import (
    BROAD,
    STRICT,
    _mouse_names,
    _read_tf_list,
    read_network,
    read_tfs,
    signs_of,
    tf_list,
)
from grnular_core.utils.errors import DownloadError, InputError
from grnular_core.workflow.user_data import _species_note

pytest_plugins = ("data_server",)


def read_as(read, folder, text):
    (folder / "x.csv").write_text(text, encoding="utf-8")
    return read(folder / "x.csv")


# --- TF lists


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffGATA1\r\nNKX2-1\r\n\r\nNA\r\n",
        "  GATA1  \nNKX2-1\t\nGATA1\nNA\nNA",
        "# a list\n# of TFs\ngene_symbol\nGATA1\nNKX2-1\nNA\n",
        "TF,Sources\nGATA1,RegNetwork|TRRUST\nNKX2-1,DoRothEA\nNA,\n",
        '"TF","Sources"\n"GATA1","A, B"\n"NKX2-1","C"\n"NA","D"\n',
        ",Ensembl ID,HGNC symbol,DBD\n1,ENSG1,GATA1,zf\n2,ENSG2,NKX2-1,hd\n3,ENSG3,NA,x\n",
        "Species\tSymbol\tEnsembl\nHomo\tGATA1\tE1\nHomo\tNKX2-1\tE2\nHomo\tNA\tE3\n",
    ],
)
def test_every_layout_of_a_tf_list_gives_its_names(tmp_path, text):
    assert read_as(read_tfs, tmp_path, text) == ["GATA1", "NKX2-1", "NA"]


NO_NAMES = "holds no TF names; expected one"
FIELDS = "fields .*expected one name a line. Put each name on"
A_NETWORK = "a network, whose regulators would give away the reference"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\n \n", NO_NAMES),
        ("# only\n# comments\n", NO_NAMES),
        ("TF,Sources\n,x\n", NO_NAMES),
        ("GATA1;SPI1", FIELDS),
        ("GATA1\nSPI1,TAL1\n", FIELDS),
        ("SOX2,GATA4,NANOG\nPAX6,TBX5,MYC\n", FIELDS),
        ("SOX2,ENSG00000181449\nGATA4,ENSG00000136574\n", FIELDS),
        (",A,B\nc1,0.5,1\nc2,1e-3,.5\n", FIELDS),
        ("Gene1,Gene2\nA,B", A_NETWORK),
        ("TF\ttarget\nA\tB", A_NETWORK),
        ("regulator,target,sign\nA,B,1", A_NETWORK),
    ],
)  # fmt: skip
def test_what_is_no_tf_list_is_refused_and_no_name_lost(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        read_as(read_tfs, tmp_path, text)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1)
        .map(str.strip)
        .filter(lambda name: name and not set(name) & set(',;\t"') and name[0] != "#"),
        min_size=1,
    )
)
@example(["my TF", "ß-5", "A.1", "007", "one\u2028name"])
def test_any_names_survive_a_round_trip(tmp_path, names):
    assert read_as(read_tfs, tmp_path, "TF\n" + "\n".join(names)) == list(dict.fromkeys(names))


def test_rows_that_say_no_are_left_out_with_a_note(tmp_path):
    text = ",HGNC symbol,DBD,Is TF?\n1,GATA1,zf,Yes\n2,TBP,x,No\n3,SPI1,ets,Yes\n"
    names, notes = read_as(_read_tf_list, tmp_path, text)
    assert names == ["GATA1", "SPI1"]
    assert len(notes) == 1 and "1 of 3 rows" in notes[0] and "No in the column 'Is TF?'" in notes[0]
    (tmp_path / "plain.txt").write_text("TF\nGATA1\n")
    assert _read_tf_list(tmp_path / "plain.txt")[1] == []


@pytest.mark.parametrize("text", ["TF,n,score\nGATA1,3,0.5\nSPI1,4,1e-3\n", "GATA1;\n"])
def test_numbers_beside_names_are_no_expression_where_names_are_sure(tmp_path, text):
    assert read_as(read_tfs, tmp_path, text)[0] == "GATA1"


# --- networks


@pytest.mark.parametrize(
    "text",
    [
        "regulator,target,sign\nA,NA,1\nB,c d,-1\n",
        "Gene1,Gene2,Type\nA,NA,+\nB,c d,-\n",
        "\ufeffTF;target;effect\r\nA;NA;Activation\r\nB;c d;Repression\r\n",
        '"source","target","mor"\n"A","NA","0.8"\n"B","c d","-1"\n',
        "sign,target,regulator\n1,NA,A\n-1,c d,B\n",
        "#TF\ttarget\tsign\nA\tNA\t1.0\nB\tc d\t-1.0\n",
        "A\tNA\tActivation\t2290\nB\tc d\tRepression\t11\n",
        " A , NA ,up\n B ,c d,down\n\n",
    ],
)
def test_every_layout_of_a_network_gives_its_edges(tmp_path, text):
    edges = read_as(read_network, tmp_path, text)
    assert edges.values.tolist() == [["A", "NA", 1], ["B", "c d", -1]]
    assert list(edges.columns) == ["regulator", "target", "sign"]


@pytest.mark.parametrize(
    "text",
    [
        "source_genesymbol,target_genesymbol,is_stimulation\nA,B,0\nB,C,1\n",
        "Gene1,Gene2,Edge\nA,B,1\nB,C,1\n",
        "A,B,True\nB,C,True\n",
        "Gene1,Gene2,Score\nA,B,1502.0\nB,C,3\n",
        "A\tB\t7.5\nB\tC\t2\n",
        "source,confidence,target,weight\nA,D,B,1\nB,D,C,1\n",
        "TF,Gene,Type\nA,B,ChIP-seq\nB,C,unknown\n",
        "source,target,source_genesymbol,target_genesymbol\nP1,P2,A,B\nP2,P3,B,C\n",
        "regulatoryGene,targetGene\nA,B\nB,C\n",  # of R
    ],
)
def test_scores_and_other_columns_are_no_signs(tmp_path, text):
    assert read_as(read_network, tmp_path, text).values.tolist() == [["A", "B", 0], ["B", "C", 0]]


def test_self_loops_and_repeated_edges_are_left_for_the_cleaning(tmp_path):
    assert len(read_as(read_network, tmp_path, "Gene1,Gene2\nA,A\nA,B\nA,B\n")) == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Gene1,Gene2\nA,B\nA\n", "line 3 .*: 1 fields, but the rows above have 2"),
        ("Gene1,Gene2\nA,B\n,C\n", "1 edges lack a name, the first is number 2 .'' -> 'C'."),
        ("Gene1,Gene2,Edge\nA,B,-1\nA,C,0\nA,D,1\n", "column 3 holds 0 on 1 of 3"),
        ("Gene1,Gene2,Edge\nA,B,0.0\nA,C,1.0\n", "column 3 holds 0"),
        ("Gene1,Gene2,score\nA,B,0\nA,C,0.7\nA,D,0.5\nA,E,.1\n", "column 3 holds 0 on 1 of 4"),
        ("Gene1,Gene2,known\nA,B,yes\nA,C,no\n", "column 3 holds 0"),
        ("source_gene,target_gene,known\nA,B,1\nA,C,0\n", "column 3 holds 0 on 1 of 2"),
        ("from,weight,to\nA,0,B\nA,1,C\n", "column 2 holds 0"),
        ("A\tB\t0\nA\tC\t0\n", "column 3 holds 0 on 2 of 2"),
        ("regulator,target,weight,rank\nA,B,0.5,1\n", "a prediction, no known network"),
    ],
)
def test_a_network_that_would_be_misread_is_refused(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        read_as(read_network, tmp_path, text)


def test_signs_come_from_words_and_numbers():
    words = pd.Series(["+", " Activation ", "0.3", "-1", "represses", "-2e3", "0", "?", "ChIP", ""])
    assert signs_of(words).tolist() == [1, 1, 1, -1, -1, -1, 0, 0, 0, 0]


# --- the option --tfs


@pytest.mark.parametrize("word", ["human-broad", " MOUSE-Broad "])
def test_a_species_fetches_its_list_once_and_compares_it_without_case(server, word, monkeypatch):
    species = word.strip().lower().removesuffix("-broad")
    key = BROAD[species]
    server.add(key, b"TF,Sources\nSOX2,a|b\nZNF7,a\n")
    server.folder.mkdir()
    monkeypatch.chdir(server.folder)
    Path(f"{species}-broad").mkdir()  # a folder of that name does not hide the list
    for _ in range(2):
        found = tf_list(word)
        assert (found.names, found.match, found.species) == (
            ["SOX2", "ZNF7"],
            "ignore-case",
            species,
        )
        assert "2 names" in found.notes[0] and key in found.notes[0]
    assert len(server.log) == 1
    found = tf_list(word, "exact")
    assert found.match == "exact" and "compared by exact" in found.notes[0]


def test_the_strict_list_serves_both_species_and_says_what_it_leaves_out(server):
    server.add(STRICT, b"SOX2\nZNF281\nZNFX1\nTP53\nTP53BP1\nZFP57\nZNF57\n")
    human, mouse = tf_list("human"), tf_list("mouse")
    assert human.names[:2] == ["SOX2", "ZNF281"] and human.species == "human"
    assert mouse.names == ["SOX2", "ZFP281", "ZNFX1", "TRP53", "TP53BP1", "ZFP57"]
    assert len(server.log) == 1 and mouse.match == "ignore-case"
    for found in (human, mouse):
        assert f"--tfs {found.species}-broad has them" in found.notes[0]
    assert "TFs that the mouse alone has are left out" in mouse.notes[0]


def test_the_strict_list_as_published_has_sequence_specific_tfs_and_no_other_proteins():
    path = available([STRICT], download_missing=False).paths.get(STRICT)
    if path is None:
        pytest.skip("the list is not in the cache")
    names = read_tfs(path)
    assert len(names) == 1639
    assert {"GATA1", "SPI1", "SOX2", "TP53", "ZNF281"} <= {*names}
    assert not {"HDAC1", "EP300", "CDK9", "EZH2", "HIST1H1E", "AKT1"} & {*names}
    assert {"GATA1", "SPI1", "SOX2", "TRP53", "ZFP281"} <= {*_mouse_names(names)}


def test_files_are_compared_exactly_and_one_named_as_a_species_wins(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("human", "my.txt"):
        Path(name).write_text("MINE\n")
        found = tf_list(name)
        assert (found.names, found.match, found.species) == (["MINE"], "exact", None)
        assert len(found.notes) == (name == "human") and server.log == []
    assert "the file of that name is read" in tf_list("human").notes[0]
    assert tf_list("all").names is None


def test_without_network_the_message_says_what_else_can_be_done(server):
    server.add(STRICT, b"A\n", statuses=[404] * 9)
    with pytest.raises(DownloadError, match=r"'human' is not available: .*--tfs a file with one name"):
        tf_list("human")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("mose", "--tfs mouse"),
        ("humans", "--tfs human"),
        ("zebrafish", "lists for human and mouse .*another species give a file"),
        ("rat.txt", "no file"),
    ],
)
def test_a_misspelt_or_another_species_is_recognised(given, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=message):
        tf_list(given)


@pytest.mark.parametrize(
    ("species", "tfs", "message"),
    [
        ("human", ["Sox2", "Sox7", "GFP"], "--tfs mouse"),
        ("mouse", ["SOX2", "SOX7"], "--tfs human"),
        ("human", ["SOX2", "C1orf5"], None),
        ("mouse", ["Sox2", "SOX7"], None),
        (None, ["Sox2"], None),
        ("human", [], None),
    ],
)
def test_names_spelled_as_those_of_the_other_species_are_noticed(species, tfs, message):
    note = _species_note(species, tfs)
    assert note is None if message is None else message in note


@pytest.mark.parametrize(
    "text",
    ['"x"\n"1" "GATA1"\n"2" "SPI1"\n', ",0\n0,GATA1\n1,SPI1\n", '"","x"\n"1","GATA1"\n"2","SPI1"\n',
     '"x"\n"1"\t"GATA1"\n"2"\t"SPI1"\n', "1\tGATA1\n2\tSPI1\n", ",TF\n0,GATA1\n1,SPI1\n"],
    ids=["write.table", "to_csv", "write.csv", "tabs", "bare", "header"],
)  # fmt: skip
def test_row_numbers_beside_the_names_are_seen(tmp_path, text):
    (tmp_path / "tfs.txt").write_text(text)
    names, notes = _read_tf_list(tmp_path / "tfs.txt")
    assert names == ["GATA1", "SPI1"] and "the first column is row numbers" in notes[0]
