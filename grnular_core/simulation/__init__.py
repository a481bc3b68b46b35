"""Single-cell data with a known network: networks, the dynamics of SERGIO, technical noise. No torch."""
