"""Read PDF: its pages as lines, the lines as paragraphs, and a page as a picture with a quote marked."""
