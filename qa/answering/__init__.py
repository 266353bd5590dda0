"""Answer a question in quotes from its hits, or decline to."""
