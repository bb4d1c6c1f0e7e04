"""The demo's people: enrolled as everybody is, with an authenticator in software; they lend seals and agree to uses."""

from datetime import timedelta
from threading import Lock
from typing import Final

from api.acts import accounts, control, mandates, people
from api.acts.access import authenticate
from api.acts.agreement import intend
from api.acts.control import Assertion
from api.acts.mandates import Terms
from api.acts.office import Office
from api.acts.relying_party import relying_party
from api.db.access import Token
from api.db.people import Person, Role
from api.demo.authenticator import SoftwareAuthenticator
from api.errors import ForbiddenError
from seals.intent import DocumentIntent, IntentKind
from seals.mandates import ANY_MATTER, Grantee, GranteeKind
from seals.model import SealKind

CONTACT: Final = "demo"
DEMO_SCOPES: Final = frozenset({"register", "issue", "seal", "read"})  # of a visitor's token
LENT_FOR: Final = timedelta(days=30)


class DemoPerson:
    """Somebody with an account and a passkey in memory."""

    def __init__(self, office: Office, person: Person, authenticator: SoftwareAuthenticator) -> None:
        """Use `representative_of` to enrol one."""
        self._office = office
        self.authenticator = authenticator
        self.person = person

    @classmethod
    def representative_of(cls, office: Office, uscc: str) -> "DemoPerson":
        """The hall invites the enterprise's legal representative, who registers a passkey.

        Raises:
            MemberExistsError: somebody else has the role.
        """
        hall = Token(id="demo", name="demo", scopes=frozenset({"issue"}), made_at=office.now(), expires_at=None)
        invited = people.invite(office, uscc, role=Role.REPRESENTATIVE, name=None, contact=CONTACT, by=hall)
        authenticator = SoftwareAuthenticator(origin=relying_party(office).origins[0])
        answer = authenticator.register(accounts.begin_redeem(office, invited.code))
        session, _ = accounts.finish_redeem(office, invited.code, answer, label="demo")
        return cls(office, session.person, authenticator)

    def agree_to_seal(self, code: str, *, document: bytes, name: str, purpose: str) -> Assertion:
        """Agree to this seal on the document of this SHA-256."""
        documents = (DocumentIntent(name=name, sha256=document, seals=(code,)),)
        intent = intend(self._office, IntentKind.SEAL, "demo", purpose=purpose, documents=documents)
        opened = control.begin(self._office, self.person.id, intent)
        return control.confirm(self._office, self.person.id, self.authenticator.assert_(opened.options))  # noqa: PT009 - of an authenticator, not of unittest

    def lend(self, uscc: str, machine: str) -> str:
        """Grant a machine an automatic mandate over the enterprise's seals; returns its identity."""
        now = self._office.now()
        terms = Terms(
            grantor=uscc,
            parent=None,
            grantee=Grantee(kind=GranteeKind.MACHINE, id=machine),
            kinds=frozenset(SealKind) - {SealKind.AUTHORITY},
            seals=frozenset(),
            matters=(ANY_MATTER,),
            max_amount=None,
            currency="",
            max_pages=None,
            not_before=now,
            not_after=now + LENT_FOR,
            max_uses=None,
            automatic=True,
            substitution=False,
            text="The demo page seals for its visitor.",
        )
        drafted, opened = mandates.draft(self._office, self.person.id, terms)
        answer = self.authenticator.assert_(opened.options)  # noqa: PT009 - as above
        return mandates.confirm(self._office, self.person.id, drafted.mandate.id, answer).mandate.id


class DemoLending:
    """Lends seals of enterprises that came up in the demo to the token that a visitor works with."""

    def __init__(self, office: Office) -> None:
        """The people are kept in memory: they are gone with the process, as are their passkeys."""
        self._office = office
        self._people: dict[str, DemoPerson] = {}
        self._one_at_a_time = Lock()

    def __call__(self, uscc: str, secret: str) -> str:
        """Return the active mandate of this token, granted now if there is none.

        Raises:
            UnauthenticatedError: not a good token.
            ForbiddenError: not a demo's token.
            NotFoundError, MandateError: no such enterprise, or it has no active licence.
            MemberExistsError: it has a representative of its own.
        """
        token = authenticate(self._office, secret)
        if not token.scopes >= DEMO_SCOPES or token.person is not None:
            raise ForbiddenError("this is for the demo page")
        with self._one_at_a_time:
            with self._office.reading() as work:
                active = [one.mandate for one in work.mandates.active_of([token.machine])]
            known = next((one.id for one in active if one.grantors == (uscc,)), None)
            if known is not None:
                return known
            if uscc not in self._people:
                self._people[uscc] = DemoPerson.representative_of(self._office, uscc)
            return self._people[uscc].lend(uscc, token.machine)
