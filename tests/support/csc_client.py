"""pyHanko's own client of the remote signing interface, with the passkey of a person behind it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.csc_signer import (
    CSCAuthorizationInfo,
    CSCAuthorizationManager,
    CSCCredentialInfo,
    CSCServiceSessionInfo,
    CSCSigner,
    fetch_certs_in_csc_credential,
)

from tests.support.people import Enrolled


@dataclass(slots=True)
class Calls:
    """Which methods were called, in order."""

    seen: list[str] = field(default_factory=list)


class PasskeyAuthorization(CSCAuthorizationManager):
    """Fetches SAD for these very hashes: the person's passkey answers the challenge over them."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        info: CSCServiceSessionInfo,
        credential: CSCCredentialInfo,
        calls: Calls,
        person: Enrolled | None,
    ) -> None:
        super().__init__(info, credential)
        self.session, self.calls, self.person = session, calls, person

    async def authorize_signature(self, hash_b64s: list[str]) -> CSCAuthorizationInfo:
        proof = None
        if self.person is not None:
            asked = {"credentialID": self.csc_session_info.credential_id, "hash": hash_b64s}
            challenge = await self._post("credentials/getChallenge", asked)
            proof = json.dumps(self.person.agree(challenge["publicKey"]))
        request = self.format_csc_auth_request(hash_b64s=hash_b64s, client_data=proof)
        return self.parse_csc_auth_response(await self._post("credentials/authorize", request))

    async def _post(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        self.calls.seen.append(method)
        async with self.session.post(
            self.csc_session_info.endpoint_url(method), headers=self.auth_headers, json=body
        ) as answer:
            told: dict[str, Any] = await answer.json()
            if answer.status != 200:
                raise SigningError(str(told))
            return told


@asynccontextmanager
async def csc_signer(
    url: str, *, credential: str, token: str, person: Enrolled | None, calls: Calls | None = None, batch: int = 1
) -> AsyncIterator[CSCSigner]:
    """A signer of pyHanko's that asks the service at `url` for its signatures."""
    info = CSCServiceSessionInfo(service_url=url, credential_id=credential, oauth_token=token)
    async with aiohttp.ClientSession() as session:
        known = await fetch_certs_in_csc_credential(session, info)
        assert known.hash_pinning_required
        manager = PasskeyAuthorization(session, info, known, calls or Calls(), person)
        yield CSCSigner(session, manager, batch_size=batch, embed_roots=False)
