"""The catalogue and the templates, read and checked once at start."""
