"""A machine uses a seal: which mandate it acts under, and how many pages it is about."""

from decimal import Decimal
from typing import BinaryIO

from api.acts import rights
from api.acts.office import Office
from api.acts.seal_life import seal
from api.db.access import Token
from api.errors import ForbiddenError
from seals.errors import DocumentRefusedError
from seals.pdf_input import Limits, open_document
from seals.register import Grounds


def grounds_of_machine(
    office: Office,
    code: str,
    source: BinaryIO,
    who: Token,
    *,
    mandate: str | None,
    matter: str,
    amount: Decimal | None,
    currency: str,
) -> Grounds:
    """Return the grounds on which the bearer of this token uses the seal; whether they hold is asked with the use.

    Raises:
        NotFoundError: no such seal.
        ForbiddenError: the token is a person's session.
    """
    if who.person is not None:
        raise ForbiddenError("a person seals by a seal-use request that is confirmed with a passkey")
    one = seal(office, code)
    grounds = Grounds(
        actor=who.name,
        machine=who.machine,
        mandate=mandate,
        matter=matter,
        amount=amount,
        currency=currency,
        pages=pages_of(office, source),
    )
    with office.reading() as work:
        return rights.choose(office, work, one, grounds)


def pages_of(office: Office, source: BinaryIO) -> int | None:
    """How many pages a document has; None for one that cannot be sealed, as sealing it will say."""
    try:
        return open_document(source, Limits(max_bytes=office.settings.max_document_bytes)).page_count
    except DocumentRefusedError:
        return None
    finally:
        source.seek(0)
