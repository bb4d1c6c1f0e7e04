"""Seal-use requests (用印申请) and approval rules over HTTP."""

from fastapi import APIRouter

router = APIRouter(prefix="/api/v1", tags=["seal-requests"])
