"""What all sealing tests share: one PKI, one key, a judge's certificate store."""

from pathlib import Path

import pytest

from seals.signing import SealingKey
from tests.support.pdf_judges import make_nss
from tests.support.sealing import Pki, pki


@pytest.fixture(scope="session")
def sealing_pki() -> Pki:
    return pki()


@pytest.fixture(scope="session")
def sealing_key(sealing_pki: Pki) -> SealingKey:
    return sealing_pki.key()


@pytest.fixture(scope="session")
def nss(sealing_pki: Pki, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate store for pdfsig that trusts the test root."""
    return make_nss(tmp_path_factory.mktemp("nss"), sealing_pki.root.certificate)
