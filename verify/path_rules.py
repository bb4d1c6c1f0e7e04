"""Bounds and inputs of path checking, and rules of RFC 5280 §4 that certvalidator leaves out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pyhanko_certvalidator.policy_decl import PKIXValidationParams

from verify.certificates import Certificate

CRITICAL_KNOWN: Final = frozenset(  # extensions that are judged here or by certvalidator, and may be critical
    {
        "basic_constraints", "crl_distribution_points", "extended_key_usage", "ocsp_no_check", "key_usage",
        "certificate_policies", "policy_mappings", "policy_constraints", "inhibit_any_policy", "name_constraints",
        "subject_alt_name", "issuer_alt_name", "qc_statements", "1.3.6.1.5.5.7.1.3",
    }
)  # fmt: skip
MUST_BE_CRITICAL: Final = frozenset({"name_constraints"})  # RFC 5280 §4.2.1.10


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLimits:
    """Inclusive bounds of the work that one set of certificates may cause."""

    max_certificates: int = 64  # considered beside the anchors; the rest are as if they were not there
    max_depth: int = 12  # certificates in a path, root included
    max_signature_checks: int = 256
    max_steps: int = 512  # certificates whose issuers are looked for
    max_paths: int = 4  # candidates that are judged
    max_list_issuers: int = 4  # same-named certificates given to the search for an indirect CRL's issuer
    max_names: int = 2048  # name constraints times names in one path


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyInputs:
    """The inputs of RFC 5280 §6.1.1 (c) to (f). `initial_policies` are dotted OIDs, empty: any."""

    initial_policies: frozenset[str] = frozenset()
    explicit_policy: bool = False
    inhibit_mapping: bool = False
    inhibit_any: bool = False

    def for_validator(self) -> PKIXValidationParams:
        any_policy = frozenset({"any_policy"})
        wanted = frozenset("any_policy" if one == "2.5.29.32.0" else one for one in self.initial_policies)
        return PKIXValidationParams(
            user_initial_policy_set=wanted or any_policy,
            initial_explicit_policy=self.explicit_policy,
            initial_policy_mapping_inhibit=self.inhibit_mapping,
            initial_any_policy_inhibit=self.inhibit_any,
        )


def broken_rule(path: Sequence[Certificate], limits: ChainLimits) -> str | None:
    """Rules of RFC 5280 §4 that certvalidator leaves out."""
    for depth, one in enumerate(path):
        what = _broken_by(one)
        if what is None and depth and not one.is_authority:
            what = "is not a certificate of an authority"  # §4.2.1.9, anchors included
        if what is not None:
            return f"“{one.subject}” {what}"
    return "too many name constraints" if _names_to_compare(path) > limits.max_names else None


def _broken_by(one: Certificate) -> str | None:
    critical = one.parsed.critical_extensions
    if unknown := critical - CRITICAL_KNOWN:
        return f"has an unknown critical extension: {', '.join(sorted(unknown))}"
    if wrong := (one.extensions & MUST_BE_CRITICAL) - critical:
        return f"has an extension that should be critical: {', '.join(sorted(wrong))}"
    if not one.is_authority and ("name_constraints" in one.extensions or "key_cert_sign" in (one.key_usage or ())):
        return "claims rights of an authority"  # §4.2.1.3 and §4.2.1.10
    return None if one.parsed.issuer.native else "names no issuer"  # §4.1.2.4


def _names_to_compare(path: Sequence[Certificate]) -> int:
    constraints = sum(
        len(one.parsed.name_constraints_value[kind] or ())
        for one in path
        if one.parsed.name_constraints_value is not None
        for kind in ("permitted_subtrees", "excluded_subtrees")
    )
    names = sum(len(one.parsed.subject_alt_name_value or ()) + 1 for one in path)
    return constraints * names
