"""What only the paper needs: its grids, the record of runs, claims with verdicts, the figures of the book."""
