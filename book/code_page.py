"""The parts of the book about the code that the build writes: modules by layer, notebooks, parameters."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat
from pages import hours, recorded_lines, table, title

# From the ground up. A module may import from its own layer and from those above it in this list.
LAYERS: Mapping[str, tuple[str, str]] = {
    "Ground": (
        "errors, files and the machine",
        "__init__ errors files places userfiles device compiled parts partfile params unrolled_methods memory",
    ),
    "Data": (
        "from any file to one data type, and the edge table",
        "textfile lists tables mtx matrices values checks candidates dataset reading edges registry transfer "
        "archives downloads beeline tf_lists gene_sets cell_tables resampling own_data card cpdag network_files "
        "exports outputs",
    ),
    "Simulation": (
        "networks, cells and noise; no torch",
        "grn sergio_inputs kinetics regulons technical simulate simulated simulation_files families_regulons families",
    ),
    "Scores": (
        "two protocols, chance and tests; no torch",
        "ranking metrics metrics_edges paper_protocol stats smoothing",
    ),
    "Models": (
        "GRNULar and GLAD in torch; no files",
        "network adam problem inplace parallel regression thresholding evidence context committee cells cell_groups "
        "evidence_blocks context_blocks grnular grnular_base spectral glad cost streamed_fit streamed recipes "
        "inference",
    ),
    "Training": (
        "supervised, on simulated pairs; trained weights",
        "losses batches checkpoints named_recipes trained training",
    ),
    "Methods": (
        "every method behind one door",
        "controls graphical_lasso_admm graphical_lasso graphical_lasso_cv baselines within_clusters "
        "lars tigress diffusion tree_data tree_kernels boosting forest ensembles trees model_methods ensemble_methods methods "
        "peer_times",
    ),
    "Trust": (
        "how far a network of one's own can be trusted",
        "stability decoys analysis own_scores report",
    ),
    "Experiments": (
        "which runs there are, and the record of them",
        "environments record_rows results experiments details synthetic grids scale_out runtimes ablations tuning "
        "as_published",
    ),
    "Findings": (
        "figures, verdicts, claims",
        "plots plots_curves plots_factors plots_network plots_hover plots_trust scaling resemblance choice levers glad_mask "
        "learning live verdicts stem_cells findings claims claims_simulated claims_model claims_real claims_times claim_registry",
    ),
    "Commands": (
        "the command line",
        "arguments commands infer_command train_command __main__",
    ),
}  # fmt: skip
# Which recorded tables a notebook's full-size run fills.
TABLES: Mapping[str, tuple[str, ...]] = {
    "01_clean": ("clean",),
    "02_noisy_dropout": ("noisy",),
    "03_ds1_ds3": ("ds",),
    "04_beeline": ("beeline",),
    "06_runtimes": ("runtimes",),
    "07_ablations": ("ablations", "tuning"),
}


# A full stop ends a sentence before a capital letter or code, and not after these words.
SENTENCE = re.compile(
    r"(?<!\bEq)(?<!\bEqs)(?<!\bFig)(?<!\bFigs)(?<!\bvs)(?<!\be\.g)(?<!\bi\.e)\. (?=[A-Z`])"
)


def first_line(path: Path) -> str:
    """The first sentence of a module's docstring, which may run over two lines."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(text.split("\n\n")[0].split())
    return SENTENCE.split(paragraph)[0].rstrip(".") + "." if paragraph else "–"


def layers(package: Path) -> str:
    """All modules by layer, each with the first sentence of its docstring."""
    parts = []
    for name, (what, modules) in LAYERS.items():
        rows = [
            [f"`{module}`", first_line(package / f"{module}.py").replace("``", "`")]
            for module in modules.split()
        ]
        parts.append(f"### {name}: {what}\n\n{table(['module', 'what it is'], rows)}")
    return "\n".join(parts)


def picture() -> str:
    """The layers on one screen: name, what it is for, number of modules."""
    rows = [[f"**{name}**", what, len(modules.split())] for name, (what, modules) in LAYERS.items()]
    return table(["layer", "what it is for", "modules"], rows)


def parameters(path: Path) -> list[tuple[str, str, str]]:
    """Name, default and comment of every parameter of a notebook."""
    cells = nbformat.read(path, as_version=4).cells
    source = next((c.source for c in cells if "parameters" in c.metadata.get("tags", [])), "")
    comments = {
        token.start[0]: token.string.lstrip("# ")
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    found = []
    for node in ast.parse(source).body:
        lines = range(node.lineno - 1, (node.end_lineno or node.lineno) + 1)
        comment = next((comments[n] for n in reversed(lines) if n in comments), "")
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        found.append((ast.unparse(target), ast.unparse(node.value), comment))
    return found


def notebooks(paths: Sequence[Path], record: dict, folder: Path) -> str:
    """One row a notebook: its command, its time in this build, and what its recorded runs took."""
    seconds = {run["notebook"]: run["seconds"] for run in record["runs"]}
    rows = []
    for path in paths:
        stem = path.stem
        names = [name for name, _, _ in parameters(path)]
        lines = [line for name in TABLES.get(stem, ()) for line in recorded_lines(folder, name)]
        quick = f"{seconds[stem] / 60:.1f}" if stem in seconds else "not run"
        gpu = "yes" if "device" in names else "–"
        command = f"`{short(stem, paths)}`"
        rows.append(
            [f"[{title(stem)}](../notebooks/{path.name})", command, quick, hours(lines), gpu]
        )
    header = ["notebook", "`--only`", "minutes", "full size", "GPU"]
    machine = f"{record['processor']}, {record['cores']} cores"
    note = (
        f"\n*Minutes*: with quick parameters on {machine}. *Full size*: computing time behind the "
        "committed tables so far. *GPU*: whether one is used where there is one.\n"
    )
    return table(header, rows) + note


def short(stem: str, paths: Sequence[Path]) -> str:
    """The number of a notebook where it has one of its own, else its whole name."""
    number = stem.split("_")[0]
    return number if sum(path.stem.startswith(number) for path in paths) == 1 else stem


def all_parameters(paths: Sequence[Path], modes: Mapping[str, Mapping[str, dict]]) -> str:
    """Every parameter of every notebook: default, quick, full, and what it means."""
    parts = []
    for path in paths:
        rows = []
        for name, default, comment in parameters(path):
            values = [modes[mode].get(path.stem, {}).get(name, "") for mode in ("quick", "full")]
            rows.append([f"`{name}`", comment, code(default), *(code(v) for v in values)])
        header = ["parameter", "meaning", "in the notebook", "`make book`", "`make paper`"]
        parts.append(f"### {path.stem}\n\n{table(header, rows)}")
    return "\n".join(parts)


def code(value: object) -> str:
    """A value in code letters; nothing for no value, the count for a long list."""
    if isinstance(value, list) and len(value) > 6:
        return f"{len(value)} values"
    text = str(value).replace("'", '"')
    return f"`{text}`" if text else ""
