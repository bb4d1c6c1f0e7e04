"""What answers consist of when they are not JSON; the OpenAPI document takes the media types from here."""

from fastapi import Response
from fastapi.responses import StreamingResponse
from prometheus_client import CONTENT_TYPE_LATEST


class Pdf(StreamingResponse):
    media_type = "application/pdf"


class Zip(StreamingResponse):
    media_type = "application/vnd.etsi.asic-e+zip"  # ETSI EN 319 162-1 §4.3.3


class Archive(StreamingResponse):
    media_type = "application/zip"


class Json(StreamingResponse):
    media_type = "application/json"


class Pkcs7(StreamingResponse):
    media_type = "application/pkcs7-signature"  # RFC 8551 §3.2.1


class Bytes(StreamingResponse):
    media_type = "application/octet-stream"


class Pem(Response):
    media_type = "application/x-pem-file"


class Svg(Response):
    media_type = "image/svg+xml"


class Png(Response):
    media_type = "image/png"


class Certificate(Response):
    media_type = "application/pkix-cert"  # RFC 2585 §4.1


class Crl(Response):
    media_type = "application/pkix-crl"  # RFC 2585 §4.2


class OcspAnswer(Response):
    media_type = "application/ocsp-response"  # RFC 6960 appendix A


class TimestampReply(Response):
    media_type = "application/timestamp-reply"  # RFC 3161 §3.4


class StatusList(Response):
    media_type = "application/statuslist+cwt"  # draft-ietf-oauth-status-list §8.1


class Metrics(Response):
    media_type = CONTENT_TYPE_LATEST
