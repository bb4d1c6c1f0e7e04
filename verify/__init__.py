"""Formats and checks that need public data only."""
