"""Remote signing: Cloud Signature Consortium API v1.0.4 and v2."""

from fastapi import APIRouter

router = APIRouter(tags=["remote signing"])
