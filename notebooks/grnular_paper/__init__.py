"""The reproduction: grids, record of runs, claims with verdicts, tables and figures of the book."""
