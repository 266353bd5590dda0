"""Read files as articles, and cut articles into passages."""
