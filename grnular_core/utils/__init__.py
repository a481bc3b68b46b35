"""Errors for people, whole files, the device, compiled functions: what every other part may use."""
