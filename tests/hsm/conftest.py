from collections.abc import Iterator
from pathlib import Path

import pytest

from hsm.keyfile import KdfCost
from hsm.signer import KeyStore
from hsm.software import SoftwareStore
from hsm.token import Pkcs11Store
from tests.support.softhsm import SoftHsm, SoftToken, softhsm

__all__ = ["softhsm"]

PASSPHRASE = b"correct horse battery staple"
CHEAP = KdfCost(memory_kib=8, passes=1, lanes=1)


@pytest.fixture(scope="session")
def soft_token(softhsm: SoftHsm) -> SoftToken:
    """For tests that leave the token whole."""
    return softhsm.token()


@pytest.fixture
def own_token(softhsm: SoftHsm) -> SoftToken:
    """For tests that break it."""
    return softhsm.token()


@pytest.fixture
def token_store(soft_token: SoftToken) -> Iterator[Pkcs11Store]:
    store = soft_token.store()
    yield store
    store.close()


@pytest.fixture
def software_store(tmp_path: Path) -> SoftwareStore:
    return SoftwareStore.create(tmp_path / "keys", PASSPHRASE, cost=CHEAP)


@pytest.fixture(params=["software", pytest.param("pkcs11", marks=pytest.mark.softhsm)])
def store(request: pytest.FixtureRequest) -> KeyStore:
    found: KeyStore = request.getfixturevalue("software_store" if request.param == "software" else "token_store")
    return found
