"""OAuth 2.0 (RFC 6749, RFC 7636) for machines and for remote signing."""

from fastapi import APIRouter

router = APIRouter(tags=["oauth"])
