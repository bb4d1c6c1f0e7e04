"""The command line: what it prints and the exit code that scripts rely on (docs/spec/cli.md)."""

import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from api import cli
from api.demo import samples
from tests.support.sealing import make_pdf

EXAMPLE = Path(__file__).parents[2] / "docs" / "ops" / "ceremony.example.yaml"
COMMANDS = ("ceremony", "arl", "serve", "worker", "token", "client", "hsm", "verify", "demo")


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `vermilion …` in this process, as its entry point does."""

    def one(*arguments: str | Path) -> Said:
        monkeypatch.setattr("sys.argv", ["vermilion", *(str(argument) for argument in arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return one


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A service folder, empty."""
    folder = tmp_path / "var"
    monkeypatch.setenv("VERMILION_DATA", str(folder))
    return folder


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `vermilion demo` leaves."""
    from api.demo.run import run as run_demo  # noqa: PLC0415 - loads much

    folder = tmp_path_factory.mktemp("demo") / "made"
    outcome = run_demo(folder, pdf=None, softhsm=False, tell=lambda _: None)
    assert outcome.passed, outcome.as_json()
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    said = run(command, "--help")
    assert said.code == 0
    assert said.out.startswith(f"Usage: vermilion {command}")
    assert command in run("--help").out


def test_the_version_is_told(run: Run) -> None:
    said = run("--version")
    assert (said.code, said.out.split()[-1][0].isdigit()) == (0, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("nothing",),
        ("verify",),
        ("verify", "does-not-exist.pdf"),
        ("verify", "--nothing"),
        ("serve", "--port", "70000"),
        ("token", "add", "name", "--scope", "everything"),
        ("demo", "x", "--keys", "paper"),
    ],
)
def test_bad_usage_is_64(run: Run, arguments: tuple[str, ...]) -> None:
    said = run(*arguments)
    assert said.code == 64
    assert said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("name", ["contract-sealed.pdf", "licence.pdf", "licence.png", "licence.elq1"])
def test_what_the_demo_made_passes_with_its_root_alone(run: Run, demo: Path, name: str) -> None:
    said = run("verify", demo / name, "--trust", demo / "root.pem")
    assert (said.code, said.out.splitlines()[0]) == (0, "passed · 有效")


def test_a_report_as_json_has_the_fields_that_checks_are_built_on(run: Run, demo: Path) -> None:
    said = run("verify", demo / "contract-sealed.pdf", "--trust", demo / "root.pem", "--json")
    report = json.loads(said.out)
    assert (said.code, report["verdict"]) == (0, "passed")
    assert {"id", "verdict", "text"} <= set(report["findings"][0])
    assert len(report["signatures"]) == 2
    for one in report["signatures"]:
        assert {"verdict", "signer", "level", "covers_whole_document", "changes_after"} <= set(one)
        assert one["level"] == "B-LT"
    assert [one["covers_whole_document"] for one in report["signatures"]] == [False, True]


def test_findings_can_be_read_in_chinese(run: Run, demo: Path) -> None:
    said = run("verify", demo / "licence.elq1", "--trust", demo / "root.pem", "--chinese")
    assert said.code == 0
    assert "。" in said.out


@pytest.mark.parametrize("name", ["contract-sealed.pdf", "licence.png", "licence.elq1", "contract.pdf"])
def test_without_a_root_nothing_can_pass(run: Run, demo: Path, tmp_path: Path, name: str) -> None:
    alone = tmp_path / name
    shutil.copyfile(demo / name, alone)
    assert run("verify", alone).code == 2


def test_a_document_that_was_changed_fails(run: Run, demo: Path, tmp_path: Path) -> None:
    document = bytearray((demo / "contract-sealed.pdf").read_bytes())
    document[document.index(b"/MediaBox") + 20] ^= 1
    changed = tmp_path / "changed.pdf"
    changed.write_bytes(document)
    said = run("verify", changed, "--trust", demo / "root.pem", "--with", demo)
    assert (said.code, said.out.splitlines()[0]) == (1, "failed · 无效")


def test_a_file_of_another_kind_is_indeterminate(run: Run, demo: Path, tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear Sir or Madam")
    assert run("verify", file, "--trust", demo / "root.pem").code == 2


def test_a_root_that_is_none_is_told(run: Run, demo: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "root.pem"
    wrong.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    said = run("verify", demo / "licence.elq1", "--trust", wrong)
    assert said.code == 64
    assert "Traceback" not in said.err


def test_the_demo_leaves_every_file_of_its_contract(demo: Path) -> None:
    names = {str(path.relative_to(demo)) for path in demo.rglob("*") if path.is_file() and "state" not in path.parts}
    kinds = ("official", "finance", "invoice", "contract", "representative")
    assert names >= {
        "root.pem", "chain.pem", "ca-root.crl", "ca-licence.crl", "ca-seal.crl", "ca-service.crl", "enterprise.json",
        "licence.pdf", "licence.pem", "licence.elq1", "licence.png", "contract.pdf", "contract-sealed.pdf", "report.json",
        *(f"seals/{kind}.{suffix}" for kind in kinds for suffix in ("pem", "png", "svg")),
    }  # fmt: skip
    report = json.loads((demo / "report.json").read_text())
    assert report["verdict"] == "passed"
    assert set(report["files"]) == names - {"report.json"}


def test_the_demo_goes_into_an_empty_folder_only(run: Run, demo: Path) -> None:
    before = sorted(demo.rglob("*"))
    said = run("demo", demo)
    assert said.code == 64
    assert "not empty" in said.err
    assert sorted(demo.rglob("*")) == before


def test_the_demo_seals_a_file_of_ones_own_and_reports_as_json(run: Run, tmp_path: Path) -> None:
    own = tmp_path / "own.pdf"
    own.write_bytes(make_pdf(2))
    said = run("demo", tmp_path / "made", "--pdf", own, "--json")
    report = json.loads(said.out)
    assert (said.code, report["verdict"]) == (0, "passed")
    assert "HSM" in report["keys"]
    assert (tmp_path / "made" / "contract.pdf").read_bytes() == own.read_bytes()


def test_the_demo_refuses_a_file_that_is_no_pdf(run: Run, tmp_path: Path) -> None:
    own = tmp_path / "own.pdf"
    own.write_bytes(b"no PDF")
    assert run("demo", tmp_path / "made", "--pdf", own).code == 65


def ceremony_file(folder: Path, **changes: Any) -> Path:
    mapping = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    path = folder / "ceremony.yaml"
    path.write_text(yaml.safe_dump({**mapping, **changes}, allow_unicode=True), encoding="utf-8")
    return path


def test_the_example_of_a_ceremony_is_complete(run: Run, var: Path) -> None:
    said = run("ceremony", EXAMPLE, "--check")
    assert said.code == 0
    assert not var.exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version": 2}, 64),
        ({"uscc": "9"}, 64),
        ({"more": 1}, 64),
        ({"base_url": "https://x/"}, 64),
        ({"instance": 256}, 64),
    ],
)
def test_a_ceremony_file_that_is_wrong_is_refused_by_its_key(
    run: Run, var: Path, tmp_path: Path, changes: dict[str, Any], code: int
) -> None:
    said = run("ceremony", ceremony_file(tmp_path, **changes))
    assert said.code == code
    assert next(iter(changes)) in said.err
    assert not var.exists()


@pytest.mark.parametrize("content", [b"[", b"- a list", b"\xff\xfe", b"a: b\n" * 20_000])
def test_a_ceremony_file_that_is_no_mapping_is_refused(run: Run, var: Path, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ceremony.yaml"
    path.write_bytes(content)
    said = run("ceremony", path)
    assert said.code == 64
    assert "Traceback" not in said.err
    assert not var.exists()


def test_a_ceremony_is_held_once_and_then_the_service_runs(
    run: Run, var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("token", "list").code == 78  # no authority yet
    held = run("ceremony", EXAMPLE)
    assert held.code == 0
    secret = held.out.split()[-1]
    assert secret.startswith("vml_")
    files = {path.name: path.read_bytes() for path in (var / "authority").iterdir()}
    again = run("ceremony", EXAMPLE)
    assert again.code in {73, 78}
    assert {path.name: path.read_bytes() for path in (var / "authority").iterdir()} == files
    assert not [name for name, content in files.items() if secret.encode() in content]
    assert (var / "keys" / "passphrase").stat().st_mode & 0o077 == 0

    listed = run("token", "list")
    assert (listed.code, "ceremony" in listed.out, "valid" in listed.out) == (0, True, True)
    added = run("token", "add", "hall 7", "--scope", "register", "--scope", "read", "--days", "7")
    assert added.code == 0
    assert added.out.strip().startswith("vml_")
    line = next(one for one in run("token", "list").out.splitlines() if "hall 7" in one)
    assert "read register" in line
    identity = line.split()[0]
    assert run("token", "revoke", identity).code == 0
    assert run("token", "revoke", identity).code == 1
    assert "withdrawn" in run("token", "list").out
    assert added.out.strip() not in run("token", "list").out

    registered = run("client", "add", "an app", "--redirect-uri", "https://app.example.org/back")
    name, password = registered.out.split()
    assert (registered.code, run("client", "add", "an app").code) == (0, 64), "nobody could ever use the second"
    public = run("client", "add", "a phone", "--redirect-uri", "org.example:/back", "--public").out.split()
    assert len(public) == 1, "it keeps no secret"
    assert f"{name}  an app  valid  people  https://app.example.org/back" in run("client", "list").out
    assert password not in run("client", "list").out
    assert [run("client", "revoke", name).code for _ in range(2)] == [0, 1]
    assert f"{name}  an app  withdrawn" in run("client", "list").out

    checked = run("hsm", "check")
    assert (checked.code, "works" in checked.out, "no HSM" in checked.out) == (0, True, True)

    served: list[Any] = []
    monkeypatch.setattr("uvicorn.run", lambda app, **_: served.append(app))
    said = run("serve")
    assert (said.code, len(served)) == (0, 1)
    assert "no HSM" in said.err

    worked = run("worker", "--once")
    assert worked.code == 0
    assert "failed" not in worked.out


def test_serve_without_an_authority_says_what_to_do(run: Run, var: Path) -> None:
    said = run("serve")
    assert said.code == 78
    assert "vermilion ceremony" in said.err


def test_serve_as_a_demo_makes_its_own_authority(run: Run, var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Any] = []
    monkeypatch.setattr("uvicorn.run", lambda app, **_: served.append(app))
    for _ in range(2):
        assert run("serve", "--demo").code == 0
    assert len(served) == 2
    assert (var / "authority" / "authority.json").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VERMILION_PORT", "x"),
        ("VERMILION_ZONE", "Mars/Olympus"),
        ("VERMILION_DATABASE", "mysql://localhost/x"),
        ("VERMILION_KEYS", "paper:drawer"),
        ("VERMILION_MAX_JSON_BYTES", "0"),
        ("VERMILION_INSTANCE", "256"),
        ("VERMILION_OBJECTS", "ftp://x"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_its_value_is_not_shown(
    run: Run, demo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str
) -> None:
    state = tmp_path / "state"
    shutil.copytree(demo / "state", state)
    monkeypatch.setenv("VERMILION_DATA", str(state))
    monkeypatch.setenv(name, value)
    said = run("token", "list")
    assert said.code == 78
    assert "Traceback" not in said.err


def test_a_pin_is_given_once_and_never_shown(run: Run, var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERMILION_PIN", "very-secret-pin")
    monkeypatch.setenv("VERMILION_PIN_FILE", "/nowhere")
    said = run("token", "list")
    assert said.code == 78
    assert "very-secret-pin" not in said.out + said.err


def test_a_wrong_passphrase_is_told_without_it(run: Run, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERMILION_DATA", str(demo / "state"))
    monkeypatch.setenv("VERMILION_PIN", "wrong-passphrase")
    said = run("token", "list")
    assert said.code == 78
    assert "wrong-passphrase" not in said.out + said.err
    assert run("hsm", "check").code == 78


def test_a_new_pin_file_is_readable_by_its_owner_alone_and_never_overwritten(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "pin"
    assert run("hsm", "new-pin", path).code == 0
    assert path.stat().st_mode & 0o777 == 0o600
    content = path.read_text()
    assert len(content) >= 16
    assert run("hsm", "new-pin", path).code == 78
    assert path.read_text() == content


def test_a_pin_file_that_others_can_read_is_refused(run: Run, tmp_path: Path) -> None:
    module, pin = tmp_path / "module.so", tmp_path / "pin"
    module.touch()
    pin.write_text("1234")
    pin.chmod(0o644)
    said = run("hsm", "prepare", module, "--label", "x", "--so-pin-file", pin, "--pin-file", pin)
    assert said.code == 78
    assert "chmod 600" in said.err


@pytest.mark.softhsm
def test_a_token_is_prepared_and_checked(run: Run, tmp_path: Path) -> None:
    from tests.support.softhsm import MODULE, here  # noqa: PLC0415 - sets SOFTHSM2_CONF when it is called

    if not MODULE.exists():
        pytest.skip("SoftHSM 2 is not installed")
    here()
    for name in ("pin", "so-pin"):
        assert run("hsm", "new-pin", tmp_path / name).code == 0
    prepared = run(
        "hsm",
        "prepare",
        MODULE,
        "--label",
        "hall",
        "--so-pin-file",
        tmp_path / "so-pin",
        "--pin-file",
        tmp_path / "pin",
    )
    assert prepared.code == 0, prepared.err
    address = prepared.out.strip().splitlines()[-1]
    assert address.startswith("pkcs11:")
    checked = run("hsm", "check", "--keys", address, "--pin-file", tmp_path / "pin")
    assert (checked.code, "works" in checked.out, "PKCS#11" in checked.out) == (0, True, True)
    assert (tmp_path / "pin").read_text() not in prepared.out + checked.out
    gone = run("hsm", "check", "--keys", address.replace("hall", "nobody"), "--pin-file", tmp_path / "pin")
    assert gone.code in {1, 75}


def test_a_log_of_the_command_line_holds_no_token(
    run: Run, demo: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("VERMILION_DATA", str(demo / "state"))
    secret = run("token", "add", "logged", "--scope", "read").out.strip()
    assert secret.startswith("vml_")
    assert secret not in caplog.text


def test_the_samples_are_no_real_enterprises() -> None:
    assert samples.fresh_uscc() != samples.fresh_uscc()
