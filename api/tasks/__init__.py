"""Plain functions that run in the background."""
