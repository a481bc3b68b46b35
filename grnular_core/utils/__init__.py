"""Errors, atomic files, device, compiled functions: shared by all other packages."""
