"""Mass sealing."""
