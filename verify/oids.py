"""Object identifiers that issuer and checker share.

Our own arc stands under the private enterprise number that RFC 5612 reserves for documentation, until the project has
one of its own; an authority sets its policy OIDs in the ceremony file.
"""

from typing import Final

from cryptography.x509 import ObjectIdentifier

ARC: Final = "1.3.6.1.4.1.32473.7"

POLICY_LICENCE: Final = ObjectIdentifier(f"{ARC}.1.1")
POLICY_SEAL: Final = ObjectIdentifier(f"{ARC}.1.2")
POLICY_SERVICE: Final = ObjectIdentifier(f"{ARC}.1.3")
POLICY_TIMESTAMP: Final = ObjectIdentifier(f"{ARC}.1.4")
POLICY_PERSON: Final = ObjectIdentifier(f"{ARC}.1.5")  # one-time certificates of natural persons

EXTENSION_SEAL: Final = ObjectIdentifier(f"{ARC}.2.1")  # SealInfo, see verify/extensions.py
EXTENSION_LICENCE: Final = ObjectIdentifier(f"{ARC}.2.2")  # LicenceInfo, see verify/extensions.py

EKU_CREDENTIAL: Final = ObjectIdentifier(f"{ARC}.3.1")  # signs ELQ1 credentials and status lists

ORGANIZATION_IDENTIFIER: Final = ObjectIdentifier("2.5.4.97")  # ETSI EN 319 412-1 §5.1.4
POLICY_NCP_PLUS: Final = ObjectIdentifier("0.4.0.2042.1.2")  # ETSI EN 319 411-1 §5.3
