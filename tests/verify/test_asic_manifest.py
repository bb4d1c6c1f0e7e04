"""A manifest is read as it is written, and in no other way."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify import asic_manifest
from verify.asic_manifest import (
    ASIC,
    MAX_NAME,
    XMLDSIG,
    DataObject,
    MalformedManifestError,
    Manifest,
    manifest_xml,
    objection_to,
    parse_manifest,
)
from verify.errors import EncodingError

DIGEST = b64encode(bytes(32)).decode()
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


def xml(
    *,
    reference: str = '<a:SigReference URI="META-INF/s.p7s"/>',
    method: str = f'<d:DigestMethod Algorithm="{SHA256}"/>',
    value: str = f"<d:DigestValue>{DIGEST}</d:DigestValue>",
    uri: str = 'URI="a.txt"',
    more: str = "",
    before: str = "",
    root: str = "ASiCManifest",
) -> bytes:
    listed = f"<a:DataObjectReference {uri}>{method}{value}</a:DataObjectReference>"
    return f'{before}<a:{root} xmlns:a="{ASIC}" xmlns:d="{XMLDSIG}">{reference}{listed}{more}</a:{root}>'.encode()


names = st.text(min_size=1, max_size=40).filter(lambda name: objection_to(name) is None)
objects = st.builds(
    DataObject,
    name=names,
    digest_name=st.sampled_from(["sha256"]),
    digest=st.binary(min_size=32, max_size=32),
    media_type=st.sampled_from(["", "application/pdf", 'a/"b"&<c>']),
)


@given(st.lists(objects, min_size=1, max_size=5, unique_by=lambda one: one.name))
def test_what_was_written_is_read(listed: list[DataObject]) -> None:
    manifest = Manifest(signature="META-INF/signature001.p7s", signature_type="x/y", objects=tuple(listed))
    assert parse_manifest(manifest_xml(manifest)) == manifest


def test_the_plain_form_is_read() -> None:
    found = parse_manifest(xml(uri='URI="./a%20b.txt" MimeType="text/plain"'))
    assert found.objects == (
        DataObject(name="a b.txt", digest_name="sha256", digest=bytes(32), media_type="text/plain"),
    )
    assert found.signature == "META-INF/s.p7s"


def test_an_extension_that_may_be_ignored_is_ignored() -> None:
    extension = '<a:ASiCManifestExtensions><a:Extension Critical="false">x</a:Extension></a:ASiCManifestExtensions>'
    assert parse_manifest(xml(more=extension))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not xml",
        xml()[:-5],
        xml(before='<!DOCTYPE x [<!ENTITY e "x">]>'),
        xml(before='<?xml-stylesheet href="x"?>'),
        xml(root="Manifest"),
        xml(reference=""),
        xml(reference='<a:SigReference URI="a"/><a:SigReference URI="b"/>'),
        xml(reference="<a:SigReference/>"),
        xml(method=""),
        xml(value=""),
        xml(method='<d:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/>'),
        xml(method=f'<d:DigestMethod Algorithm="{SHA256}"/>' * 2),
        xml(value=f"<d:DigestValue>{DIGEST}</d:DigestValue>" * 2),
        xml(value="<d:DigestValue>!!</d:DigestValue>"),
        xml(value="<d:DigestValue>AAAA</d:DigestValue>"),
        xml(uri=""),
        xml(uri='URI="../a"'),
        xml(uri='URI="%ff"'),
        xml(uri='URI="a%00b"'),
        xml(more='<a:Extension Critical="true"/>'),
        xml(more="<a:x>" * 20 + "</a:x>" * 20),
        xml(more=xml().decode().partition("<a:DataObjectReference")[1] + ' URI="a.txt">'
            + f'<d:DigestMethod Algorithm="{SHA256}"/><d:DigestValue>{DIGEST}</d:DigestValue></a:DataObjectReference>'),
        f'<a:ASiCManifest xmlns:a="{ASIC}"><a:SigReference URI="a"/></a:ASiCManifest>'.encode(),
    ],
)  # fmt: skip
def test_what_is_no_manifest_or_could_be_read_in_two_ways_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedManifestError):
        parse_manifest(data)


def test_a_manifest_longer_than_the_limit_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asic_manifest, "MAX_MANIFEST_BYTES", len(xml()))
    assert parse_manifest(xml())
    monkeypatch.setattr(asic_manifest, "MAX_MANIFEST_BYTES", len(xml()) - 1)
    with pytest.raises(MalformedManifestError):
        parse_manifest(xml())


def test_a_name_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert objection_to("x" * MAX_NAME) is None
    assert objection_to("x" * (MAX_NAME + 1)) is not None
    assert objection_to("") is not None


@pytest.mark.parametrize("names", [(), ("../a",)])
def test_a_manifest_of_nothing_or_of_unsafe_names_is_not_written(names: tuple[str, ...]) -> None:
    objects = tuple(DataObject(name=name, digest_name="sha256", digest=bytes(32)) for name in names)
    with pytest.raises(EncodingError):
        manifest_xml(Manifest(signature="META-INF/s.p7s", signature_type="", objects=objects))
