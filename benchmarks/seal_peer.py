"""pyHanko by itself on the same token: seals as often as a line of standard input says, answers with the seconds it took.

Started by `benchmarks.seal`; the two sides share no process, since a process loads a PKCS#11 module once.
"""

import io
import sys
import time
from pathlib import Path

import pkcs11
from asn1crypto import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.pkcs11 import PKCS11Signer

from benchmarks import seal_peer_lta


def main() -> None:
    """Arguments: module, token label, PIN, key label, folder with in.pdf and certificates, bytes to reserve or 0, level."""
    module, token, pin, label, folder, reserve, *level = sys.argv[1:]
    certificates = [x509.Certificate.load(file.read_bytes()) for file in sorted(Path(folder).glob("*.der"))]
    document = (Path(folder) / "in.pdf").read_bytes()
    session = pkcs11.lib(module).get_token(token_label=token).open(user_pin=pin)
    signer = PKCS11Signer(
        session,
        signing_cert=certificates[0],
        ca_chain=certificates[1:],
        key_label=label,
        use_raw_mechanism=True,  # SoftHSM 2.6 has no ECDSA that hashes by itself
    )
    meta = signers.PdfSignatureMetadata(
        field_name="Seal", subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256", embed_validation_info=False
    )
    stamper = None
    if level == ["B-LTA"]:
        meta, stamper = seal_peer_lta.metadata(Path(folder))
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            writer = IncrementalPdfFileWriter(io.BytesIO(document))
            signers.sign_pdf(writer, meta, signer, timestamper=stamper, bytes_reserved=int(reserve) or None)
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
