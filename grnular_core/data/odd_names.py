"""Names that no gene has: columns of metadata, dates of a spreadsheet, genomes, other spellings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

# columns that counting programs, scanpy, Seurat and tables of metadata write beside genes and cells
HELPER = re.compile(
    r"N_(unmapped|multimapping|noFeature|ambiguous)|__(no_feature|ambiguous|too_low_aQual|not_aligned|"
    r"alignment_not_unique)|n_(counts|genes|cells|umis?|features)\w*|(log1p_)?(total|n)_\w+_by_counts|"
    r"(log1p_)?total_counts\w*|pct_\w+|percent[._]?(mt|mito|ribo)\w*|(mt|mito|ribo)[._]?(frac|fraction|pct|percent)\w*|"
    r"n(Count|Feature)_\w+|n?(UMI|Gene)s?|(leiden|louvain)\w*|(\w+_)?pseudotime|latent_time|phase|(S|G2M)[._]Score|"
    r"(seurat_)?clusters?|cell_?types?|batch|doublet_scores?|total|sum|length|chr|start|end|strand|"
    r"((donor|sample|patient|subject|mouse|batch|cluster|library|plate|well|lane)[._ ]?(id|number|nr|no)?)|"
    r"(cell|barcode)[._ ]?(id|number)|orig[._]ident|age|sex|gender|bmi|time(_?point)?|day|stage|condition|treatment|"
    r"disease|status|tissue|replicate|group|label|(size|scaling)[._]?factors?|library_size|(x|y|z)_centroid|"
    r"(X_)?(umap|t-?sne|pca?|diffmap|dc|phate|harmony)[._ -]\d+|tsne\d|umap\d|RNA_snn_res\.[\d.]+",
    re.IGNORECASE,
)
# spike-ins, antibodies and probes of no gene, which stand among genes
CONTROL = re.compile(
    r"ERCC[-_.]\d{5}|.+[-_. ]TotalSeq\w*|Neg(ative)?_?Control(Probe|Codeword)?[-_. ]?\w+|"
    r"(Blank|(Unassigned|Deprecated)Codeword)[-_]\d+",
    re.IGNORECASE,
)
# MARCH1, SEPT2 and DEC1 after a spreadsheet has turned them into dates, in the languages of its users.
# The month first has a capital, since sep-1 and jun-1 are genes of the worm.
_MONTH = (
    "jan|feb|fev|fév|mar|mär|mrz|mrt|mars|march|maart|m[aä]rz|marzo|apr|avr|may|mai|mei|mag|jun|juin|jul|juil|"
    "aug|ago|ao[uû]t|sep|sept|set|okt|oct|ott|nov|dec|dez|dic|déc"
)
DATE = re.compile(
    rf"\d{{1,2}}[-. /]+({_MONTH})\.?([-. /]+\d{{2,4}})?|(?-i:(?=[A-ZÄ][a-zäéû]))({_MONTH})\.?[- /]+\d{{1,4}}|"
    r"(19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}( 00:00(:00)?)?|\d{1,2}[/.-]\d{1,2}[/.-](19|20)?\d\d",
    re.IGNORECASE,
)
SERIAL = re.compile(r"[34]\d{4}")  # days since 1900, of the years 1982 to 2036
GENOME = re.compile(
    r"(GRC[a-z]\d+|hg\d+|mm\d+|rn\d+|mRatBN[\d.]+|GRCz\d+|danRer\d+|dm\d+|BDGP\d+|Sscrofa[\d.]+|susScr\d+|Mmul_\d+|"
    r"human|mouse|rat)(?:[._-]?(?:premrna|\d{4}-[A-Z]))?[_-]+(?=.)",
    re.IGNORECASE,
)
COPY = re.compile(r"(.+)([-.])\d+")  # of a name, as scanpy's var_names_make_unique and R's make.unique write it
HALF = 0.5


def copies(names: Sequence[str]) -> list[str]:
    """Names that are another one with a number behind it, counted from 1, as GATA1-1 and GATA1.1 beside GATA1.

    IGHV3-30-2 beside IGHV3-30 is none where there is no IGHV3-30-1: both are genes.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    list of str
    """
    known = frozenset(names)  # membership only: no order comes from it
    return [
        name
        for name in names
        if (found := COPY.fullmatch(name)) and {found[1], f"{found[1]}{found[2]}1"} <= known
    ]


def helpers(names: Sequence[str], keep: Collection[str] = ()) -> list[str]:
    """Names of metadata and of totals among those of genes or cells.

    Parameters
    ----------
    names : sequence of str
    keep : collection of str
        Never found, as the TFs of the list.

    Returns
    -------
    list of str
        Empty where half of the names or more are of this kind, as when rows are clusters of cells.
    """
    found = [name for name in names if HELPER.fullmatch(name) and name not in keep]
    return found if len(found) < HALF * len(names) else []


def dates(names: Iterable[str]) -> list[str]:
    """Names that are dates, as spreadsheets make of MARCH1.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    list of str
    """
    names = list(names)
    n_numbers = sum(name.isdigit() for name in names)
    return [
        name
        for name in names
        if DATE.fullmatch(name) or (SERIAL.fullmatch(name) and n_numbers < HALF * len(names))
    ]


def genomes(names: Iterable[str]) -> dict[str, int]:
    """Genomes that stand before the names of genes, as in GRCh38_GATA1 and mm10___Gata1.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    dict of str to int
        Genome -> its genes, the most frequent first.
    """
    found = (GENOME.match(name) for name in names)
    return dict(Counter(match[0].rstrip("_-") for match in found if match).most_common())


def without_genome(name: str, genome: str) -> str | None:
    """Take the genome off a gene's name.

    Parameters
    ----------
    name, genome : str
        Such as GRCh38_GATA1 and GRCh38.

    Returns
    -------
    str or None
        None for a gene of another genome.
    """
    rest = name.removeprefix(genome)
    bare = rest.lstrip("_-")
    return bare if len(rest) < len(name) and len(bare) < len(rest) and bare else None


def spelled_by_r(name: str) -> str:
    """Spell a name as R does in a data frame, where NKX2-1 is NKX2.1 and 7SK is X7SK.

    Parameters
    ----------
    name : str

    Returns
    -------
    str
        The same for all spellings of one gene.
    """
    return re.sub(r"[^\w.]|_", ".", f"X{name}" if name[:1].isdigit() else name)


def parts(name: str) -> list[str]:
    """Split a name made of several, such as ENSG00000102145|GATA1, GATA1_ENSG00000102145 and GATA1 (2623).

    Parameters
    ----------
    name : str

    Returns
    -------
    list of str
        Empty for a name of one part.
    """
    found = [part for part in re.split(r"[|;:,_() '\"]+", name) if part]
    return found if found != [name] else []
