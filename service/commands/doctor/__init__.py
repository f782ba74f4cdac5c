"""The looks of `eventide check`: one module for each area, each by itself."""
