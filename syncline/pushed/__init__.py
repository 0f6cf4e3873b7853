"""Rows that others push to us: what they must look like, what is remembered of them, and how they are read."""
