"""Remote signing: Cloud Signature Consortium API v1.0.4 and v2."""

from fastapi import APIRouter

from api.http import csc_v1, csc_v2

router = APIRouter()
router.include_router(csc_v1.router)
router.include_router(csc_v2.router)
