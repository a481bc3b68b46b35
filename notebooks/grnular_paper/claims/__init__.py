"""Every claim of the paper, with the numbers and the rule behind its verdict."""
