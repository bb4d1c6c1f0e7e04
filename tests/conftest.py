"""What the whole suite shares: generated examples are the same in every run, so that coverage and verdict are, too."""

from hypothesis import settings

settings.register_profile("steady", derandomize=True)
settings.load_profile("steady")
