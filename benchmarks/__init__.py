"""Measurements of the whole service: against peers, at scale, and through an evening."""
