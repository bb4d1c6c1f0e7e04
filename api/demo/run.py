"""The whole job in one folder: ceremony, two enterprises, licences, seals, a contract sealed by both, everything checked offline."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final

import pypdfium2
from cryptography.hazmat.primitives.serialization import Encoding

from api.acts import faces, publishing
from api.acts.ceremony import chain_pem
from api.acts.establish import Establishment, establish
from api.acts.office import Office
from api.acts.registry import register
from api.acts.sealing import SealOrder, seal_document
from api.bootstrap import running_office, utc_now
from api.demo import samples
from api.demo.contract import FIRST_KEYWORD, SECOND_KEYWORD, Party, sample_contract
from api.demo.first_run import demo_authority, make_softhsm_keys, make_software_keys
from api.demo.people import DemoPerson
from api.errors import BadInputError, NotFoundError
from api.scratch import sha256_of
from api.settings import Settings, read_settings
from ca.authority import ISSUING, ROOT
from ca.register import enterprise_as_mapping
from seals.model import SealKind
from seals.pdf_input import Limits, open_document
from seals.placement import AtKeyword, AtPosition, Invisible, Placement
from seals.png import PDFIUM
from seals.register import Grounds, Seal
from seals.signing import Level
from verify.files import check_file
from verify.material import anchors_of, gather
from verify.report import Report, Verdict

BASE_URL: Final = "http://127.0.0.1:8000"
STAGES: Final = 6
CLERK: Final = "demo clerk"
PURPOSE: Final = "采购合同"
SEAL_MM: Final = 40.0
KEYWORD_RIGHT_MM: Final = 20.0  # from the middle of the keyword to the middle of the seal
KEYWORD_DOWN_MM: Final = 20.0
POINT_MM: Final = 25.4 / 72


@dataclass(frozen=True, slots=True)
class Stage:
    """What is being done."""

    number: int
    title: str
    of: int = STAGES


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The report on every artefact."""

    directory: Path
    keys: str
    checks: Mapping[str, Report]

    @property
    def passed(self) -> bool:
        return all(report.verdict is Verdict.PASSED for report in self.checks.values())

    def as_json(self) -> dict[str, Any]:
        return {
            "verdict": "passed" if self.passed else "failed",
            "keys": self.keys,
            "checks": {name: report.as_json() for name, report in self.checks.items()},
            "files": {
                str(path.relative_to(self.directory)): sha256(path.read_bytes()).hexdigest()
                for path in sorted(self.directory.rglob("*"))
                if path.is_file()
                and "state" not in path.relative_to(self.directory).parts
                and path.name != "report.json"
            },
        }


def run(directory: Path, *, pdf: Path | None, softhsm: bool, tell: Callable[[Stage], None]) -> Outcome:
    """Do it all in `directory`.

    Raises:
        BadInputError: the folder is not empty.
        DocumentRefusedError: `pdf` cannot be sealed.
    """
    if directory.exists() and any(directory.iterdir()):
        raise BadInputError(f"{directory} is not empty; the demo overwrites nothing")
    if pdf is not None:
        with pdf.open("rb") as file:
            open_document(file, Limits())  # a file that cannot be sealed is refused before anything is made
    state = directory / "state"
    state.mkdir(parents=True, mode=0o700)
    tell(Stage(1, "Key ceremony: root, issuing CAs, OCSP, time-stamping, the authority's seal"))
    settings = _settings(state, softhsm=softhsm)
    demo_authority(settings, base_url=BASE_URL, now=utc_now())
    with running_office(settings) as office:
        tell(Stage(2, "A service hall registers two enterprises"))
        parties = [register(office, samples.enterprise(one), actor=CLERK) for one in (samples.BUYER, samples.SUPPLIER)]
        tell(Stage(3, "Each gets its electronic business licence and five seals, in one act"))
        made = [establish(office, one.uscc, actor=CLERK) for one in parties]
        tell(Stage(4, "Both legal representatives take a passkey and seal the contract"))
        _contract(office, directory, made, pdf)
        tell(Stage(5, "Everything a verifier needs is published"))
        _publish(office, directory, made[0])
        keys = "PKCS#11 token" if office.store.hardware else "software keys, no HSM"
    tell(Stage(6, "A verifier checks everything, offline, with the root certificate alone"))
    outcome = Outcome(directory=directory, keys=keys, checks=_check(directory))
    text = json.dumps(outcome.as_json(), ensure_ascii=False, indent=1)
    (directory / "report.json").write_text(text + "\n", encoding="utf-8")
    return outcome


def _settings(state: Path, *, softhsm: bool) -> Settings:
    if softhsm:
        address, pin = make_softhsm_keys(state / "softhsm")
        return read_settings(data=state, keys=address, pin_file=pin)
    settings = read_settings(data=state)
    make_software_keys(settings)
    return settings


def _contract(office: Office, directory: Path, made: list[Establishment], pdf: Path | None) -> None:
    source, target = directory / "contract.pdf", directory / "contract-sealed.pdf"
    if pdf is None:
        source.write_bytes(_sample(office, made))
    else:
        shutil.copyfile(pdf, source)
    for number, (one, keyword) in enumerate(zip(made, (FIRST_KEYWORD, SECOND_KEYWORD), strict=True)):
        with (source if number == 0 else target).open("rb") as file:
            where = _by_keyword(keyword) if pdf is None else _on_last_page(file, number)
            order = SealOrder(level=Level.B_LT, placement=where, reason=PURPOSE)
            code = _seal(one, SealKind.CONTRACT).code
            use = seal_document(office, code, file, order, grounds=_agreed(office, one, code, sha256_of(file)))
        if use.object is None:
            raise NotFoundError(f"the use {use.id} left no file")
        target.write_bytes(office.objects.read(use.object))


def _agreed(office: Office, one: Establishment, code: str, document: bytes) -> Grounds:
    """The legal representative enrols and agrees to exactly this use with a passkey."""
    person = DemoPerson.representative_of(office, one.licence.licence.enterprise.uscc)
    given = person.agree_to_seal(code, document=document, name="contract.pdf", purpose=PURPOSE)
    return Grounds(actor=person.person.name, person=person.person.id, assertion=given.id)


def _sample(office: Office, made: list[Establishment]) -> bytes:
    now = office.now()
    first, second = (
        Party(name=one.name, uscc=one.uscc, representative=one.legal_representative)
        for one in (establishment.licence.licence.enterprise for establishment in made)
    )
    return sample_contract(
        first, second, fonts=office.licence_fonts.folder, day=now.astimezone(office.zone).date(), now=now
    )


def _by_keyword(keyword: str) -> Placement:
    return AtKeyword(text=keyword, dx_mm=KEYWORD_RIGHT_MM, dy_mm=KEYWORD_DOWN_MM)


def _on_last_page(file: BinaryIO, number: int) -> Placement:
    """Side by side at the foot of the last page; invisible where a page is too small for a seal."""
    try:
        with PDFIUM, pypdfium2.PdfDocument(file) as document:
            width, height = (points * POINT_MM for points in document[-1].get_size())
    except pypdfium2.PdfiumError:
        return Invisible()  # sealing itself says what is wrong with the file
    if width < 2 * SEAL_MM + 10 or height < SEAL_MM + 10:
        return Invisible()
    return AtPosition(page=-1, x_mm=width * (0.3 if number == 0 else 0.7), y_mm=height - SEAL_MM / 2 - 5)


def _seal(one: Establishment, kind: SealKind) -> Seal:
    return next(seal for seal in one.seals if seal.kind is kind)


def _publish(office: Office, directory: Path, made: Establishment) -> None:
    licence = made.licence
    _write(directory / "root.pem", office.authority.certificate(ROOT).public_bytes(Encoding.PEM))
    _write(directory / "chain.pem", chain_pem(office.authority))
    for name in (ROOT, *ISSUING):
        _write(directory / f"ca-{name}.crl", publishing.crl(office, name))
    _write(directory / "keys.json", publishing.key_list(office))
    _write(directory / "status-0.cwt", publishing.status_list(office, 0))
    entry = json.dumps(enterprise_as_mapping(licence.licence.enterprise), ensure_ascii=False, indent=1)
    _write(directory / "enterprise.json", entry.encode() + b"\n")
    _write(directory / "licence.pdf", office.objects.read(licence.pdf))
    _write(directory / "licence.pem", faces.certificate_pem(office, licence.serial))
    _write(directory / "licence.elq1", licence.elq1.encode() + b"\n")
    _write(directory / "licence.png", faces.qr_png(office, licence))
    (directory / "seals").mkdir()
    for seal in made.seals:
        base = directory / "seals" / seal.kind.value
        _write(base.with_suffix(".pem"), faces.certificate_pem(office, seal.serial))
        _write(base.with_suffix(".png"), faces.seal_png(office, seal))
        _write(base.with_suffix(".svg"), faces.seal_svg(office, seal).encode())


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _check(directory: Path) -> dict[str, Report]:
    """As a stranger would: the root certificate, and the files that lie beside it."""
    trust = gather(anchors_of(directory / "root.pem"), [directory])
    now = datetime.now(UTC)
    checks = {}
    for name in ("licence.pdf", "licence.elq1", "licence.png", "contract-sealed.pdf"):
        with (directory / name).open("rb") as file:
            checks[name] = check_file(file, trust, now=now)
    return checks
