"""People, their passkeys and what they agreed to."""
