"""What a text is made of: spans, structure, dates, near-duplicates."""
