"""The ceremony with the real key stores: an encrypted file, and a PKCS#11 token."""

from pathlib import Path

import pytest

from ca.ceremony import CeremonyPlan, perform
from ca.ceremony_plan import ROLES
from ca.transcript import HARDWARE, NO_HSM
from hsm.errors import KeyExistsError
from hsm.keyfile import KdfCost
from hsm.signer import KeyStore
from hsm.software import SoftwareStore
from tests.support.pki import NOW, Numbers, mapping
from tests.support.softhsm import SoftHsm, softhsm

__all__ = ["softhsm"]


@pytest.fixture(params=["software", pytest.param("pkcs11", marks=pytest.mark.softhsm)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> KeyStore:
    if request.param == "software":
        return SoftwareStore.create(tmp_path / "keys", b"passphrase", cost=KdfCost(memory_kib=8, passes=1, lanes=1))
    hsm: SoftHsm = request.getfixturevalue("softhsm")
    return hsm.token().store()


def test_a_ceremony_in_a_real_store_is_complete_and_cannot_be_repeated(store: KeyStore) -> None:
    planned = CeremonyPlan.of(mapping() | {"store": store.name})
    stores = {store.name: store}
    authority = perform(planned, stores=stores, now=NOW, random=Numbers(), journal=lambda _: None)
    for name in ROLES:
        with store.lease(authority.key(name)) as signer:
            assert signer.public_key() == authority.certificate(name).public_key()
    assert f"{store.name}: {HARDWARE if store.hardware else NO_HSM}" in authority.transcript
    with pytest.raises(KeyExistsError):
        perform(planned, stores=stores, now=NOW, random=Numbers(), journal=lambda _: None)
    store.close()


def test_a_failed_ceremony_leaves_a_real_store_as_it_was(store: KeyStore) -> None:
    planned = CeremonyPlan.of(mapping() | {"store": store.name})
    stores = {store.name: store}

    def journal(entry: object) -> None:
        if getattr(entry, "what", "") == "crl":
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        perform(planned, stores=stores, now=NOW, random=Numbers(), journal=journal)
    again = perform(planned, stores=stores, now=NOW, random=Numbers(), journal=lambda _: None)
    assert set(again.entities) == set(ROLES)
    store.close()
