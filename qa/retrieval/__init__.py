"""Find the hits of a question."""
