"""Seal pictures, seal keys and the sealing of PDF files."""
