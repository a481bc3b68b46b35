"""GRNULar: gene regulatory networks from single-cell expression with unrolled models."""

__version__ = "0.1.0"
