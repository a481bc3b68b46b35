"""The parts of the page on claims that the build writes, from the registry and the record."""

import re
from pathlib import Path

import pandas as pd
from grnular_paper.claims import registry as claim_registry
from grnular_paper.verdicts import in_words
from pages import link, table

from grnular_core.models.grnular import GRNULarConfig
from grnular_core.training.named_recipes import RECIPES
from grnular_core.training.recipes import Recipe

N_TFS, GENES = (10, 37, 127), 100  # of DS1 to DS3, and of the paper's simulated graphs
SCALES = {"mean": "means", "cells": "mean over cells", "sum": "sums"}
ONE_VERDICT = "Where the paper's protocol has no part in a claim, its one verdict counts in both columns."
LOSSES = {"balanced": "Eq. 16", "summed": "Eq. 11", "cross-entropy": "cross-entropy", "smooth-ap": "average precision"}
COMPARED = re.compile(r"\[|\(not tested; ")  # an interval, or a count in place of one
LINES = 3  # of numbers in a cell; more are folded
# sections on the page of real cells
REAL = (
    "Real cells (Fig. 8, Table 3)", "A network of stem cells (Figs 9 to 11)", "Run times (Tables 1 and 2)",
    claim_registry.DEFINITIONS,
)  # fmt: skip


def summary(folder: Path) -> str:
    """How many claims there are, and how many got which verdict by which protocol."""
    claims = claim_registry.table(folder)
    papers = claim_registry.papers(claims)
    sums = int((claims["section"] == claim_registry.SUMS).sum())
    counts = claim_registry.counts(claims)
    header = list(counts.columns)
    early = int(papers["early"].sum())
    definitions = int((claims["section"] == claim_registry.DEFINITIONS).sum())
    rows = [
        [line["verdict"], *(f"{line[name]} ({line[name] / len(papers):.0%})" for name in header[1:])]
        for line in counts.to_dict("records")
        if any(line[name] for name in header[1:])
    ]
    text = (
        f"{len(papers)} claims of the paper are listed; {int(claims['ours'].sum())} more are ours. "
        f"{sums} rows sum others up, {definitions} are true by construction or a look-up; neither is counted.\n\n"
    )
    caption = f"Verdicts on the {len(papers)} claims of the paper by each protocol: how many, and which share. {ONE_VERDICT}"
    text += table(header, rows, caption)
    if early:
        text += (
            f"\n{early} of these verdicts, marked *provisional*, rest on tests in less than half of "
            "the planned points or lack a competing method, and may change.\n"
        )
    return text


def recipes() -> str:
    """Settings of the untrained loop and of every released model, those with the same settings on one line."""
    released = {name: recipe for name, recipe in RECIPES.items() if not name.startswith("context-")}
    lines: dict[tuple[str, ...], dict[str, None]] = {}
    for name, recipe in {"grnular-untrained": Recipe(epochs=0), **released}.items():
        model = "" if recipe.model.startswith("grnular") else f"{recipe.model}-*"
        lines.setdefault(settings(recipe), {})[f"`{model or name}`"] = None
    header = ["recipe", "$L$", "$P$", "$E1$", "$H_d$", "Eq. 12", "loss", r"$\beta$", "graphs", "epochs"]
    caption = (
        "Recipes: iterations $L$, inner steps $P$, steps $E1$ of goodINIT, hidden units $H_d$ of $f_W$ (several: those for "
        f"{', '.join(map(str, N_TFS))} TFs), scale of Eq. 12 (*error*: of goodINIT on held-out cells), loss with the weight "
        "$\\beta$ of missed edges in its F score, training graphs and epochs; of an ensemble first those of its members. "
        "The paper prints $P = 5$ for clean cells, where validation graphs prefer 10 here, and 200 units for 37 TFs."
    )
    return table(header, ([", ".join(names), *of] for of, names in lines.items()), caption)


def settings(recipe: Recipe) -> tuple[str, ...]:
    """L, P, E1, H_d, scale of Eq. 12, loss, beta, graphs and epochs of a recipe, a dash for what it does not have."""
    config = recipe.config
    inner = ("–",) * 4
    if isinstance(config, GRNULarConfig):
        units = dict.fromkeys(config.layer_sizes(n, GENES)[1] for n in N_TFS)
        most = "≤ " if config.init_tolerance else ""
        scale = SCALES[config.reduction] + (f", {config.lam_scale:g} λ × error" if config.lam_per_error else "")
        inner = (str(config.n_inner), f"{most}{config.init_epochs}", ", ".join(map(str, units)), scale)
    trained = [of for of in (*map(RECIPES.get, recipe.members), recipe) if of.epochs]
    losses = dict.fromkeys(LOSSES[of.loss] for of in trained)
    beta = {f"{of.beta:g}" for of in trained if of.loss in ("balanced", "summed")}
    graphs, epochs = ([str(n) for n in of] for of in ([sum(n for _, n in r.train) for r in trained], [r.epochs for r in trained]))
    return (str(config.n_unroll), *inner, *(", ".join(of) or "–" for of in (losses, beta, graphs, epochs)))


def parts(folder: Path) -> dict[str, str]:
    """All claims once, by the name of the part: the headline claims and sums first, then section by section on two pages."""
    claims = claim_registry.table(folder)
    first = claims["headline"] > 0
    headlines = section("The headline claims", claims[first].sort_values("headline"))
    found = {"claims": [headlines], "claims_simulated": [], "claims_real": []}
    for name, rows in claims[~first].groupby("section", sort=False):
        page = "claims" if name == claim_registry.SUMS else "claims_real" if name in REAL else "claims_simulated"
        found[page].append(section(name, rows))
    return {name: "\n".join(tables) for name, tables in found.items()}


def section(name: str, rows: pd.DataFrame) -> str:
    """The table of some claims below its heading."""
    lines = [[claim_cell(row), numbers_cell(row), verdict_cell(row)] for _, row in rows.iterrows()]
    caption = f"{name}, {len(lines)} in all: numbers of the paper and of this book, their basis, and the verdict."
    return f"## {name}\n\n{table(['claim', 'numbers', 'verdict'], lines, caption)}"


def claim_cell(row: pd.Series) -> str:
    """The claim, where the paper makes it, and a link to the page that shows it."""
    source = "our own" if row["ours"] else row["source"]
    return f"{row['claim']} ({source}; {link(row['page'])})"


def numbers_cell(row: pd.Series) -> str:
    """The printed value, where there is one, the reproduced values by both protocols, and the basis of the verdict."""
    parts = [f"*Paper*: {row['printed']}"] if row["printed"] else []
    parts.append(("*Here*: " if row["printed"] else "") + (folded(row["numbers"]) or "–"))
    if row["numbers_by_paper"]:
        parts.append(f"*By the paper's protocol*: {folded(row['numbers_by_paper'])}")
    if row["basis"]:
        parts.append(f"*Basis*: {row['basis']}")
    return "<br>".join(parts).replace("</details><br>", "</details>")


def folded(text: str) -> str:
    """A text in lines, of which many open to a click behind the first."""
    lines = in_lines(text).split("<br>")
    if len(lines) <= LINES:
        return "<br>".join(lines)
    return f"{lines[0]}<details><summary>{len(lines) - 1} more</summary>{'<br>'.join(lines[1:])}</details>"


def in_lines(text: str) -> str:
    """A text with more than three intervals or counts, each on a line of its own; a shorter one as it is."""
    if len(COMPARED.findall(text)) <= 3:
        return text
    pieces, depth, start = [], 0, 0
    for i, character in enumerate(text):
        depth += (character in "([") - (character in ")]")
        ends = character == ";" or (character == "," and COMPARED.search(text[start:i]) is not None)
        if ends and depth == 0:
            pieces.append(text[start:i].strip())
            start = i + 1
    return "<br>".join([*pieces, text[start:].strip()])


def verdict_cell(row: pd.Series) -> str:
    """The verdict by the strict protocol; the other one where it differs."""
    strict, paper = (in_words(row[name], row["ours"]) for name in ("verdict", "by_paper"))
    verdict = f"**{strict}**" + (" (provisional)" if row["early"] else "")
    if paper and paper != strict:
        verdict += f"; {paper} by the paper's protocol"
    return verdict
