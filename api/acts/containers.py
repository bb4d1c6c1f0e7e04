"""Sealing files of any kind together: one ASiC-E container under an enterprise's seal."""

from collections.abc import Callable, Sequence
from hashlib import sha256

from api.acts.evidence import OfficeEvidence
from api.acts.office import Office
from api.acts.timestamping import OfficeTimeStamper
from api.acts.uses import UseOrder, open_use
from api.db.work import SqlUnitOfWork
from api.scratch import scratch_file, sha256_of
from seals.asic import ContainerFile, manifest_of, write_asic
from seals.register import Grounds, SealUse
from seals.signing import Level


def seal_files_asic(
    office: Office,
    code: str,
    files: Sequence[ContainerFile],
    *,
    level: Level,
    reason: str,
    grounds: Grounds,
    then: Callable[[SqlUnitOfWork, SealUse], None] | None = None,
) -> SealUse:
    """Seal files and keep the container; the use is on record whatever happens.

    The document of the use is the manifest: the list of all names and digests. It is what a person agrees to.

    Raises:
        NotFoundError: no such seal.
        SealUnusableError: its state, or its licence's, does not allow sealing.
        RightError: the grounds do not allow it.
        ContainerError: no files or too many, or names that cannot stand together in a container.
        SealError, HsmError: the level cannot be reached, or the key could not be used; nothing was kept.
    """
    agreed = sha256(manifest_of(files)).digest()
    order = UseOrder(seal=code, grounds=grounds, purpose=reason, level=level.value, document_sha256=agreed)
    with open_use(office, order) as using, scratch_file(office.scratch) as target:
        made = write_asic(
            target,
            files,
            key=using.key,
            level=level,
            timestamper=OfficeTimeStamper(office),
            revocation=OfficeEvidence(office),
            now=office.now(),
            authorise=lambda attributes: using.authorise_bytes(sha256(attributes).digest()),
            agreed=agreed,
        )
        digest = sha256_of(target)
        name = office.objects.put("sealed", ".asice", target)
        with office.work() as work:
            done = using.done(
                work, sealed_sha256=digest, name=name, at=office.now(), files=len(made.files), size=made.size
            )
            if then is not None:
                then(work, done)
            work.commit()
    return done
