"""GRNULar: gene regulatory networks from single-cell expression with unrolled models."""

import os

__version__ = "0.1.0"

# Threads that wait for each other spin by default. Where another program wants the same cores, that takes ten
# times as long as sleeping does (a network of 765 genes on two busy cores: 31 s, not 4). OpenMP reads this once,
# when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
