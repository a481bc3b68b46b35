"""A network from a user's cells: reading, stability, false discovery rate, exports, report."""
