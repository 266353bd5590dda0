"""Markdown as it is meant: parsed, marked, and shown as HTML or as plain words."""
