"""A demo authority in an empty folder: keys, ceremony, ready to serve."""

import os
import secrets
from datetime import datetime
from pathlib import Path
from typing import Final

from api.acts.ceremony import Held, hold
from api.errors import SettingsError
from api.settings import Settings
from ca.ceremony_plan import CeremonyPlan, standard_mapping
from ca.uscc import make_uscc
from hsm.provision import make_ready
from hsm.software import SoftwareStore
from hsm.stores import open_store

REGION: Final = "330106"  # a district of Hangzhou, GB/T 2260
SOFTHSM_MODULES: Final = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
    Path("/usr/lib64/softhsm/libsofthsm2.so"),
    Path("/usr/local/lib/softhsm/libsofthsm2.so"),
    Path("/opt/homebrew/lib/softhsm/libsofthsm2.so"),
)
TOKEN_LABEL: Final = "vermilion-demo"  # noqa: S105 - the name of a token


def make_software_keys(settings: Settings) -> None:
    """Make the key file and its passphrase, unless they are there."""
    path = Path(settings.key_address.removeprefix("software:"))
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write_secret(settings.pin_path, secrets.token_urlsafe(32))
    SoftwareStore.create(path, settings.secret().encode()).close()


def make_softhsm_keys(folder: Path) -> tuple[str, Path]:
    """Make a private SoftHSM token in `folder`; return its address and the file with its PIN.

    The module reads SOFTHSM2_CONF when it is loaded, so this process is bound to this token folder from now on.

    Raises:
        SettingsError: SoftHSM is not installed.
    """
    module = next((path for path in SOFTHSM_MODULES if path.exists()), None)
    if module is None:
        raise SettingsError("SoftHSM 2 is not installed (Debian: apt-get install softhsm2)")
    tokens = folder / "tokens"
    tokens.mkdir(parents=True, mode=0o700)
    configuration = folder / "softhsm2.conf"
    configuration.write_text(
        f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n",
        encoding="utf-8",
    )
    os.environ["SOFTHSM2_CONF"] = str(configuration)
    pin, officer = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
    _write_secret(folder / "pin", pin)
    _write_secret(folder / "so-pin", officer)
    address = make_ready(module, label=TOKEN_LABEL, so_pin=officer, user_pin=pin)
    return str(address), folder / "pin"


def demo_authority(settings: Settings, *, base_url: str, now: datetime) -> Held:
    """Hold the ceremony of a demo authority, with the keys that `settings` name."""
    store = open_store(settings.key_address, secret=settings.secret)
    try:
        mapping = standard_mapping(
            name="示范市市场监督管理局",
            name_latin="Demo City Administration for Market Regulation",
            uscc=make_uscc(region=REGION, organisation="00123456", category="11"),
            region=REGION,
            base_url=base_url,
            store=store.name,
        )
        return hold(CeremonyPlan.of(mapping), settings.authority_folder, stores={store.name: store}, now=now)
    finally:
        store.close()


def _write_secret(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
