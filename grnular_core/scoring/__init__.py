"""Scores of a predicted network by two protocols, and how sure they are. No torch."""
