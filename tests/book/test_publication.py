"""What others need to cite and archive this work agrees with its one source, and is complete."""

import hashlib
import json
import re

import publication
import recorded_tables
import yaml
from execute import ROOT
from grnular_paper.more_cells import SETS
from grnular_paper.records import recorded_folder

import grnular_core
from grnular_core.data.registry import registry


def test_the_citation_is_complete():
    cff = publication.citation()
    assert {"cff-version", "message", "title", "abstract", "type", "version", "license", "authors", "keywords"} <= set(cff)
    assert cff["cff-version"] == "1.2.0" and cff["type"] == "software"
    for part in (cff, *cff["references"]):
        for author in part["authors"]:
            assert set(author) in ({"name"}, {"family-names", "given-names"})
    assert all(re.fullmatch(r"10\.\d{4,}/\S+", reference["doi"]) for reference in cff["references"])


def test_zenodo_and_codemeta_say_what_the_citation_and_the_package_say():
    assert json.loads(publication.ZENODO.read_text(encoding="utf-8")) == publication.zenodo(), (
        "write .zenodo.json anew: python book/publication.py"
    )
    meta, zenodo, cff = publication.codemeta(), publication.zenodo(), publication.citation()
    assert meta["version"] == zenodo["version"] == grnular_core.__version__
    assert meta["license"].endswith(f"/{zenodo['license']}") and meta["name"] == zenodo["title"] == cff["title"]
    assert [author["name"] for author in meta["author"]] == [creator["name"] for creator in zenodo["creators"]]
    assert any(need.startswith("torch") for need in meta["softwareRequirements"])
    dois = {reference["doi"] for reference in cff["references"]}
    assert {paper["@id"].removeprefix("https://doi.org/") for paper in meta["referencePublication"]} == dois
    assert all(doi in publication.how_to_cite() for doi in dois)


def test_codemeta_describes_every_recorded_table_and_its_contents():
    parts = {part["name"]: part for part in publication.codemeta()["hasPart"]}
    files = {path.name: path for path in recorded_folder().glob("*.csv")}
    assert set(parts) == set(files) == {f"{stem}.csv" for stem in recorded_tables.DESCRIPTIONS}
    for name, part in parts.items():
        assert part["@type"] == "Dataset" and len(part["description"].split()) > 4
        assert part["distribution"]["contentUrl"] == f"recorded/{name}"
        assert part["distribution"]["sha256"] == hashlib.sha256(files[name].read_bytes()).hexdigest()
    assert len({part["description"] for part in parts.values()}) == len(parts)


def test_the_repository_is_named_where_its_address_is_known_and_nowhere_else():
    assert publication.repository_address({}) == "" and "codeRepository" not in publication.codemeta()
    address = publication.repository_address({"GITHUB_REPOSITORY": "someone/grnular"})
    assert publication.codemeta(address)["codeRepository"] == address == "https://github.com/someone/grnular"
    plain = yaml.safe_load(publication.citation_file(""))
    assert yaml.safe_load(publication.citation_file(address)) == plain | {"repository-code": address} != plain
    assert f"<{address}>" in publication.how_to_cite(address)
    assert re.search(r"contributors \(20\d\d\)\. ", publication.how_to_cite())


def test_the_sources_count_every_file_once_and_the_environments_every_recorded_time(tmp_path):
    rows = [row.split(" | ") for row in publication.sources().splitlines()[4:]]
    assert sum(int(row[3]) for row in rows) == len(registry())
    assert publication.place("https://zenodo.org/records/1/files/x.zip") == ("zenodo.org", "1")
    commit = "a" * 40
    assert publication.place(f"https://raw.example/owner/name/{commit}/folder/x.csv") == ("owner/name", commit)
    text = publication.environments(recorded_folder())
    timed = [
        line
        for path in recorded_folder().glob("*.csv")
        for line in publication.recorded_lines(recorded_folder(), path.stem)
        if line.get("seconds") and line.get("environment")
    ]
    assert sum(int(n) for n in re.findall(r"`\w+` (\d+)", text)) == len(timed) > 0
    assert "| AMD EPYC | " in text and "python 3.11" in text


def test_the_development_sets_stand_with_study_archive_licence_and_recorded_cells():
    text = publication.more_sets(recorded_folder())
    rows = {line.split(" | ")[0].strip("| "): line for line in text.splitlines()[4:]}
    assert list(rows) == list(SETS)
    assert "| 2,000 | {cite:p}`kang2018` | [GSE96583](" in rows["kang"] and rows["kang"].endswith("| immunogenomics/harmony | GPL-3 |")
    assert "| T cells of blood and airways, acute respiratory distress | 10x | 500 | {cite:p}`zhao2021` | – |" in rows["lungT"]
    assert "arrayexpress/studies/E-MTAB-6268)" in rows["cardio2"] and rows["tuck"].endswith("| none stated |")
    references = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    assert all(f"{{{of.study}," in references for of in SETS.values())


def test_the_files_of_the_book_are_the_recorded_tables_and_machine_readable(tmp_path):
    publication.write_files(tmp_path)
    assert (tmp_path / "recorded" / "clean.csv").read_bytes() == (recorded_folder() / "clean.csv").read_bytes()
    assert {"registry.tsv", "environments.csv"} <= {path.name for path in (tmp_path / "recorded").iterdir()}
    assert not list(tmp_path.rglob("*.lock"))
    assert json.loads((tmp_path / "codemeta.json").read_text())["@type"] == "SoftwareSourceCode"
