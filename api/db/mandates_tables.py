"""Mandates, approval rules and seal-use requests."""
