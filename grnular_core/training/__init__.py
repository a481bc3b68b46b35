"""Recipes, supervised training on simulated pairs, and trained weights as files."""
