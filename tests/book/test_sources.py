"""The book's sources hang together: contents, parameters, citations, names of functions, glued numbers."""

import ast
import importlib
import io
import re
import tokenize
from pathlib import Path

import build
import execute
import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = execute.sources()
PROSE = sorted((ROOT / "book").glob("*.md"))
METHOD = "\n".join((ROOT / f"book/method{part}.md").read_text(encoding="utf-8") for part in ("", "_models", "_code"))


def texts() -> dict[str, str]:
    """All prose: pages, and Markdown cells of notebooks."""
    found = {path.name: path.read_text(encoding="utf-8") for path in PROSE}
    for path in NOTEBOOKS:
        cells = nbformat.read(path, as_version=4).cells
        found[path.name] = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    return found


def test_the_configuration_is_valid_and_leaves_execution_to_papermill():
    from jupyter_book.config import validate_yaml

    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    validate_yaml(config, raise_on_errors=True)
    assert config["execute"]["execute_notebooks"] == "off"
    extensions = set(config["sphinx"]["config"]["extensions"])
    assert {"sphinx.ext.autodoc", "sphinx.ext.napoleon", "docstrings"} <= extensions
    assert "sphinx_thebe" not in extensions  # it loads a script from another host


def test_every_entry_of_the_contents_exists_and_every_page_is_in_them():
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    listed = [entry["file"] for part in contents["parts"] for entry in part["chapters"]]
    prose = {path.stem for path in PROSE}  # a notebook of the same name is shown by its page
    sources = [*(f"book/{name}" for name in prose), *(f"notebooks/{p.stem}" for p in NOTEBOOKS if p.stem not in prose)]
    assert sorted([contents["root"], *listed]) == sorted(sources)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_no_outputs_and_one_cell_of_commented_literals(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert all("papermill" not in part.metadata for part in (notebook, *notebook.cells))
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    (cell,) = [cell for cell in code if "parameters" in cell.metadata.get("tags", [])]
    tokens = tokenize.generate_tokens(io.StringIO(cell.source).readline)
    commented = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
    for node in ast.parse(cell.source).body:
        assert isinstance(node, ast.Assign | ast.AnnAssign), f"line {node.lineno} sets no parameter"
        ast.literal_eval(node.value)
        lines = set(range(node.lineno - 1, node.end_lineno + 1))
        assert lines & commented, f"line {node.lineno} has no comment"


def test_files_of_parameters_match_the_notebooks():
    for mode in execute.MODES:
        execute.check_parameters(execute.load_parameters(mode), NOTEBOOKS, mode)
    assert set(execute.load_parameters("quick")) == {path.stem for path in NOTEBOOKS}


def test_every_citation_is_in_the_references_once():
    keys = re.findall(r"^@\w+\{([^,]+),", (ROOT / "book/references.bib").read_text(), re.MULTILINE)
    assert len(set(keys)) == len(keys)
    for name, text in texts().items():
        for group in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text):
            for key in group.split(","):
                assert key.strip() in keys, f"{name} cites {key}"


def test_every_function_named_on_a_page_exists():
    """``grnular_core.x.y`` in code letters is a module or something in one; (``step``) beside it a method."""
    named = steps = 0
    for page, text in texts().items():
        for name, step in re.findall(r"`(grnular_(?:core|paper)(?:\.\w+)+)`(?: \(`(\w+)`\))?", text):
            try:
                thing = importlib.import_module(name)
            except ModuleNotFoundError:
                module, _, attribute = name.rpartition(".")
                thing = getattr(importlib.import_module(module), attribute, None)
            assert thing is not None, f"{page}: {name}"
            assert not step or callable(getattr(thing, step)), f"{page}: {name}.{step}"
            named, steps = named + 1, steps + bool(step)
    assert named > 50 and steps


def test_every_file_named_on_a_page_exists():
    for page, text in texts().items() | {("README.md", (ROOT / "README.md").read_text())}:
        for name in re.findall(r"`((?:grnular_core|notebooks|book|tests)/[\w./-]+)`", text):
            assert (ROOT / name).exists(), f"{page}: {name}"


def test_the_method_numbers_all_sixteen_equations_of_the_paper_and_says_where_each_is_in_the_code():
    labels = re.findall(r"^\$\$ \(([\w-]+)\)$", METHOD, re.MULTILINE)
    assert len(labels) == len(set(labels)) == 16
    assert set(re.findall(r"\{eq\}`([\w-]+)`", METHOD)) <= set(labels)
    section = METHOD.split("\n## Equations and algorithms\n")[1].split("\n## Choices\n")[0]
    assert set(re.findall(r"\{eq\}`([\w-]+)`", section)) == set(labels)
    for what in ("Algorithm 1", "Algorithm 2", "Algorithm 3", "Algorithm 4", "`covTF`", "`goodINIT`",
                 "`fitDNN`", "`fitDNN-fast`", "mask-TF", "training", "CPDAG"):  # fmt: skip
        assert f"{what} |" in section or f"{what}," in section, what
    assert "not built" not in METHOD


def test_no_other_page_numbers_equations_so_that_those_of_the_method_are_the_papers():
    numbered = [name for name, text in texts().items() if re.search(r"^\$\$ \([\w-]+\)", text, re.MULTILINE)]
    assert numbered == ["method.md"]


def test_numbers_glued_across_documents_come_from_a_notebook_that_glues_them():
    for name, text in texts().items():
        for target, key in re.findall(r"\{glue:\w+\}`([\w./-]+\.ipynb)::([\w-]+)", text):
            source = (ROOT / "book" / target).resolve().read_text()
            assert f'"{key}\\"' in source or re.search(r"glue(_all\(|\(f)", source), f"{name}: {target}::{key}"


def test_repository_and_binder_appear_only_where_the_build_knows_its_address():
    plain = {"html": {"use_repository_button": False}}
    assert build.with_repository(dict(plain), {}) == plain
    known = build.with_repository({"html": {}}, {"GITHUB_REPOSITORY": "someone/grnular"})
    assert known["repository"]["url"] == "https://github.com/someone/grnular"
    assert known["launch_buttons"]["binderhub_url"] == build.BINDER
    assert known["repository"]["path_to_book"] == "" and known["html"]["use_repository_button"]


def test_binder_gets_a_python_that_the_package_runs_on_and_all_requirements():
    version = (ROOT / ".binder" / "runtime.txt").read_text().strip()
    assert version.startswith("python-3.") and int(version.rpartition(".")[2]) >= 11
    lines = (ROOT / ".binder" / "requirements.txt").read_text().splitlines()
    (included,) = [line.removeprefix("-r ") for line in lines if not line.startswith("#")]
    assert (ROOT / ".binder" / included).resolve() == ROOT / "requirements.txt"


def test_the_glossary_is_in_the_order_of_the_alphabet_and_knows_every_term_that_a_page_names():
    (listed,) = re.findall(r"```\{glossary\}\n(.*?)\n```", texts()["glossary.md"], re.DOTALL)
    terms = [line for line in listed.splitlines() if line and not line.startswith(" ")]
    assert terms == sorted(terms, key=lambda term: re.sub(r"[^a-z0-9 ]", "", term.lower()))
    named = {(target or shown).strip() for text in texts().values() for shown, target in re.findall(r"\{term\}`([^`<]+?)(?:<([^`>]+)>)?`", text)}
    assert {term.lower() for term in named} <= {term.lower() for term in terms}
