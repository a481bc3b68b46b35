"""Where data are unlike those that a method was trained and checked on: notes for the user before a run."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from grnular_core.data.blocks import count_detected
from grnular_core.data.dataset import GRNDataset
from grnular_core.methods.registry import method

REAL_CELLS = "grnular-cells"  # weights
SAMPLE = 500  # cells that are looked at, or up to twice as many
ENOUGH_CELLS, SHALLOW = 200, 600
BULK = 0.95  # share of genes that single cells do not reach
PRECISION_GENES = (500, 2000)  # of the sets that the columns of precision rest on
_OTHER_KINGDOM = re.compile(r"Y[A-P][LR]\d{3}[WC](-[A-Z])?|AT[1-5CM]G\d{5}|FBgn\d{7}|WBGene\d{8}|b\d{4}")
# Families of two thirds of human TFs (Lambert et al. 2018) and a third of the broad lists; hardly a TF of yeast, plants, flies,
# worms or bacteria is called so. The lists themselves may not be on this machine.
_FAMILY = re.compile(
    r"ENS(MUS)?G\d{11}(\.\d+)?|(HOX|FOX)[A-S]\d+|NR\d[A-H]\d|NKX\d.*|POU\dF\d|MEF2[A-D]|CEBP[ABDEGZ]|TFAP[24]\w*|"
    r"(ZNF|ZFP|ZSCAN|ZKSCAN|ZBTB|ZBED|ZIC|ZEB|SOX|SP|KLF|GATA|IRF|STAT|TCF|E2F|ATF|CREB|RFX|HES|HEY|PAX|LHX|TBX|SIX|DLX|IRX|"
    r"EGR|ETS|ETV|ELF|ELK|EBF|GLI|SALL|IKZF|SMAD|TEAD|RUNX|PBX|MEIS|PITX|OTX|HNF|USF|PRDM|THAP|SNAI|NEUROD|TWIST|ARID)\d+\w?|"
    r"NFAT\w+|NF[IY][A-CX]|NFE2\w*|NFKB\d|NFIL3|BHLH\w+|BATF\d?|BACH\d|MAF\w?|MYC\w?|MYB(L\d)?|MAX|MITF|LEF1|TAL\d|CTCF|REST|"
    r"FOS[BL]?\d?|JUN[BD]?|REL[AB]?|R[AX]R[ABG]|ROR[ABC]|PPAR[ADG]|ESRR?[12ABG]|AR|AHR|VDR|T?RP\d3|TP\d3|SPI[1BC]|ERG|FLI1|ID[1-4]",
    re.IGNORECASE,
)
_FEW_TFS, _RARE = 5, 0.1


def method_notes(data: GRNDataset, name: str, weights: str | Path | None = None) -> tuple[str, ...]:
    """Say where data are unlike those of a method.

    Parameters
    ----------
    data : GRNDataset
    name : str
    weights : str or Path, optional
        Given in place of the method's own.

    Returns
    -------
    tuple of str
        For the user; empty where nothing is unusual.
    """
    return tuple(note for note in (unlike_note(data, name), _precision_note(data, name, weights)) if note)


def unlike_note(data: GRNDataset, name: str) -> str | None:
    """Say where data are unlike the cells that a method of real cells was trained and tried on.

    Parameters
    ----------
    data : GRNDataset
    name : str

    Returns
    -------
    str or None
        For the user; None for other methods, and for data that show nothing unusual.
    """
    if REAL_CELLS not in method(name).weights:
        return None
    seen = count_detected(data.adata.X[:: max(data.n_cells // SAMPLE, 1)], axis=1)
    depth = data.provenance.get("depth")
    found = []
    if data.n_cells < ENOUGH_CELLS:
        found.append(f"there are {data.n_cells} cells (at least {ENOUGH_CELLS} are expected)")
    if np.median(seen) > BULK * data.n_genes:
        found.append(f"nearly every gene is seen in every sample ({np.median(seen) / data.n_genes:.0%} of them), as in bulk data")
    if depth is not None and depth < SHALLOW:
        found.append(f"cells have {depth:.0f} counts in the median (at least {SHALLOW} are expected)")
    if 2 * sum(bool(_OTHER_KINGDOM.fullmatch(gene)) for gene in data.genes) > data.n_genes:
        found.append("genes have names of yeast, plants, flies, worms or bacteria")
    elif len(data.tfs) < data.n_genes and _of_other_species(data.tfs):
        found.append("hardly any TF is called as TFs of human or mouse are")
    if not found:
        return None
    return (
        f"{name} was trained and tried on human and mouse cells, and here {'; '.join(found)}. On such data plain correlation "
        "may be better: compare with --method correlation, and trust the edges that both find"
    )


def _of_other_species(tfs: Sequence[str]) -> bool:
    """Whether names are those of TFs, and next to none of a family of TFs that human and mouse have.

    Names without two letters, and numbered ones (TF1, TF2, ...), say nothing of a species.
    """
    named = [tf for tf in tfs if re.search(r"[A-Za-z]{2}", tf)]
    stems = {re.sub(r"\d.*", "", tf) for tf in named}
    if len(named) < _FEW_TFS or 2 * len(stems) < len(named):
        return False
    return sum(bool(_FAMILY.fullmatch(tf)) for tf in named) < _RARE * len(named)


def _precision_note(data: GRNDataset, name: str, weights: str | Path | None) -> str | None:
    """Say where the columns of precision are given for more or fewer genes than they were checked on."""
    low, high = PRECISION_GENES
    if not method(name).states_precision or weights is not None or low <= data.n_genes <= high:
        return None
    return f"precision was checked on sets of {low} to {high:,} genes, and says little of the {data.n_genes:,} here"
