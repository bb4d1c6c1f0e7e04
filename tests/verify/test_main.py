"""`python -m verify`: the report on paper, and an exit status for scripts."""

import json
import runpy
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.check_pki import pki
from tests.support.signed_pdfs import make_pdf, sign
from verify.__main__ import BAD_USAGE, main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "root.pem").write_bytes(pki().root.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "ca.crl").write_bytes(pki().crls()[1])
    (tmp_path / "signed.pdf").write_bytes(sign(make_pdf()))
    (tmp_path / "altered.pdf").write_bytes(sign(make_pdf()).replace(b"pays 100", b"pays 900"))
    (tmp_path / "plain.pdf").write_bytes(make_pdf())
    return tmp_path


def test_an_altered_file_exits_with_1_and_says_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder / "altered.pdf"), "--trust", str(folder / "root.pem")]) == 1
    out = capsys.readouterr().out
    assert out.startswith("failed\n")
    assert "does not match the signature" in out
    assert "Seal1: failed — signature of Vermilion Ltd, level B-B" in out


def test_an_unsigned_file_exits_with_2(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder / "plain.pdf")]) == 2
    assert "no seal or signature" in capsys.readouterr().out


def test_the_report_comes_as_json_on_request(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(
        [str(folder / "signed.pdf"), "--trust", str(folder / "root.pem"), "--crl", str(folder / "ca.crl"), "--json"]
    )
    report = json.loads(capsys.readouterr().out)
    assert {"verdict", "findings", "signatures"} <= set(report)
    assert {"verdict", "signer", "level", "covers_whole_document", "changes_after"} <= set(report["signatures"][0])
    assert status == {"passed": 0, "failed": 1, "indeterminate": 2}[report["verdict"]]


def test_the_package_runs_as_a_program(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["verify", str(folder / "plain.pdf")])
    monkeypatch.delitem(sys.modules, "verify.__main__")
    with pytest.raises(SystemExit) as left:
        runpy.run_module("verify", run_name="__main__")
    assert left.value.code == 2


@pytest.mark.parametrize(
    "arguments",
    [[], ["missing.pdf"], ["signed.pdf", "--trust", "missing.pem"], ["signed.pdf", "--trust", "plain.pdf"], ["--odd"]],
)
def test_bad_usage_exits_with_64(folder: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == BAD_USAGE
