"""The root's list is made anew in a later ceremony, and a CA on it stays there."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from api.acts.root_list import CRL_FILE, next_root_list
from api.authority_file import AuthorityFile
from api.errors import BadInputError
from tests.support.office import fresh_store, template

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> AuthorityFile:
    shutil.copytree(template().authority, tmp_path / "authority")
    return AuthorityFile(tmp_path / "authority")


def test_the_next_list_has_the_next_number_and_is_taken_up(file: AuthorityFile) -> None:
    made = next_root_list(file, fresh_store(), revoke=None, fresh_for=timedelta(days=180), now=NOW)
    assert made.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 2
    assert (len(made), made.next_update_utc) == (0, NOW + timedelta(days=180))
    assert x509.load_der_x509_crl(AuthorityFile(file.folder).current().root_crl) == made
    assert x509.load_der_x509_crl((file.folder / CRL_FILE).read_bytes()) == made


def test_a_revoked_ca_stays_on_every_later_list(file: AuthorityFile) -> None:
    store = fresh_store()
    serial = file.current().certificate("seal").serial_number
    next_root_list(file, store, revoke="seal", fresh_for=timedelta(days=30), now=NOW)
    later = next_root_list(file, store, revoke=None, fresh_for=timedelta(days=30), now=NOW + timedelta(days=20))
    found = later.get_revoked_certificate_by_serial_number(serial)
    assert found is not None
    assert found.revocation_date_utc == NOW
    assert found.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.ca_compromise
    with pytest.raises(BadInputError, match="already"):
        next_root_list(file, store, revoke="seal", fresh_for=timedelta(days=30), now=NOW)
    with pytest.raises(BadInputError, match="nobody"):
        next_root_list(file, store, revoke="nobody", fresh_for=timedelta(days=30), now=NOW)


def test_what_is_to_be_signed_is_on_the_journal_before_the_key_is_used(file: AuthorityFile) -> None:
    before = (file.folder / "ceremony.journal").read_text(encoding="utf-8")
    made = next_root_list(file, fresh_store(), revoke=None, fresh_for=timedelta(days=30), now=NOW)
    added = (file.folder / "ceremony.journal").read_text(encoding="utf-8").removeprefix(before)
    assert made.tbs_certlist_bytes.hex() in added
