"""Measure speed, quality and robustness; RESULTS.md has the results, each with its command."""
