"""What lies beside a file is gathered, what cannot be read is passed over, what was named must be readable."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.pki import shared_pki
from verify import material
from verify.material import MaterialError, anchors_of, gather

PKI = shared_pki()
ROOT = PKI.authority.certificate("root")
SEAL_CA = PKI.authority.certificate("seal")


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_anchors_are_read_in_both_encodings(encoding: Encoding, tmp_path: Path) -> None:
    (tmp_path / "root.cer").write_bytes(ROOT.public_bytes(encoding))
    assert anchors_of(tmp_path / "root.cer") == (ROOT,)


@pytest.mark.parametrize("content", [b"", b"not a certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_named_root_that_is_none_is_an_error_that_names_it(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_bytes(content)
    with pytest.raises(MaterialError, match=r"root\.pem"):
        anchors_of(tmp_path / "root.pem")
    with pytest.raises(MaterialError, match=r"nothing\.pem"):
        anchors_of(tmp_path / "nothing.pem")


def test_material_beside_a_file_is_taken_by_its_ending_and_only_once(tmp_path: Path) -> None:
    crl = PKI.crl("seal")
    for name in ("a.pem", "b.crt"):
        (tmp_path / name).write_bytes(SEAL_CA.public_bytes(Encoding.PEM))
    (tmp_path / "list.crl").write_bytes(crl)
    (tmp_path / "status.cwt").write_bytes(b"a status list")
    (tmp_path / "notes.txt").write_bytes(SEAL_CA.public_bytes(Encoding.PEM))
    found = gather((ROOT,), [tmp_path, tmp_path, tmp_path / "nowhere"])
    assert (found.anchors, found.certificates, found.crls) == ((ROOT,), (SEAL_CA,), (crl,))
    assert found.status_lists == (b"a status list",)


def test_material_that_cannot_be_read_or_is_too_long_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(material, "MAX_FILE_BYTES", 4096)
    (tmp_path / "broken.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n")
    (tmp_path / "keys.json").write_bytes(b"{}")
    (tmp_path / "at.crl").write_bytes(bytes(4096))
    (tmp_path / "beyond.crl").write_bytes(bytes(4097))
    found = gather((), [tmp_path])
    assert found.certificates == ()
    assert found.crls == (bytes(4096),)
