import pytest
from pkcs11 import Attribute

from hsm import provision
from hsm.errors import (
    DeviceGoneError,
    KeyExistsError,
    KeyNotFoundError,
    MechanismError,
    PinError,
    TokenFullError,
    UnsafeTokenError,
)
from hsm.layout import CKA_UNWRAP_TEMPLATE, Template, TemplateDict
from hsm.library import module_at
from hsm.link import KEK_ID_BYTES
from hsm.mechanisms import pair_templates
from hsm.signer import KeySpec
from hsm.token import Pkcs11Store
from hsm.uri import TokenAddress
from tests.hsm.test_contract import make, require_good, signature_of
from tests.hsm.test_token_faults import failing, module, replaced
from tests.support.softhsm import MODULE, SO_PIN, USER_PIN, SoftHsm, SoftToken

pytestmark = pytest.mark.softhsm


def test_a_label_in_use_is_never_initialised_anew(own_token: SoftToken) -> None:
    store = own_token.store()
    ref = make(store)
    with pytest.raises(KeyExistsError):
        provision.initialise_token(MODULE, label=own_token.address.token or "", so_pin=SO_PIN, user_pin=USER_PIN)
    require_good(ref, signature_of(store, ref))


@pytest.mark.parametrize("label", ["", "x" * 33, "印" * 11])
def test_a_label_that_does_not_fit_its_field_is_refused(label: str) -> None:
    with pytest.raises(TokenFullError):
        provision.initialise_token(MODULE, label=label, so_pin=SO_PIN, user_pin=USER_PIN)


def test_a_chinese_label_of_32_bytes_is_kept(softhsm: SoftHsm) -> None:
    label = "登记机关电子印章密钥xx"
    assert len(label.encode()) == 32
    address = provision.make_ready(MODULE, label=label, so_pin=SO_PIN, user_pin=USER_PIN)
    assert Pkcs11Store.open(str(address), USER_PIN).health().healthy


def test_no_slot_may_be_free(softhsm: SoftHsm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provision, "_initialised", lambda _slot: True)
    with pytest.raises(TokenFullError):
        provision.initialise_token(MODULE, label="none left", so_pin=SO_PIN, user_pin=USER_PIN)


def test_pins_that_the_token_does_not_take_are_reported(softhsm: SoftHsm, own_token: SoftToken) -> None:
    with pytest.raises(PinError):
        provision.initialise_token(MODULE, label="short pin", so_pin="1", user_pin=USER_PIN)
    with pytest.raises(PinError):
        provision.prepare_token(own_token.address, so_pin="wrong-officer", user_pin=USER_PIN)
    with pytest.raises(PinError):
        provision.prepare_token(own_token.address, so_pin=SO_PIN, user_pin="wrong-user")


def test_a_token_that_is_not_there_cannot_be_prepared(softhsm: SoftHsm) -> None:
    with pytest.raises(DeviceGoneError):
        provision.prepare_token(TokenAddress(module_path=MODULE, token="nowhere"), so_pin=SO_PIN, user_pin=USER_PIN)


def test_a_token_that_was_not_prepared_is_not_used(softhsm: SoftHsm) -> None:
    address = provision.initialise_token(MODULE, label="bare", so_pin=SO_PIN, user_pin=USER_PIN)
    store = Pkcs11Store.open(str(address), USER_PIN)
    health = store.health()
    assert not health.healthy
    assert "prepared" in health.detail


def test_a_new_wrapping_key_is_used_for_new_keys_and_the_old_one_still_opens(own_token: SoftToken) -> None:
    store = own_token.store()
    old = make(store, resident=False)
    provision.prepare_token(own_token.address, so_pin=SO_PIN, user_pin=USER_PIN)
    new = make(store, resident=False)
    assert old.wrapped is not None
    assert new.wrapped is not None
    assert old.wrapped[1 : 1 + KEK_ID_BYTES] < new.wrapped[1 : 1 + KEK_ID_BYTES]
    for ref in (old, new):
        require_good(ref, signature_of(store, ref))


def test_a_wrapped_key_of_another_token_is_not_found(own_token: SoftToken, soft_token: SoftToken) -> None:
    ref = make(own_token.store(), resident=False)
    with pytest.raises(KeyNotFoundError):
        signature_of(soft_token.store(), ref)


def test_a_token_without_a_wrapping_key_makes_resident_keys_only(own_token: SoftToken) -> None:
    store = own_token.store()
    make(store)
    link = store._link
    assert link is not None
    link.keks.clear()
    with pytest.raises(MechanismError, match="wrapping key"):
        make(store, resident=False)
    require_good(ref := make(store), signature_of(store, ref))


def spoil_kek(
    monkeypatch: pytest.MonkeyPatch, *, without: frozenset[int] = frozenset(), plus: TemplateDict | None = None
) -> None:
    """Make wrapping keys less safe, as a careless operator or a careless vendor might."""

    def spoiled(attributes: TemplateDict) -> Template:
        if CKA_UNWRAP_TEMPLATE not in attributes:
            return Template(attributes)
        return Template({kind: value for kind, value in attributes.items() if kind not in without} | (plus or {}))

    monkeypatch.setattr(provision, "Template", spoiled)


def test_the_trial_theft_succeeds_without_an_unwrap_template(softhsm: SoftHsm, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil_kek(monkeypatch, without=frozenset({CKA_UNWRAP_TEMPLATE}))
    with pytest.raises(UnsafeTokenError, match="unwrapping as extractable"):
        provision.make_ready(MODULE, label="no-template", so_pin=SO_PIN, user_pin=USER_PIN)


@pytest.mark.parametrize("attribute", [Attribute.DECRYPT, Attribute.ENCRYPT, Attribute.EXTRACTABLE])
def test_a_wrapping_key_that_can_do_more_than_wrap_is_found_out(
    softhsm: SoftHsm, monkeypatch: pytest.MonkeyPatch, attribute: Attribute
) -> None:
    spoil_kek(monkeypatch, plus={attribute: True})
    with pytest.raises(UnsafeTokenError, match=attribute.name):
        provision.make_ready(MODULE, label=f"spoilt {attribute.name}", so_pin=SO_PIN, user_pin=USER_PIN)


def test_the_trial_theft_succeeds_if_any_key_may_wrap_seal_keys(
    softhsm: SoftHsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(spec: KeySpec, *, label: str, key_id: bytes, resident: bool) -> object:
        made = pair_templates(spec, label=label, key_id=key_id, resident=resident)
        row = next(row for row in made.private.array if row.type == Attribute.WRAP_WITH_TRUSTED)
        row.value = made.private.array[1].value  # CKA_TOKEN, which is false here
        return made

    monkeypatch.setattr(provision, "pair_templates", careless)
    with pytest.raises(UnsafeTokenError, match="wrapping under a known key"):
        provision.make_ready(MODULE, label="untrusted", so_pin=SO_PIN, user_pin=USER_PIN)


def test_a_fault_while_preparing_is_reported_as_one_of_the_device(own_token: SoftToken) -> None:
    with replaced("C_GenerateKey", failing("C_GenerateKey", 0x70, times=1)), pytest.raises(MechanismError):
        provision.prepare_token(own_token.address, so_pin=SO_PIN, user_pin=USER_PIN)
    assert own_token.store().health().healthy


def test_other_stores_of_the_process_go_on_after_a_token_was_prepared(own_token: SoftToken, softhsm: SoftHsm) -> None:
    store = own_token.store()
    ref = make(store, resident=False)
    with store.lease(ref) as signer:
        softhsm.token()
        require_good(ref, signer.sign(b"a contract of sale", signer.default_algorithm))
    assert module() is module_at(MODULE)
