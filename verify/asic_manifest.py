"""What an ASiC-E container with CAdES consists of (ETSI EN 319 162-1 §4.4): names, and the manifests in XML.

The reader takes little: UTF-8, no document type, no entities, known elements of the right namespace in their order.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, unquote
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from verify.errors import EncodingError, VerifyError

MIMETYPE: Final = "application/vnd.etsi.asic-e+zip"  # §4.4.2
MIMETYPE_NAME: Final = "mimetype"
META: Final = "META-INF/"
MANIFEST: Final = re.compile(r"META-INF/ASiCManifest[A-Za-z0-9._-]*\.xml")  # §4.4.4.2
ARCHIVE_MANIFEST: Final = re.compile(r"META-INF/ASiCArchiveManifest[A-Za-z0-9._-]*\.xml")  # §4.4.4.2, annex A.7
SIGNATURE_TYPE: Final = "application/x-pkcs7-signature"
TOKEN_TYPE: Final = "application/vnd.etsi.timestamp-token"  # noqa: S105 - a media type
ASIC: Final = "http://uri.etsi.org/02918/v1.2.1#"  # annex A.4
XMLDSIG: Final = "http://www.w3.org/2000/09/xmldsig#"
DIGESTS: Final = {  # RFC 9231 §2.1, XML Encryption §5.8
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
DIGEST_URIS: Final = {name: uri for uri, name in DIGESTS.items()}
DIGEST_BYTES: Final = {"sha256": 32, "sha384": 48, "sha512": 64}
MAX_NAME: Final = 255  # characters of a path
MAX_MANIFEST_BYTES: Final = 4 << 20
MAX_OBJECTS: Final = 10_000
MAX_DEPTH: Final = 16
MAX_ELEMENTS: Final = 8 * MAX_OBJECTS
UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\\ud800-\udfff]')  # in no file name on any system
_ROOT: Final = f"{ASIC} ASiCManifest"
_REFERENCE: Final = f"{ASIC} SigReference"
_OBJECT: Final = f"{ASIC} DataObjectReference"
_METHOD: Final = f"{XMLDSIG} DigestMethod"
_VALUE: Final = f"{XMLDSIG} DigestValue"
_EXTENSION: Final = f"{ASIC} Extension"


class MalformedManifestError(VerifyError):
    """Not a manifest of the form that EN 319 162-1 gives it. Becomes a finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataObject:
    """A file that a manifest lists."""

    name: str  # in the container
    digest_name: str
    digest: bytes
    media_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A signature or time-stamp of the container, and the files that it is about."""

    signature: str  # name in the container
    signature_type: str
    objects: tuple[DataObject, ...]


def objection_to(name: str) -> str | None:
    """Why a path may not be in a container, or None. What is safe unpacks into the folder it is unpacked in."""
    if not 0 < len(name) <= MAX_NAME:
        return f"a name of {len(name)} characters"
    if UNSAFE.search(name):
        return "a name with characters that file systems do not take"
    parts = name.split("/")
    if any(part in {"", ".", ".."} or part != part.strip() or part.endswith(".") for part in parts):
        return "a name that leads elsewhere"
    return None


def manifest_xml(manifest: Manifest) -> bytes:
    """Write a manifest.

    Raises:
        EncodingError: it lists nothing, or a name that may not be in a container.
    """
    if not manifest.objects or any(objection_to(one.name) for one in manifest.objects):
        raise EncodingError("a manifest of no files, or of a file whose name may not be in a container")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<asic:ASiCManifest xmlns:asic="{ASIC}" xmlns:ds="{XMLDSIG}">',
        f"<asic:SigReference URI={_uri(manifest.signature)} MimeType={quoteattr(manifest.signature_type)}/>",
        *(_object(one) for one in manifest.objects),
        "</asic:ASiCManifest>",
    ]
    return ("\n".join(lines) + "\n").encode()


def _object(one: DataObject) -> str:
    media = f" MimeType={quoteattr(one.media_type)}" if one.media_type else ""
    method = f'<ds:DigestMethod Algorithm="{DIGEST_URIS[one.digest_name]}"/>'
    value = f"<ds:DigestValue>{b64encode(one.digest).decode()}</ds:DigestValue>"
    return f"<asic:DataObjectReference URI={_uri(one.name)}{media}>{method}{value}</asic:DataObjectReference>"


def _uri(name: str) -> str:
    return quoteattr(quote(name, safe="/"))


def parse_manifest(data: bytes) -> Manifest:
    """Read a manifest.

    Raises:
        MalformedManifestError: it is none, or one that could be read in two ways.
    """
    if len(data) > MAX_MANIFEST_BYTES:
        raise MalformedManifestError(f"longer than {MAX_MANIFEST_BYTES} bytes")
    reader = _Reader()
    parser = expat.ParserCreate(encoding="UTF-8", namespace_separator=" ")
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.ProcessingInstructionHandler = reader.refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as exc:
        raise MalformedManifestError("not well-formed XML") from exc
    return reader.manifest()


@dataclass(slots=True)
class _Reader:
    """Collects what a manifest says while it is parsed."""

    _path: list[str] = field(default_factory=list)
    _elements: int = 0
    _signature: tuple[str, str] | None = None
    _objects: dict[str, DataObject] = field(default_factory=dict)
    _open: dict[str, str] = field(default_factory=dict)  # of the data object being read

    def refuse(self, *_: object) -> None:
        raise MalformedManifestError("it has a document type or a processing instruction")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        self._path.append(name)
        if self._elements > MAX_ELEMENTS or len(self._path) > MAX_DEPTH:
            raise MalformedManifestError("too many elements")
        match self._path:
            case [root] if root != _ROOT:
                raise MalformedManifestError("not an ASiCManifest")
            case [_, element] if element == _REFERENCE:
                self._refer(attributes)
            case [_, element] if element == _OBJECT:
                self._open = {"uri": _required(attributes, "URI"), "type": attributes.get("MimeType", "")}
            case [_, element, method] if (element, method) == (_OBJECT, _METHOD):
                self._once("method", _required(attributes, "Algorithm"))
            case [_, element, value] if (element, value) == (_OBJECT, _VALUE):
                self._once("value", "")
            case _ if name == _EXTENSION and attributes.get("Critical", "false") not in {"false", "0"}:
                raise MalformedManifestError("a critical extension that is not known here")

    def text(self, data: str) -> None:
        if self._path[1:] == [_OBJECT, _VALUE]:
            self._open["value"] += data

    def end(self, _: str) -> None:
        if self._path[1:] == [_OBJECT]:
            self._close()
        self._path.pop()

    def manifest(self) -> Manifest:
        if self._signature is None or not self._objects:
            raise MalformedManifestError("it names no signature, or no file")
        name, kind = self._signature
        return Manifest(signature=name, signature_type=kind, objects=tuple(self._objects.values()))

    def _refer(self, attributes: dict[str, str]) -> None:
        if self._signature is not None:
            raise MalformedManifestError("it names two signatures")
        self._signature = _name(_required(attributes, "URI")), attributes.get("MimeType", "")

    def _once(self, key: str, value: str) -> None:
        if key in self._open:
            raise MalformedManifestError("two digests for one file")
        self._open[key] = value

    def _close(self) -> None:
        name = _name(self._open["uri"])
        digest_name = DIGESTS.get(self._open.get("method", ""))
        if digest_name is None:
            raise MalformedManifestError("a digest that is not SHA-256, SHA-384 or SHA-512")
        try:
            digest = b64decode("".join(self._open.get("value", "").split()), validate=True)
        except (Base64Error, ValueError) as exc:
            raise MalformedManifestError("a digest that is not Base64") from exc
        if len(digest) != DIGEST_BYTES[digest_name]:
            raise MalformedManifestError("a digest of another length")
        if name in self._objects or len(self._objects) == MAX_OBJECTS:
            raise MalformedManifestError("a file that is listed twice, or too many files")
        self._objects[name] = DataObject(
            name=name, digest_name=digest_name, digest=digest, media_type=self._open["type"]
        )


def _required(attributes: dict[str, str], key: str) -> str:
    if key not in attributes:
        raise MalformedManifestError(f"an element without its attribute {key}")
    return attributes[key]


def _name(uri: str) -> str:
    """The name in the container that a relative URI stands for."""
    try:
        name = unquote(uri, errors="strict")
    except UnicodeDecodeError as exc:
        raise MalformedManifestError("a name that is not UTF-8") from exc
    name = name.removeprefix("./")
    if objection := objection_to(name):
        raise MalformedManifestError(objection)
    return name
