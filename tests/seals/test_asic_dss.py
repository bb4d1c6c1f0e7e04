"""EU DSS, the reference of the AdES standards, accepts our containers (`mvn -f tests/judges/dss/pom.xml package`)."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from seals.signing import Level
from tests.support.boxes import box, with_files
from tests.support.pdf_judges import need
from tests.support.sealing import pki

JAR = Path(__file__).parents[1] / "judges" / "dss" / "target" / "judge.jar"
SECONDS = 120


def dss(folder: Path, *containers: bytes) -> list[str]:
    """What it says of each container and each signature; one start of the machine for all of them."""
    need("java")
    if not JAR.exists():
        pytest.skip("the DSS judge is not built: mvn -f tests/judges/dss/pom.xml package")
    (folder / "root.pem").write_bytes(pki().root.certificate.public_bytes(Encoding.PEM))
    paths = [folder / f"{place}.asice" for place in range(len(containers))]
    for path, data in zip(paths, containers, strict=True):
        path.write_bytes(data)
    done = subprocess.run(
        ["java", "-jar", str(JAR), str(folder / "root.pem"), *map(str, paths)],
        capture_output=True, text=True, timeout=SECONDS, check=True,
    )  # fmt: skip
    return [line for line in done.stdout.splitlines() if line.startswith(("container", "signature"))]


@pytest.mark.judge
def test_dss_names_the_levels_passes_the_signatures_and_refuses_an_altered_file(tmp_path: Path) -> None:
    altered = with_files(box(Level.B_LT), {"data/readings.csv": b"4,5,6\n"})
    first, lt, second, lta, third, wrong = dss(tmp_path, box(Level.B_LT), box(Level.B_LTA), altered)
    assert first == second == third == "container ASiC-E"
    assert lt.startswith("signature CAdES-BASELINE-LT TOTAL_PASSED")
    assert lta.startswith("signature CAdES-BASELINE-LTA TOTAL_PASSED")
    assert "TOTAL_FAILED" in wrong
