"""Measure how well the library works."""
