"""Parts of the book that the build writes: status, record, a worked example."""

import csv
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import pandas as pd
from grnular_paper.roles import looks_table

from grnular_core.methods.registry import METHODS
from grnular_core.methods.resources import COPIES
from grnular_core.utils.device import spelled_size

# The worked example of the page on protocols: two TFs (A, B) and three other genes.
GENES = ("A", "B", "c", "d", "e")
TFS = ("A", "B")
TRUTH = (("A", "c"), ("A", "d"), ("B", "A"), ("B", "e"))
PREDICTION = (("A", "c", 0.9), ("B", "d", 0.6), ("A", "B", 0.5), ("A", "d", 0.4), ("B", "e", 0.2))


def table(header: list[str], rows: Iterable[Iterable[object]], caption: str = "") -> str:
    """A Markdown table, below its caption where ``captions.py`` numbers it; cells lose their bars and line ends."""
    lines = [header, ["---"] * len(header), *rows]
    cells = [[str(cell).replace("|", "/").replace("\n", " ") for cell in line] for line in lines]
    return (f"Table: {caption}\n\n" if caption else "") + "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


BOOK = Path(__file__).resolve().parent


@lru_cache
def title(page: str) -> str:
    """The title of a notebook or of a page of prose, by its stem, without the figures of the paper."""
    prose = BOOK / f"{page}.md"
    if prose.exists():
        text = prose.read_text(encoding="utf-8")
    else:
        notebook = (BOOK.parent / "notebooks" / f"{page}.ipynb").read_text(encoding="utf-8")
        text = "".join(json.loads(notebook)["cells"][0]["source"])
    first = next(line for line in text.splitlines() if line.startswith("# "))
    return re.sub(r" \((Fig|Table)[^)]*\)$", "", first.removeprefix("# "))


def link(notebook: str) -> str:
    """The title of a notebook as a link to its page, which is a page of prose where one has its name."""
    prose = (BOOK / f"{notebook}.md").exists()
    return f"[{title(notebook)}]({f'{notebook}.md' if prose else f'../notebooks/{notebook}.ipynb'})"


def runs(record: dict) -> str:
    """Executed notebooks with time, duration and machine."""
    rows = []
    for run in record["runs"]:
        started = run["started"][:16].replace("T", " ")
        rows.append([link(run["notebook"]), started, f"{run['seconds']:.0f}"])
    total = sum(run["seconds"] for run in record["runs"])
    versions = ", ".join(f"{name} {number}" for name, number in record["packages"].items())
    facts = [
        ["Parameters", f"`notebooks/params/{record['mode']}`"],
        ["Sum of the notebooks", f"{total:.0f} s"],
        ["Source", f"commit {record['commit']}"],
        ["Machine", f"{record['processor']}, {record['cores']} cores, {record['system']}"],
        ["Python", record["python"]],
        ["Packages", versions],
    ]
    if not rows:
        return "No notebook was run for this build.\n"
    return (
        table(["notebook", "started (UTC)", "seconds"], rows, "Notebooks that this build ran, and their seconds.")
        + "\n"
        + table(["item", "this build"], facts, "Machine and software of this build.")
    )


# Identity of an inference in the record, its key without the network; in the last line that of an epoch of a training and
# of a run of a sweep over sizes.
RUN_COLUMNS = (
    "experiment", "dataset", "genes", "cells", "cell_types", "dropout_percentile", "replicate",
    "method", "tf_information", "seed",
    "graphs", "reading", "epoch", "sweep", "tfs",
)  # fmt: skip


FAULTS = "faults"  # the table of tests/fault_campaign.py: kills, not runs


def recorded(folder: Path) -> str:
    """Contents of the committed tables: rows, methods, computing time and commits."""
    rows = []
    printed = sorted(path.name for path in folder.glob("paper_*.csv"))
    for path in sorted(folder.glob("*.csv")):
        if path.name in printed or path.stem == FAULTS:
            continue
        lines = recorded_lines(folder, path.stem)
        rows.append(
            [
                recorded_file(path.name),
                len(lines),
                folded(distinct(lines, "method")),
                hours(lines),
                folded(distinct(lines, "commit")),
            ]
        )
    header = ["table", "rows", "methods", "computing time", "commit"]
    caption = "Recorded tables: rows, methods, computing time, and commits of this repository."
    text = table(header, rows, caption) if rows else "Nothing is recorded yet.\n"
    if printed:
        names = ", ".join(map(recorded_file, printed))
        text += f"\nBeside them lie the numbers that the paper prints, for comparison: {names}.\n"
    return text


def recorded_file(name: str) -> str:
    """A recorded table by its name, as a link to the file that the book hands out."""
    return f'<a href="../recorded/{name}">{name}</a>'


def faults(folder: Path) -> str:
    """Results of the recorded kill campaign."""
    lines = recorded_lines(folder, FAULTS)
    if not lines:
        return "No campaign is recorded yet.\n"
    rows = [
        [
            f"`{line['command']}`",
            f"{line['at_random_times']} + {line['at_file_operations']}",
            f"{float(line['first_moment']):.2f}–{float(line['last_moment']):.2f}",
            line["pieces"],
            *(line[fault] for fault in ("half_files", "lost", "doubled", "other_results")),
        ]
        for line in lines
    ]
    total = sum(int(line["kills"]) for line in lines)
    header = [
        "command", "kills at a time + at a file", "share of a run", "pieces", "half files", "lost",
        "doubled", "other results",
    ]  # fmt: skip
    commits = distinct(lines, "commit")
    caption = (
        "Killed runs, a line a command: kills at a random time and at an operation on a file, and how many files, rows or "
        "results they spoiled. "
        "*Pieces* are rows, epochs or files that an undisturbed run has."
    )
    return table(header, rows, caption) + f"\nThese are {total} kills, at commit {commits}.\n"


def gradient_memory(folder: Path) -> str:
    """Peak memory of a training step by how gradients pass the inner steps."""
    lines = recorded_lines(folder, "gradient_memory")
    if not lines:
        return "Their memory is not recorded yet.\n"
    rows = [[f"`{line['gradient']}`", *(f"{float(line[name]):.0f} MB" for name in ("before_mb", "peak_mb"))] for line in lines]
    caption = "Peak memory of one process before the loop, and with loop and backward pass, by how gradients pass."
    return table(["gradient", "before the loop", "with loop and backward pass"], rows, caption)


def memory_at_once(folder: Path) -> str:
    """What a model with context would take of memory without blocks, beside the recorded peak of the largest run in blocks."""
    runs = [line for line in recorded_lines(folder, "scale") if line["method"] == "grnular-context"]
    if not runs:
        return "The sizes are not recorded yet.\n"
    largest = max(runs, key=lambda line: float(line["peak_gb"]))
    genes, tfs, cells = (int(largest[name]) for name in ("genes", "tfs", "cells"))
    memory = METHODS["grnular-context"].memory
    needed = memory.per_pair * tfs * genes + (8 * COPIES + memory.per_value) * cells * genes
    return (
        f"Worked on all at once, every pair of a TF and a gene would take {memory.per_pair / 1000:.1f} kB with context and every "
        f"value of the expression {8 * COPIES + memory.per_value} bytes. That is {spelled_size(needed)} for {genes:,} genes, "
        f"{tfs:,} TFs and {cells:,} cells; in blocks such a run, a tenth of its values not 0, took "
        f"{float(largest['peak_gb']):.1f} GB.\n"
    )


def recorded_lines(folder: Path, name: str) -> list[dict]:
    """The rows of a recorded table as texts; none when there is no such table."""
    path = folder / f"{name}.csv"
    if not path.exists():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def distinct(lines: list[dict], column: str) -> str:
    return ", ".join(sorted({line.get(column) or "" for line in lines} - {""})) or "–"


def folded(names: str) -> str:
    """A long list of names as their number, which opens to the names."""
    count = len(names.split(", "))
    return names if count < 4 else f"<details><summary>{count}</summary>{names}</details>"


def hours(lines: list[dict]) -> str:
    """Time of all inferences, one of which may be scored on several networks, or of all epochs of trainings."""
    seconds = {}
    for line in lines:
        run = tuple(line.get(column) for column in RUN_COLUMNS)
        try:
            seconds[run] = float(line.get("seconds") or "")
        except ValueError:
            continue
    if not seconds:
        return "–"
    total = sum(seconds.values())
    return f"{total / 3600:.1f} h" if total >= 3600 else f"{total / 60:.1f} min"


def example_edges() -> str:
    """The prediction of the worked example, and the true edges that it misses."""
    weights = {(a, b): weight for a, b, weight in PREDICTION}
    pairs = list(weights) + [pair for pair in TRUTH if pair not in weights]
    rows = [[" → ".join(pair), weights.get(pair, "not predicted"), "yes" if pair in TRUTH else "no"] for pair in pairs]
    return table(["edge", "weight", "true?"], rows, "A prediction on five genes, and the true edges; weights have no unit.")


def example_scores() -> str:
    """The worked example under both protocols, the paper's in two orders of the same genes."""
    from grnular_core.scoring.paper import paper_scores
    from grnular_core.scoring.strict import strict_scores

    edges = pd.DataFrame(PREDICTION, columns=["regulator", "target", "weight"])
    truth = pd.DataFrame(TRUTH, columns=["regulator", "target"])
    rows = {"strict": [], "paper": []}
    for order in (GENES, GENES[::-1]):
        shown = " ".join(order)
        strict = strict_scores(edges, truth, order, TFS)
        sizes = [strict["n_candidates"], strict["n_true"]]
        rows["strict"].append(["strict", shown, *sizes, *decimals(strict, "auprc", "auroc"), "0.500"])
        paper = paper_scores(edges, truth, order, TFS)
        sizes = [paper["n_pairs"], paper["n_true_seen"]]
        scores = decimals(paper, "auprc", "auroc", "random_auroc")
        rows["paper"].append(["paper", shown, *sizes, *scores])
    header = ["protocol", "gene order", "pairs", "true pairs seen", "AUPRC", "AUROC", "AUROC expected at random"]
    caption = f"The same prediction by both protocols, with the genes in two orders; {len(TRUTH)} edges are true."
    return table(header, rows["strict"] + rows["paper"], caption)


def looks() -> str:
    """Every scoring of a frozen model on test data."""
    found = looks_table()
    caption = "Scorings of frozen models on test data since roles were set: what was scored, at which commit, and the command."
    return table(list(found), found.to_numpy().tolist(), caption)


def decimals(scores: dict, *names: str) -> list[str]:
    return [f"{scores[name]:.3f}" for name in names]
