"""GRNULar: gene regulatory networks from single-cell expression with unrolled models."""

import os

__version__ = "0.1.0"

# Threads that wait for each other spin, for a while, before they sleep. Where another program wants the same cores
# that while is too long (a network of 765 genes on two busy cores: 31 s, with this 3 s; on idle ones it makes no
# difference, where not spinning at all takes twice as long). GNU's OpenMP reads it once, when torch is loaded.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
