"""Hits become an answer in quotes, or none."""
