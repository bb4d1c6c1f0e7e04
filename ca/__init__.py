"""Decides and builds what the authority issues."""
