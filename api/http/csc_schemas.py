"""What comes in over the remote signing interface. Unknown parameters are ignored, as CSC 1.0.4 §10 asks.

Names and spellings are those of the specification. Version 2 renamed parameters of version 1; both are read.
"""
# ruff: noqa: N815 - parameters are spelt as in the specification

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from api.acts.remote import MAX_HASHES

Base64Text = Annotated[StrictStr, Field(min_length=1, max_length=128)]  # of a hash: 88 characters for SHA-512
Hashes = Annotated[list[Base64Text], Field(min_length=1, max_length=MAX_HASHES)]
Oid = Annotated[StrictStr, Field(max_length=64, pattern=r"^[0-9]+(\.[0-9]+)+$")]
Short = Annotated[StrictStr, Field(max_length=1024)]
Sad = Annotated[StrictStr, Field(min_length=1, max_length=256)]


def _one_or_many(value: Any) -> Any:
    """Some clients send a single hash as a text."""
    return [value] if isinstance(value, str) else value


class Lenient(BaseModel):
    """A body of this interface."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    clientData: StrictStr | None = Field(None, max_length=16_384)


class InfoIn(Lenient):
    lang: Short | None = None


class ListIn(Lenient):
    """credentials/list, §11.4."""

    userID: Short | None = None
    maxResults: StrictInt | None = Field(None, ge=1)
    pageToken: Short | None = None


class ListIn2(ListIn):
    credentialInfo: StrictBool = False
    certificates: Literal["none", "single", "chain"] = "single"
    certInfo: StrictBool = False
    authInfo: StrictBool = False
    onlyValid: StrictBool = False


class CredentialIn(Lenient):
    """credentials/info, §11.5."""

    credentialID: Short
    certificates: Literal["none", "single", "chain"] = "single"
    certInfo: StrictBool = False
    authInfo: StrictBool = False


class AuthorizeIn(Lenient):
    """credentials/authorize, §11.6, and credentials/getChallenge over the same hashes."""

    credentialID: Short
    numSignatures: StrictInt | None = Field(None, ge=1)
    hash: Annotated[Hashes, BeforeValidator(_one_or_many)]
    hashAlgorithmOID: Oid | None = None
    description: Short | None = None


class AuthDataIn(BaseModel):
    """One piece of authentication data, CSC 2.0.0.2 §11.6."""

    model_config = ConfigDict(extra="ignore")

    id: Short
    value: StrictStr = Field("", max_length=16_384)


class AuthorizeIn2(Lenient):
    credentialID: Short
    numSignatures: StrictInt | None = Field(None, ge=1)
    hashes: Annotated[Hashes, BeforeValidator(_one_or_many)]
    hashAlgorithmOID: Oid | None = None
    description: Short | None = None
    authData: list[AuthDataIn] = Field(default_factory=list, max_length=8)


class CheckIn(Lenient):
    """credentials/authorizeCheck, CSC 2.0.0.2 §11.7."""

    handle: Sad


class ExtendIn(Lenient):
    """credentials/extendTransaction, §11.7."""

    credentialID: Short
    SAD: Sad
    hash: Annotated[Hashes | None, BeforeValidator(_one_or_many)] = None
    hashAlgorithmOID: Oid | None = None


class ExtendIn2(Lenient):
    credentialID: Short
    SAD: Sad
    hashes: Annotated[Hashes | None, BeforeValidator(_one_or_many)] = None
    hashAlgorithmOID: Oid | None = None


class SignHashIn(Lenient):
    """signatures/signHash, §11.9."""

    credentialID: Short
    SAD: Sad
    hash: Annotated[Hashes, BeforeValidator(_one_or_many)]
    hashAlgo: Oid | None = None
    signAlgo: Oid
    signAlgoParams: Short | None = None


class SignHashIn2(Lenient):
    credentialID: Short
    SAD: Sad | None = None  # a bearer token of scope `credential` stands for it
    hashes: Annotated[Hashes, BeforeValidator(_one_or_many)]
    hashAlgorithmOID: Oid | None = None
    signAlgo: Oid
    signAlgoParams: Short | None = None
    operationMode: Literal["S"] = "S"


class _Form(BaseModel):
    model_config = ConfigDict(extra="ignore")

    signature_format: Literal["P", "C"]
    conformance_level: StrictStr = Field("AdES-B-B", max_length=16)
    signAlgo: Oid
    signAlgoParams: Short | None = None
    signed_envelope_property: Short | None = None


class DocumentIn(_Form):
    document: StrictStr = Field(min_length=1)


class DigestsIn(_Form):
    hashes: Annotated[Hashes, BeforeValidator(_one_or_many)]
    hashAlgorithmOID: Oid | None = None


class SignDocIn(Lenient):
    """signatures/signDoc, CSC 2.0.0.2 §11.10."""

    credentialID: Short
    SAD: Sad | None = None
    documents: list[DocumentIn] = Field(default_factory=list, max_length=MAX_HASHES)
    documentDigests: list[DigestsIn] = Field(default_factory=list, max_length=MAX_HASHES)
    operationMode: Literal["S"] = "S"
    returnValidationInfo: StrictBool = False


class TimestampIn(Lenient):
    """signatures/timestamp, §11.10."""

    hash: Base64Text
    hashAlgo: Oid | None = None
    nonce: Short | None = None


class TimestampIn2(Lenient):
    hash: Base64Text
    hashAlgorithmOID: Oid | None = None
    hashAlgo: Oid | None = None
    nonce: Short | None = None
