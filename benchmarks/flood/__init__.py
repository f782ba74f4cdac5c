"""Strangers who flood the form, and an honest visitor among them."""
