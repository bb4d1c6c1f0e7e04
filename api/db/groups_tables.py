"""Groups of enterprises that buy together."""
