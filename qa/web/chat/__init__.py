"""The conversation in the page."""
