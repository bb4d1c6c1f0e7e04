"""The factory: a store by its address."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from hsm.errors import StoreAddressError
from hsm.signer import KeyStore
from hsm.software import SoftwareStore
from hsm.token import Pkcs11Store

_SOFTWARE: Final = "software:"
_PKCS11: Final = "pkcs11:"


def open_store(address: str, *, secret: Callable[[], str]) -> KeyStore:
    """Open `software:PATH` (the file has to exist) or a `pkcs11:` URI.

    Args:
        address: never holds a secret.
        secret: tells the passphrase or the PIN; asked only when it is needed, and not if a `pin-source` is given.

    Raises:
        StoreAddressError: no such kind of address, or it is not usable as written.
        KeyFileError: the software key file is missing, damaged, or the passphrase is wrong.
    """
    if address.startswith(_SOFTWARE) and len(address) > len(_SOFTWARE):
        return SoftwareStore.open(Path(address.removeprefix(_SOFTWARE)), secret().encode())
    if address.startswith(_PKCS11):
        return Pkcs11Store.open(address, secret)
    raise StoreAddressError("the address of a key store is software:PATH or a pkcs11: URI")
