"""Every claim of the paper that this book looked at: the sentences, and which function finds each verdict.

Change a sentence here. To add a claim, write its assessment, a function from the folder of recorded tables to a
``Finding``, beside the others in ``simulated``, ``model`` or ``real``, and the claim below.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from grnular_paper.claims import model, real, simulated
from grnular_paper.claims.simulated import AUPRC, AUROC, SIMPLE, TREES, Comparison
from grnular_paper.findings import Claim, not_testable, said, together

THE_MODEL = (
    Claim(
        "few_graphs", "introduction",
        "Few training graphs suffice for the models to gain from supervision",
        "07_ablations", model.few_graphs, said("train_graphs", "{} graphs"),
    ),
    Claim(
        "beyond_untrained", "here",
        "The published GRNULar is better than its loop untrained, with the settings of this work",
        "07_ablations", model.beyond_untrained,
    ),
    Claim(
        "base_equal", "section 2.2, Fig. 2, Algorithms 1 and 2",
        "GRNULar recovers as much as GRNULar-base, within 0.05 of AUPRC",
        "07_ablations", model.base_equal,
    ),
    Claim("base_slower", "section 2.2", "GRNULar takes far less time than GRNULar-base", "07_ablations", model.base_slower),
    Claim(
        "few_steps", "section 2.2",
        "After goodINIT few inner steps P are enough, measured against 20",
        "07_ablations", model.as_good("trained", "P", ["2", "5", "10"], "20"), said("few_inner_steps", "P of {}"),
    ),
    Claim(
        "few_rounds", "section 2.2",
        "Few iterations L are enough: 15 against 30",
        "07_ablations", model.as_good("untrained", "L", ["15"], "30"), said("unrolled_rounds", "L of {} (15 or 30 for GLAD)"),
    ),
    Claim(
        "memory", "section 2.1.3",
        "Keeping the computational graph through the fit takes considerably more memory",
        "method_models", model.memory,
    ),
    Claim(
        "init_steps", "section 3.1",
        "goodINIT needs hundreds of steps: 100 do not do, against 400",
        "07_ablations", model.worse("trained", "E1", "100", "400"), said("init_steps", "{} steps"),
    ),
    Claim(
        "interpretable", "introduction",
        "Unrolled models are easier to interpret",
        "07_ablations", not_testable("the paper gives no measure of it"),
    ),
    Claim(
        "expressive", "section 2.1",
        "The network for all genes is more expressive than decision trees",
        "07_ablations", not_testable("the paper gives no measure of it; the page has scores where regulation is not monotone"),
    ),
    Claim(
        "first", "conclusions",
        "The first supervised deep models for this task",
        "07_ablations", not_testable("a statement on the literature, not on numbers"),
    ),
    Claim(
        "context_learns", "here",
        "The rho_nn that sees context learns from true labels: better than untrained and "
        "than shuffled labels",
        "07_ablations", model.better("context", "training", "120 graphs", ["none", "shuffled labels"]),
    ),
)  # fmt: skip
CLEAN = (
    Claim(
        "clean_glad_trees", "Fig. 4",
        "Without TFs, GLAD is better than GRNBoost2",
        "01_clean", Comparison("clean", "without", "glad", (TREES,)),
    ),
    Claim(
        "clean_glad_glasso", "Fig. 4",
        "Without TFs, GLAD is better than GLASSO",
        "01_clean", Comparison("clean", "without", "glad", ("glasso",)),
    ),
    Claim(
        "clean_gladtf_trees", "Fig. 4, Algorithm 4",
        "With TFs, GLAD-TF is better than GRNBoost2",
        "01_clean", Comparison("clean", "with", "glad-tf", (TREES,)),
    ),
    Claim(
        "clean_paper_trees", "Fig. 4",
        "With TFs, GRNULar is better than GRNBoost2",
        "01_clean", Comparison("clean", "with", "grnular", (TREES,)),
    ),
    Claim("more_types", "Fig. 4", "More cell types, higher AUPRC (10 against 2)", "01_clean", simulated.grows("panel", 2, 10)),
    Claim(
        "more_cells", "section 3.2",
        "More cells, better recovery (10,000 against 100)",
        "01_clean", simulated.grows("place", 100, 10000),
    ),
    Claim("trees_without", "section 2.4", "Trees recover less without a TF list", "01_clean", simulated.trees_without),
    Claim(
        "masked_glad", "here",
        "Masking pairs without a TF helps: GLAD-TF is better than GLAD, on clean cells and under dropout",
        "07_ablations", simulated.masked_glad,
    ),
    Claim(
        "clean_paper_simple", "here",
        "The published GRNULar is better than correlation, CLR, ridge and TIGRESS",
        "01_clean", Comparison("clean", "with", "grnular", SIMPLE, both=True),
    ),
    Claim(
        "clean_ours_all", "here",
        "GRNULar-context is better than all that is not unrolled",
        "01_clean", Comparison("clean", "with", "grnular-context", (TREES, *SIMPLE), both=True),
    ),
)  # fmt: skip
DROPOUT = (
    Claim(
        "noisy_glad_all", "Fig. 5",
        "Without TFs, GLAD is better than GRNBoost2 and GLASSO",
        "02_noisy_dropout", Comparison("noisy", "without", "glad", (TREES, "glasso")),
    ),
    Claim(
        "noisy_paper_others", "Fig. 6",
        "With TFs, GRNULar is better than GRNBoost2 and GLAD-TF",
        "02_noisy_dropout", Comparison("noisy", "with", "grnular", (TREES, "glad-tf")),
    ),
    Claim(
        "noisy_paper_75", "Fig. 6",
        "At 75 % dropout, where other methods are at chance, GRNULar still works",
        "02_noisy_dropout", simulated.still_works,
    ),
    Claim(
        "noisy_gladtf_auroc", "Fig. 6",
        "GLAD-TF falls behind GRNBoost2 in AUROC",
        "02_noisy_dropout", Comparison("noisy", "with", TREES, ("glad-tf",), scores=AUROC),
    ),
    Claim(
        "robust", "introduction",
        "GRNULar loses less of its AUPRC to technical noise than competing methods",
        "02_noisy_dropout", simulated.robust,
    ),
    Claim(
        "noisy_fail", "Fig. 5",
        "Without TFs all methods fail at high dropout",
        "02_noisy_dropout", simulated.all_fail, said("high_dropout", "dropout of {} %"),
    ),
    Claim(
        "imputation", "section 3.2",
        "Imputing counts that dropout removed improves results marginally",
        "02_noisy_dropout", not_testable("no imputation was run, as in the paper"),
    ),
    Claim("noisy_auroc", "Fig. 6", "GRNULar's AUROC hardly falls when dropout rises", "02_noisy_dropout", simulated.auroc_stays),
    Claim(
        "noisy_gladtf_auprc", "Fig. 6",
        "GLAD-TF's AUPRC is close to that of GRNBoost2",
        "02_noisy_dropout", simulated.as_close,
    ),
    Claim(
        "noisy_ours_all", "here",
        "GRNULar-context is better than trees, GLAD-TF, correlation, CLR, ridge and TIGRESS",
        "02_noisy_dropout", Comparison("noisy", "with", "grnular-context", (TREES, "glad-tf", *SIMPLE), both=True),
    ),
)  # fmt: skip
SERGIO_DATA = (
    Claim(
        "ds_glad_all", "Fig. 7",
        "Without TFs, GLAD is better than GRNBoost2 and GLASSO",
        "03_ds1_ds3", Comparison("ds", "without", "glad", (TREES, "glasso")),
    ),
    Claim(
        "ds_paper_others", "Fig. 7",
        "With TFs, GRNULar is better than GRNBoost2 and GLAD-TF",
        "03_ds1_ds3", Comparison("ds", "with", "grnular", (TREES, "glad-tf")),
    ),
    Claim(
        "boosting_forest", "section 3.2",
        "On simulated cells GRNBoost2 is always better than GENIE3",
        "01_clean", simulated.boosting_forest,
    ),
    Claim(
        "ds_ours_all", "here",
        "GRNULar-context is better than trees, GLAD-TF, correlation, CLR, ridge and TIGRESS",
        "03_ds1_ds3", Comparison("ds", "with", "grnular-context", (TREES, "glad-tf", *SIMPLE, "genie3"), both=True),
    ),
)  # fmt: skip
REAL_CELLS = (
    Claim(
        "fig8_auprc", "Fig. 8",
        "On real cells GRNULar has a higher AUPRC than all others, here with other genes than the paper's",
        "04_beeline", real.ahead("grnular", real.OTHERS), real.printed_ahead("grnular", real.OTHERS),
    ),
    Claim(
        "fig8_mdc", "Fig. 8",
        "On dendritic cells, with the paper's genes, GRNULar has a higher AUPRC than all others",
        "12_paper_protocol", real.with_the_papers_genes,
    ),
    Claim(
        "fig8_mdc_auroc", "Fig. 8",
        "On dendritic cells, with the paper's genes, GRNULar has a higher AUROC than all others",
        "12_paper_protocol", partial(real.with_the_papers_genes, score="auroc"),
    ),
    Claim(
        "fig8_auroc", "Fig. 8",
        "On real cells GRNULar has a higher AUROC than all others",
        "04_beeline", real.ahead("grnular", real.OTHERS, "auroc"), real.printed_ahead("grnular", real.OTHERS, "auroc"),
    ),
    Claim(
        "fig8_gladtf", "section 3.4, Fig. 8",
        "GLAD-TF has a slightly higher AUPRC than the trees",
        "04_beeline", real.ahead("glad-tf", real.TREES), real.printed_ahead("glad-tf", real.TREES),
    ),
    Claim(
        "fig8_chance", "here",
        "What Fig. 8 prints for GRNULar on dendritic cells is above random scores on each network",
        "12_paper_protocol", real.beyond_chance,
    ),
    Claim(
        "fig8_low", "section 3.4",
        "AUPRC on real cells is low, whatever the method: at most the paper's highest",
        "12_paper_protocol", real.low_auprc, real.printed_auprc,
    ),
    Claim(
        "fig8_levels", "Fig. 8",
        "GRNULar's AUROC is high on most pairs",
        "12_paper_protocol", real.high_auroc, real.printed_auroc,
    ),
    Claim(
        "table3", "Table 3",
        "The number of TFs among the 500 most variable genes",
        "12_paper_protocol", real.table3, real.printed_table3,
    ),
    Claim(
        "several_simulators", "section 3.3",
        "Training with several simulators improves GRNULar",
        "11_model_development",
        real.weights_ahead(
            "context-regulons", "context-ranks",
            "on real cells, a network trained with two simulators (context-regulons) against one "
            "that saw SERGIO's dynamics alone (context-ranks)",
        ),
    ),
    Claim(
        "closer_simulator", "section 3.4",
        "Simulations closer to real cells improve GRNULar on real cells",
        "11_model_development",
        real.weights_ahead(
            "context-matched", "context-associated",
            "cell states and regulons as strong as in real cells (context-matched) against others, nothing else changed "
            "(context-associated)",
            beside=(
                "grnular-cells", "context-clean",
                "model trained for real data (grnular-cells) against weights from simulations without technical noise "
                "(context-clean), which differ in more than that",
            ),
        ),
    ),
    Claim(
        "ours_real", "here",
        "GRNULar-context is better than trees, correlation, CLR and ridge",
        "04_beeline", real.ahead("grnular-context", real.SIMPLE, tuned=False),
    ),
    Claim(
        "ours_cells", "here",
        "GRNULar-cells is better than these and than within-cluster correlation and RegDiffusion",
        "04_beeline", real.ahead("grnular-cells", (*real.SIMPLE, "within-clusters", "regdiffusion"), tuned=False),
    ),
)  # fmt: skip
STEM_CELLS = (
    Claim(
        "set_scores", "Fig. 9",
        "Genes of stem cells and endoderm score higher with each other than genes at large",
        "05_mesc_network", real.statement("set_scores"), real.printed_set,
    ),
    Claim(
        "named_tfs", "Fig. 11",
        "The TFs with the highest scores are known ones of the process",
        "05_mesc_network", real.statement("named_tfs"), said("score_threshold", "scores above {}"),
    ),
    Claim(
        "sox_predicted", "section 3.4",
        "GRNULar names SOX7 and SOX17, not SOX2, as TFs of CFC1",
        "05_mesc_network", real.statement("sox_predicted"),
    ),
    Claim(
        "sox_trends", "Fig. 10",
        "Along pseudotime SOX2 falls while SOX7, SOX17 and CFC1 rise",
        "05_mesc_network", real.statement("sox2_falls", "sox7_rises", "sox17_rises", "target_rises"),
    ),
    Claim(
        "sox_predicts", "Fig. 10",
        "SOX7 and SOX17 predict CFC1 much better than SOX2",
        "05_mesc_network", real.statement("sox_predicts"),
    ),
)  # fmt: skip
BY_DEFINITION = (
    Claim(
        "paths", "Fig. 1",
        "The product of absolute weights is not zero exactly where a path joins TF and gene",
        "method", model.paths,
    ),
    Claim(
        "few_parameters", "introduction, Fig. 3",
        "Few parameters are learned (here: fewer than the network has that is fitted to one dataset)",
        "method", model.few_parameters,
    ),
    Claim("chip_sox2", "section 3.4", "By ChIP-seq, SOX2 is a TF of CFC1", "05_mesc_network", real.statement("chip_sox2")),
)  # fmt: skip
RUNTIMES = (
    Claim(
        "table1", "Table 1",
        "Five times the hidden units cost less than five times the time",
        "06_runtimes", model.table1, model.printed_table1,
    ),
    Claim(
        "table2", "Table 2",
        "At 1,200 genes unrolled models are much faster than graphical lasso and trees (the paper: on unlike devices, "
        "which it calls no fair comparison; here: a tenth of the time or less on CPUs)",
        "06_runtimes", model.table2, model.printed_table2,
    ),
    Claim("hours_without", "section 3.5", "Without TFs trees take hours at 1,200 genes", "06_runtimes", model.hours_without),
)  # fmt: skip
ON_GRIDS = (*CLEAN, *DROPOUT, *SERGIO_DATA)
OF_FIG_8 = ("fig8_auprc", "fig8_mdc", "fig8_mdc_auroc", "fig8_auroc", "fig8_gladtf")  # who is ahead of whom
IN_A_NUTSHELL = (
    Claim(
        "unrolled_simulated", "abstract",
        "Unrolled models recover simulated networks better than the state of the art, with and without TFs",
        "01_clean",
        lambda folder: together(
            claim.assess(folder) for claim in ON_GRIDS
            if isinstance(claim.assess, Comparison) and not claim.ours and claim.assess.scores == AUPRC
        ),
    ),
    Claim(
        "unrolled_real", "abstract",
        "Unrolled models do better than the state of the art on real cells",
        "04_beeline",
        lambda folder: together(claim.assess(folder) for claim in REAL_CELLS if claim.name in OF_FIG_8),
    ),
)  # fmt: skip
SUMS = "Summary claims"  # each of these is the sum of other claims, and not counted again
DEFINITIONS = "True by construction, or a look-up"  # no findings, and not counted
HEADLINES = (  # what the paper stands on, in the order to read
    "clean_paper_trees", "noisy_paper_others", "ds_paper_others", "fig8_auprc", "fig8_chance", "few_graphs",
    "beyond_untrained", "table2",
    "clean_glad_trees", "noisy_paper_75",
)  # fmt: skip
SECTIONS: Mapping[str, tuple[Claim, ...]] = {
    SUMS: IN_A_NUTSHELL,
    "The model": THE_MODEL,
    "Clean data (Fig. 4)": CLEAN,
    "Dropout (Figs 5 and 6)": DROPOUT,
    "SERGIO's datasets (Fig. 7)": SERGIO_DATA,
    "Real cells (Fig. 8, Table 3)": REAL_CELLS,
    "A network of stem cells (Figs 9 to 11)": STEM_CELLS,
    "Run times (Tables 1 and 2)": RUNTIMES,
    DEFINITIONS: BY_DEFINITION,
}
CLAIMS = tuple(claim for section in SECTIONS.values() for claim in section)
