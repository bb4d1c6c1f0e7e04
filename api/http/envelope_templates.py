"""Templates of envelopes over HTTP."""

from fastapi import APIRouter

router = APIRouter(tags=["envelopes"])
