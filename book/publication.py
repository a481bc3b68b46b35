"""What others need to cite and archive this work, from CITATION.cff, pyproject.toml, the registry of data and the record.

    python book/publication.py     write .zenodo.json anew from CITATION.cff
"""

import hashlib
import json
import os
import re
import shutil
import tomllib
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from execute import NOTEBOOKS, ROOT
from grnular_paper.environments import known
from grnular_paper.more_cells import SETS, CellSet
from pages import recorded_lines, table
from recorded_tables import DESCRIPTIONS

from grnular_core.data.registry import Entry, registry

ZENODO = ROOT / ".zenodo.json"
# Terms of schema.org that CodeMeta's own list lacks.
TERMS = {name: f"schema:{name}" for name in ("Dataset", "DataDownload", "distribution", "contentUrl", "encodingFormat", "sha256")}
ARCHIVES = {
    "GSE": "https://www.ncbi.nlm.nih.gov/geo/query/acc.cgi?acc=", "E-M": "https://www.ebi.ac.uk/biostudies/arrayexpress/studies/",
}  # fmt: skip
DASH = "–"
REPRODUCED = "isDerivedFrom"  # how Zenodo's metadata relate this software to the paper


def citation() -> dict:
    return yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def author_name(author: dict) -> str:
    """The name of a person or group of CITATION.cff."""
    return author.get("name") or f"{author['given-names']} {author['family-names']}"


def zenodo() -> dict:
    """Metadata of an archived release, as Zenodo reads them."""
    cff = citation()
    return {
        "title": cff["title"],
        "upload_type": "software",
        "version": cff["version"],
        "license": cff["license"],
        "creators": [{"name": author_name(author)} for author in cff["authors"]],
        "keywords": cff["keywords"],
        "description": description(),
        "related_identifiers": [
            {"identifier": reference["doi"], "relation": REPRODUCED, "scheme": "doi"} for reference in cff["references"]
        ],
    }


def codemeta(address: str = "") -> dict:
    """The same as CodeMeta, in terms of schema.org, with what the package needs and every table of the record.

    ``address`` is that of the repository, where it is known.
    """
    cff = citation()
    project = project_settings()
    return {
        "@context": ["https://w3id.org/codemeta/3.0", TERMS],
        "@type": "SoftwareSourceCode",
        "name": cff["title"],
        "description": description(),
        "version": cff["version"],
        "license": f"https://spdx.org/licenses/{cff['license']}",
        "author": [{"@type": "Organization" if "name" in a else "Person", "name": author_name(a)} for a in cff["authors"]],
        "keywords": cff["keywords"],
        "programmingLanguage": f"Python {project['requires-python']}",
        "softwareRequirements": project["dependencies"],
        "referencePublication": [
            {"@type": "ScholarlyArticle", "name": r["title"], "@id": f"https://doi.org/{r['doi']}"} for r in cff["references"]
        ],
        "hasPart": [recorded_part(path) for path in sorted((NOTEBOOKS / "recorded").glob("*.csv"))],
    } | ({"codeRepository": address} if address else {})


def recorded_part(path: Path) -> dict:
    """A table of the record as a dataset: its name, what it holds, where it lies in the book, and its SHA-256."""
    return {
        "@type": "Dataset",
        "name": path.name,
        "description": f"{DESCRIPTIONS[path.stem]}.",
        "distribution": {
            "@type": "DataDownload",
            "contentUrl": f"recorded/{path.name}",
            "encodingFormat": "text/csv",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        },
    }


def citation_file(address: str) -> str:
    """CITATION.cff, with the address of the repository where it is known."""
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    return re.sub(r"^license: .*\n", rf'\g<0>repository-code: "{address}"\n', text, flags=re.MULTILINE) if address else text


def year() -> str:
    """Of the release where there is one, else of the copyright."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
    return str(citation().get("date-released", config["copyright"]))[:4]


def repository_address(environ) -> str:
    """The public address of the repository where the build or the package knows it, else an empty text."""
    if environ.get("GITHUB_REPOSITORY"):
        return f"{environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{environ['GITHUB_REPOSITORY']}"
    return project_settings().get("urls", {}).get("Repository", "")


def project_settings() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def description() -> str:
    return f"{project_settings()['description']}."


def how_to_cite(address: str = "") -> str:
    """This software, with the address of its repository where it is known, and the papers as readers cite them."""
    cff = citation()
    authors = ", ".join(map(author_name, cff["authors"]))
    where = f" <{address}>." if address else ""
    lines = [f"- {authors} ({year()}). *{cff['title']}*. Version {cff['version']}, licence {cff['license']}.{where}"]
    for paper in cff["references"]:
        names = ", ".join(map(author_name, paper["authors"]))
        lines.append(
            f"- {names}. {paper['title']}. *{paper['journal']}*, {paper['year']}. "
            f"[doi:{paper['doi']}](https://doi.org/{paper['doi']})."
        )
    return "\n".join(lines) + "\n"


def sources() -> str:
    """The public places that files come from: version, licence, number and size of the files."""
    groups: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in registry().values():
        groups.setdefault((*place(entry.url), entry.licence), []).append(entry)
    rows = []
    for (name, version, licence), entries in groups.items():
        folders = ", ".join(f"`{f}`" for f in sorted({"/".join(e.key.split("/")[:-1][:2]) for e in entries}))
        size = sum(entry.size or 0 for entry in entries) / 1e6 or float("nan")
        hashed = sum(entry.confirmed for entry in entries)
        rows.append([
            f"{name} `{version[:7]}`", licence, folders, len(entries), f"{size:.1f}".replace("nan", "not stated"),
            f"{hashed} of {len(entries)}",
        ])  # fmt: skip
    header = ["source and version", "licence there", "folder here", "files", "MB", "with a hash"]
    caption = (
        "Public places that files come from: version, licence, files and MB; *with a hash*: files whose SHA-256 was computed "
        "from the file itself."
    )
    return table(header, rows, caption)


def more_sets(folder: Path) -> str:
    """The development sets of real cells: cells, technique, study, archive, and the place that the files come from."""
    cells = {line["dataset"]: f"{int(line['cells']):,}" for line in recorded_lines(folder, "more_pairs")}
    header = ["set", "organism", "cells", "technique", "number of cells", "study", "archive", "files from", "licence there"]
    return table(header, [[name, *set_facts(of, cells.get(name, DASH))] for name, of in SETS.items()], (
        "The development sets: cells, technique, number of cells used, study, accession in the Gene Expression Omnibus (GSE) or "
        f"ArrayExpress (E-MTAB), and the package that distributes the files, with its licence; {DASH}: not found."
    ))  # fmt: skip


def set_facts(of: CellSet, cells: str) -> list[str]:
    """A line of the table of development sets, after the name."""
    entry = registry()[of.keys[0]]
    study = f"{{cite:p}}`{of.study}`" if of.study else DASH
    archive = f"[{of.archive}]({ARCHIVES[of.archive[:3]]}{of.archive})" if of.archive else DASH
    return [of.species, of.cells, of.technique, cells, study, archive, place(entry.url)[0], entry.licence]


def place(url: str) -> tuple[str, str]:
    """The repository and its commit, or the host and its record, that an address leads to."""
    parts = urlsplit(url)
    owner, name, *rest = parts.path.strip("/").split("/")
    if re.fullmatch(r"[0-9a-f]{40}", rest[0] if rest else ""):
        return f"{owner}/{name}", rest[0]
    return parts.netloc, name


def environments(folder: Path) -> str:
    """Processor and software behind the recorded timings, and how many rows of which table have each."""
    rows_of: dict[str, Counter[str]] = {}
    for path in sorted(folder.glob("*.csv")):
        for line in recorded_lines(folder, path.stem):
            if line.get("seconds") and line.get("environment"):
                rows_of.setdefault(line["environment"], Counter())[path.stem] += 1
    texts, rows = known(folder), []
    for name, counts in rows_of.items():
        facts = dict(word.partition("=")[::2] for word in texts[name].split())
        software = ", ".join(f"{k} {v}" for k, v in facts.items() if k not in ("processor", "torch_cpu", "openblas"))
        processor = facts.get("processor", "not recorded").replace("_", " ")
        vectors = ", ".join(filter(None, (facts.get("torch_cpu"), facts.get("openblas")))) or "not recorded"
        counted = ", ".join(f"`{stem}` {n}" for stem, n in sorted(counts.items()))
        rows.append([processor, vectors, software, counted])
    return table(["processor", "vector instructions (torch, OpenBLAS)", "software", "rows with a time"], sorted(rows),
                 "Processors and software behind recorded seconds, and the number of rows of each recorded table.")


def write_files(folder: Path) -> None:
    """What the book hands out beside its pages: recorded tables, registry of data, citation and CodeMeta."""
    shutil.copytree(NOTEBOOKS / "recorded", folder / "recorded", ignore=shutil.ignore_patterns("*.lock"))
    shutil.copy(ROOT / "grnular_core" / "data" / "registry.tsv", folder / "recorded")
    address = repository_address(os.environ)
    (folder / "CITATION.cff").write_text(citation_file(address), encoding="utf-8")
    write_json(codemeta(address), folder / "codemeta.json")


def write_json(data: dict, target: Path) -> None:
    target.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_json(zenodo(), ZENODO)
