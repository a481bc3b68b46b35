"""A network from one's own cells: reading, stability, false discovery rate, exports, report."""
