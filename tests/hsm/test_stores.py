from pathlib import Path

import pytest

from hsm.errors import KeyFileError, StoreAddressError
from hsm.software import SoftwareStore
from hsm.stores import open_store
from tests.hsm.conftest import CHEAP, PASSPHRASE
from tests.hsm.test_contract import make, require_good, signature_of
from tests.support.softhsm import USER_PIN, SoftToken


def test_a_software_address_opens_the_file_with_the_passphrase(tmp_path: Path) -> None:
    SoftwareStore.create(tmp_path / "keys", PASSPHRASE, cost=CHEAP)
    store = open_store(f"software:{tmp_path / 'keys'}", secret=PASSPHRASE.decode)
    assert not store.hardware
    require_good(ref := make(store), signature_of(store, ref))
    with pytest.raises(KeyFileError):
        open_store(f"software:{tmp_path / 'none'}", secret=PASSPHRASE.decode)


@pytest.mark.softhsm
def test_a_pkcs11_address_asks_for_the_pin_only_at_the_first_use(soft_token: SoftToken) -> None:
    asked: list[str] = []

    def secret() -> str:
        asked.append("once")
        return USER_PIN

    store = open_store(soft_token.uri, secret=secret)
    assert store.hardware
    assert not asked
    require_good(ref := make(store), signature_of(store, ref))
    assert asked == ["once"]


@pytest.mark.parametrize("address", ["", "software:", "keys.bin", "http://host/keys", "pkcs11:token=t"])
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(StoreAddressError):
        open_store(address, secret=str)
