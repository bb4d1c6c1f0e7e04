"""Evidence of a contract as files, containers under an enterprise's seal, and archive time-stamps, through the service."""

import hashlib
import io
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.acts import checking
from api.acts.archiving import archive_document
from api.acts.evidence_files import FACTS_NAME, REPORT_NAME, Kept, archive_names, make_archive, make_report
from api.acts.faces import certificate_der
from seals.errors import EvidenceFileError
from seals.evidence_json import from_json, to_json
from seals.evidence_reader import attached_facts, read_signatures
from seals.evidence_words import COMMANDS
from tests.support.evidence_facts import sample
from tests.support.machines import machine_token
from tests.support.office import Hall, code_of, open_hall
from tests.support.pdf_judges import need, run
from tests.support.sealing import make_pdf
from verify.report import Verdict


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with open_hall(tmp_path) as opened:
        yield opened


def kept_of(hall: Hall, *names: str) -> list[Kept]:
    return [Kept(name=name, object=hall.office.objects.put("sealed", ".pdf", make_pdf())) for name in names]


def acts(hall: Hall, subject: str) -> list[str]:
    found = hall.get("/api/v1/events", "audit", params={"limit": 200, "subject": subject})
    return [one["act"] for one in found.json()["items"]]


def test_the_report_is_sealed_by_the_authority_and_carries_its_facts(hall: Hall) -> None:
    file = sample()
    name = make_report(hall.office, file)
    pdf = hall.office.objects.read(name)
    report = checking.check_file(hall.office, io.BytesIO(pdf))
    assert report.verdict is Verdict.PASSED, report.as_json()
    seal = report.signatures[0]
    assert (seal.seal_kind, seal.level) == ("authority", "B-LTA")
    assert acts(hall, file.envelope) == ["evidence.report-intent", "evidence.report"]


def test_one_archive_holds_documents_facts_report_and_trust_and_passes_the_check(hall: Hall) -> None:
    file = sample()
    report = make_report(hall.office, file)
    kept = kept_of(hall, "采购合同.pdf", "采购合同.pdf")
    name = make_archive(hall.office, file, report=report, kept=kept)
    box = hall.office.objects.read(name)
    found = checking.check_file(hall.office, io.BytesIO(box))
    assert found.verdict is Verdict.PASSED, found.as_json()
    assert [one.level for one in found.signatures] == ["B-LTA", None]
    assert all(one.covers_whole_document for one in found.signatures)
    with zipfile.ZipFile(io.BytesIO(box)) as opened:
        assert {*archive_names(kept), REPORT_NAME, FACTS_NAME, "trust/root.pem"} <= set(opened.namelist())
        assert from_json(opened.read(FACTS_NAME)) == file
        assert opened.read(REPORT_NAME) == hall.office.objects.read(report)
    assert found.facts["files"][:2] == ["documents/01-采购合同.pdf", "documents/02-采购合同.pdf"]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("合同.pdf", "01-合同.pdf"),
        ("../../etc/passwd", "01-_.._etc_passwd"),
        ("a\x00b:c.pdf", "01-a_b_c.pdf"),
        ("..", "01-file"),
        ("", "01-file"),
        ("合" * 500 + ".pdf", "01-" + "合" * 60 + ".pdf"),
        ("con. ", "01-con"),
    ],
)
def test_any_name_becomes_one_that_every_file_system_takes(name: str, safe: str) -> None:
    assert archive_names([Kept(name=name, object="x")]) == [f"documents/{safe}"]


@pytest.mark.judge
def test_every_command_that_the_report_names_works_in_the_unpacked_archive(hall: Hall, tmp_path: Path) -> None:
    for program in ("openssl", "pdfsig", "pdfdetach", "sha256sum", "unzip"):
        need(program)
    code = code_of(hall.establish())
    hall.seal(code, make_pdf())
    with hall.office.reading() as work:
        sealed = work.uses.of_seal(code, after=None, limit=1)[0].object
    assert sealed is not None
    file = sample()
    name = make_archive(
        hall.office, file, report=make_report(hall.office, file), kept=[Kept(name="采购合同.pdf", object=sealed)]
    )
    (tmp_path / "all.asice").write_bytes(hall.office.objects.read(name))
    folder = tmp_path / "unpacked"
    assert run("unzip", "-q", tmp_path / "all.asice", "-d", folder)[0] == 0
    at = f"-attime {int(hall.clock().timestamp())} "  # the test's clock is not that of the machine
    said: dict[str, str] = {}
    for _, _, command in COMMANDS:
        timed = command.replace("-CAfile", f"{at}-CAfile") if command.startswith("openssl") else command
        done = subprocess.run(
            ["bash", "-c", timed], cwd=folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        said[command.split()[0]] = said.get(command.split()[0], "") + done.stdout + done.stderr
    assert hashlib.sha256((folder / "documents" / "01-采购合同.pdf").read_bytes()).hexdigest() in said["sha256sum"]
    assert "CAdES Verification successful" in said["openssl"]
    assert "Verification: OK" in said["openssl"]
    assert said["for"].count("Signature is Valid.") == 2
    assert "Invalid" not in said["for"]
    assert said["python3"].strip() == "[True, True, True, True]"


def test_files_of_any_kind_are_sealed_in_one_container(hall: Hall) -> None:
    code = code_of(hall.establish())
    files = [
        ("files", ("清单.xlsx", b"PK not really", "application/vnd.ms-excel")),
        ("files", ("data/readings.csv", b"1,2,3\n" * 1000, "text/csv")),
    ]
    first = hall.client.post(
        f"/api/v1/seals/{code}/containers", files=files, data={"level": "B-LTA"}, headers=hall.headers("seal", key="k1")
    )
    assert first.status_code == 201, first.text
    done = first.json()
    assert done["document"] is None
    again = hall.client.post(
        f"/api/v1/seals/{code}/containers", files=files, data={"level": "B-LTA"}, headers=hall.headers("seal", key="k1")
    )
    assert again.json() == done
    assert again.headers["Idempotency-Replayed"] == "true"
    got = hall.get(done["container"], "seal")
    assert got.headers["content-type"] == "application/vnd.etsi.asic-e+zip"
    answer = hall.client.post("/api/v1/verify", files={"file": ("a.asice", got.content)}).json()
    assert answer["verdict"] == "passed", answer
    assert answer["kind"] == "asic"
    assert answer["signatures"][0]["seal_code"] == code
    assert answer["facts"]["files"] == ["清单.xlsx", "data/readings.csv"]


def test_a_container_of_unsafe_names_is_refused_and_no_key_is_used(hall: Hall) -> None:
    code = code_of(hall.establish())
    answer = hall.client.post(
        f"/api/v1/seals/{code}/containers",
        files=[("files", ("../up.txt", b"x", "text/plain"))],
        headers=hall.headers("seal"),
    )
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/container"
    assert "seal.use" not in acts(hall, code)


def test_a_sealed_pdf_is_not_served_as_a_container(hall: Hall) -> None:
    code = code_of(hall.establish())
    done = hall.seal(code, make_pdf()).json()
    assert hall.get(f"/api/v1/seal-uses/{done['id']}/container", "seal").status_code == 404


def test_a_container_is_served_to_its_enterprise_and_to_no_other(hall: Hall) -> None:
    made, other = hall.establish(), hall.establish()
    files = [("files", ("a.txt", b"x", "text/plain"))]
    path = f"/api/v1/seals/{code_of(made)}/containers"
    done = hall.client.post(path, files=files, data={"level": "B-B"}, headers=hall.headers("seal")).json()
    for uscc, status in ((made["licence"]["uscc"], 200), (other["licence"]["uscc"], 404)):
        headers = {"Authorization": f"Bearer {machine_token(hall, uscc, 'seal')}"}
        assert hall.client.get(done["container"], headers=headers).status_code == status


def test_a_stranger_cannot_send_files_to_be_sealed(hall: Hall) -> None:
    code = code_of(hall.establish())
    files = [("files", ("a.txt", b"x", "text/plain"))]
    assert hall.client.post(f"/api/v1/seals/{code}/containers", files=files).status_code == 401
    refused = hall.client.post(f"/api/v1/seals/{code}/containers", files=files, headers=hall.headers("read"))
    assert refused.status_code == 403


def test_an_archived_document_is_of_level_lta_and_the_old_file_stays(hall: Hall) -> None:
    code = code_of(hall.establish())
    hall.seal(code, make_pdf())
    with hall.office.reading() as work:
        before = work.uses.of_seal(code, after=None, limit=1)[0].object
    assert before is not None
    old = hall.office.objects.read(before)
    after = archive_document(hall.office, before)
    assert hall.office.objects.read(before) == old
    new = hall.office.objects.read(after)
    assert new.startswith(old)
    report = checking.check_file(hall.office, io.BytesIO(new))
    assert report.verdict is Verdict.PASSED
    assert report.signatures[0].level == "B-LTA"
    assert acts(hall, after) == ["document.archived"]


def test_an_archive_made_later_holds_the_facts_of_the_report_that_is_in_it(hall: Hall) -> None:
    first = sample()
    report = make_report(hall.office, first)
    name = make_archive(hall.office, sample(steps_count=13), report=report, kept=kept_of(hall, "a.pdf"))
    with zipfile.ZipFile(io.BytesIO(hall.office.objects.read(name))) as opened:
        assert from_json(opened.read(FACTS_NAME)) == first


def test_a_sealed_pdf_says_with_which_key_and_when_it_was_sealed(hall: Hall) -> None:
    made = hall.establish()
    code = code_of(made)
    hall.seal(code, make_pdf())
    with hall.office.reading() as work:
        name = work.uses.of_seal(code, after=None, limit=1)[0].object
    assert name is not None
    (found,) = read_signatures(io.BytesIO(hall.office.objects.read(name))).values()
    assert found.algorithm == "sha256_ecdsa"
    assert found.stamp is not None
    assert found.stamp.time == hall.clock()
    assert int(found.stamp.serial, 16) > 0
    assert found.certificate is not None
    assert hashlib.sha256(certificate_der(hall.office, int(found.certificate.serial, 16))).digest() == (
        found.certificate.sha256
    )


@pytest.mark.parametrize("read", [read_signatures, attached_facts])
def test_what_is_no_pdf_says_nothing(read: Callable[[io.BytesIO], object]) -> None:
    with pytest.raises(EvidenceFileError):
        read(io.BytesIO(b"%PDF-1.7 and nothing else"))


def test_the_facts_survive_their_one_spelling() -> None:
    assert from_json(to_json(sample())) == sample()
