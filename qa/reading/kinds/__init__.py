"""A reader for each kind of file. Heavy libraries are imported when the first file of their kind is read."""
