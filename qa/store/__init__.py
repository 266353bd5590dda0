"""The index: one committed state at a time, kept beside the articles."""
