"""The register over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.acts import registry
from api.db.access import Token
from api.http.deps import OfficeDep, OnceDep, Remember, Scope, fingerprint_of
from api.http.schemas import EnterpriseIn, EnterpriseOut, EnterprisePage

router = APIRouter(prefix="/api/v1/enterprises", tags=["enterprises"])
MayRegister = Annotated[Token, Depends(Scope("register"))]
MayRead = Annotated[Token, Depends(Scope("read"))]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.post("", status_code=201, response_model=EnterpriseOut)
def register(body: EnterpriseIn, office: OfficeDep, who: MayRegister, once: OnceDep) -> Response:
    """Enter an enterprise; every wrong field is named at once."""

    def act(remember: Remember) -> EnterpriseOut:
        made = registry.register(
            office,
            body.model_dump(),
            actor=who.name,
            then=lambda work, one: remember(work, EnterpriseOut.of(one)),
        )
        return EnterpriseOut.of(made)

    return once.run(who.id, fingerprint_of("enterprises", body.model_dump()), act)


@router.get("")
def page(
    office: OfficeDep,
    _: MayRead,
    query: Annotated[str, Query(max_length=64, description="part of the name, or the beginning of the code")] = "",
    cursor: Annotated[str, Query(max_length=18)] = "",
    limit: Limit = 50,
) -> EnterprisePage:
    """List enterprises by code."""
    with office.reading() as work:
        found = work.enterprises.page(after=cursor, limit=limit, query=query)
    return EnterprisePage(
        items=[EnterpriseOut.of(one) for one in found], next=found[-1].uscc if len(found) == limit else None
    )


@router.get("/{uscc}")
def one(uscc: str, office: OfficeDep, _: MayRead) -> EnterpriseOut:
    """Show one enterprise."""
    return EnterpriseOut.of(registry.enterprise(office, uscc))
