"""Name what of the authority expires soon, while there is time for a ceremony."""

from datetime import timedelta
from typing import Final

from cryptography import x509

from api.acts.office import Office

SOON: Final = timedelta(days=60)


def run(office: Office) -> str:
    now = office.now()
    ends = {name: entity.certificate.not_valid_after_utc for name, entity in office.authority.entities.items()}
    root_crl = x509.load_der_x509_crl(office.authority.crls["root"])
    if root_crl.next_update_utc is not None:
        ends["CRL of the root"] = root_crl.next_update_utc
    return "; ".join(f"{name} ends on {end:%Y-%m-%d}" for name, end in ends.items() if end - now < SOON)
