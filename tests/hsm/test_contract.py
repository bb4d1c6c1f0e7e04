"""What every key store promises: one suite, run against each of them."""

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from hsm.algorithms import algorithms_of, default_algorithm, digest_of, load_public_key, verify_digest, verify_signature
from hsm.errors import HsmError, KeyExistsError, KeyNotFoundError, MechanismError, WrongKeyError
from hsm.signer import KeyRef, KeySpec, KeyStore, SignatureAlgorithm

MESSAGE = b"a contract of sale"
FAST = [KeySpec.EC_P256, KeySpec.EC_P384, KeySpec.ED25519, KeySpec.RSA_3072]


def new_label() -> str:
    return f"key-{secrets.token_hex(6)}"


def make(store: KeyStore, *, spec: KeySpec = KeySpec.EC_P256, resident: bool = True) -> KeyRef:
    return store.generate(spec, label=new_label(), resident=resident)


def signature_of(store: KeyStore, ref: KeyRef, message: bytes = MESSAGE) -> bytes:
    with store.lease(ref) as signer:
        return signer.sign(message, signer.default_algorithm)


def require_good(ref: KeyRef, signature: bytes, message: bytes = MESSAGE) -> None:
    verify_signature(load_public_key(ref.spki), default_algorithm(ref.spec), signature, message)


@pytest.mark.parametrize("spec", FAST)
def test_a_resident_key_signs_with_every_algorithm_of_its_kind(store: KeyStore, spec: KeySpec) -> None:
    ref = make(store, spec=spec)
    assert ref.resident
    with store.lease(ref) as signer:
        assert signer.default_algorithm is default_algorithm(spec)
        assert signer.public_key() == load_public_key(ref.spki)
        for algorithm in algorithms_of(spec):
            verify_signature(load_public_key(ref.spki), algorithm, signer.sign(MESSAGE, algorithm), MESSAGE)
    store.delete(ref)


def test_an_rsa_4096_key_signs(store: KeyStore) -> None:
    ref = make(store, spec=KeySpec.RSA_4096, resident=False)
    require_good(ref, signature_of(store, ref))


@pytest.mark.parametrize("spec", [KeySpec.EC_P256, KeySpec.EC_P384, KeySpec.RSA_3072])
def test_a_wrapped_key_signs_with_every_algorithm_of_its_kind(store: KeyStore, spec: KeySpec) -> None:
    ref = make(store, spec=spec, resident=False)
    assert not ref.resident
    with store.lease(ref) as signer:
        for algorithm in algorithms_of(spec):
            verify_signature(load_public_key(ref.spki), algorithm, signer.sign(MESSAGE, algorithm), MESSAGE)


@pytest.mark.parametrize("spec", [KeySpec.EC_P256, KeySpec.RSA_3072])
def test_a_digest_is_signed_as_the_message_would_be(store: KeyStore, spec: KeySpec) -> None:
    ref = make(store, spec=spec, resident=False)
    key = load_public_key(ref.spki)
    with store.lease(ref) as signer:
        for algorithm in algorithms_of(spec):
            digest = digest_of(MESSAGE, algorithm)
            signature = signer.sign_digest(digest, algorithm)
            verify_digest(key, algorithm, signature, digest)
            verify_signature(key, algorithm, signature, MESSAGE)


@pytest.mark.parametrize("length", [0, 31, 33, 48])
def test_a_digest_of_another_length_is_refused(store: KeyStore, length: int) -> None:
    with store.lease(make(store, resident=False)) as signer, pytest.raises(MechanismError):
        signer.sign_digest(b"\x00" * length, SignatureAlgorithm.ECDSA_SHA256)


def test_an_ed25519_key_signs_no_digests(store: KeyStore) -> None:
    with store.lease(make(store, spec=KeySpec.ED25519)) as signer, pytest.raises(MechanismError):
        signer.sign_digest(b"\x00" * 32, SignatureAlgorithm.ED25519)


@pytest.mark.parametrize("spec", [KeySpec.EC_P256, KeySpec.ED25519])
def test_an_algorithm_of_another_kind_of_key_is_refused(store: KeyStore, spec: KeySpec) -> None:
    with store.lease(make(store, spec=spec)) as signer:
        for algorithm in set(SignatureAlgorithm) - algorithms_of(spec):
            with pytest.raises(MechanismError):
                signer.sign(MESSAGE, algorithm)
            with pytest.raises(MechanismError):
                signer.sign_digest(b"\x00" * 32, algorithm)


def test_a_signer_that_was_kept_after_its_lease_signs_nothing(store: KeyStore) -> None:
    with store.lease(make(store, resident=False)) as signer:
        pass
    with pytest.raises(KeyNotFoundError):
        signer.sign(MESSAGE, SignatureAlgorithm.ECDSA_SHA256)


def test_a_resident_key_is_never_replaced(store: KeyStore) -> None:
    ref = make(store)
    with pytest.raises(KeyExistsError):
        store.generate(KeySpec.EC_P384, label=ref.label, resident=True)
    require_good(ref, signature_of(store, ref))


def test_wrapped_keys_may_share_a_label_with_each_other_and_with_a_resident_key(store: KeyStore) -> None:
    label = new_label()
    refs = [store.generate(KeySpec.EC_P256, label=label, resident=resident) for resident in (True, False, False)]
    assert len({ref.spki for ref in refs}) == 3
    for ref in refs:
        require_good(ref, signature_of(store, ref))


def test_a_deleted_key_is_not_found(store: KeyStore) -> None:
    ref = make(store)
    signature_of(store, ref)
    store.delete(ref)
    with pytest.raises(KeyNotFoundError):
        signature_of(store, ref)
    with pytest.raises(KeyNotFoundError):
        store.delete(ref)


def test_deleting_a_wrapped_key_does_nothing(store: KeyStore) -> None:
    ref = make(store, resident=False)
    store.delete(ref)
    require_good(ref, signature_of(store, ref))


def test_a_label_can_be_used_again_after_its_key_was_deleted(store: KeyStore) -> None:
    first = make(store)
    store.delete(first)
    second = store.generate(KeySpec.EC_P256, label=first.label, resident=True)
    require_good(second, signature_of(store, second))


def test_a_key_of_the_same_label_but_another_record_is_not_deleted(store: KeyStore) -> None:
    ref = make(store)
    with pytest.raises(WrongKeyError):
        store.delete(replace(ref, spki=make(store).spki))
    require_good(ref, signature_of(store, ref))


def test_an_unknown_label_is_not_found(store: KeyStore) -> None:
    with pytest.raises(KeyNotFoundError):
        signature_of(store, replace(make(store), label=new_label()))


def test_a_key_of_another_store_is_not_found(store: KeyStore) -> None:
    for resident in (True, False):
        with pytest.raises(KeyNotFoundError):
            signature_of(store, replace(make(store, resident=resident), store="elsewhere"))


@pytest.mark.parametrize("resident", [True, False])
def test_a_record_with_the_public_key_of_another_row_never_signs(store: KeyStore, *, resident: bool) -> None:
    one, other = make(store, resident=resident), make(store, resident=resident)
    with pytest.raises((WrongKeyError, KeyNotFoundError)):
        signature_of(store, replace(one, spki=other.spki))


def test_swapped_wrapped_rows_never_sign(store: KeyStore) -> None:
    one, other = make(store, resident=False), make(store, resident=False)
    for mixed in (replace(one, wrapped=other.wrapped), replace(other, wrapped=one.wrapped)):
        with pytest.raises((WrongKeyError, KeyNotFoundError)):
            signature_of(store, mixed)
    require_good(one, signature_of(store, one))


def test_a_wrapped_key_of_another_kind_than_its_record_never_signs(store: KeyStore) -> None:
    small, large = make(store, resident=False), make(store, spec=KeySpec.RSA_3072, resident=False)
    for mixed in (replace(small, wrapped=large.wrapped), replace(large, wrapped=small.wrapped)):
        with pytest.raises(HsmError) as caught:
            signature_of(store, mixed)
        assert type(caught.value) in {WrongKeyError, KeyNotFoundError}
    require_good(small, signature_of(store, small))


def test_a_record_that_contradicts_itself_is_refused(store: KeyStore) -> None:
    with pytest.raises(WrongKeyError):
        signature_of(store, replace(make(store), spec=KeySpec.EC_P384))


@pytest.mark.parametrize("place", [0, 1, 5, 8, 9, 20, -1])
def test_a_changed_byte_of_a_wrapped_key_is_noticed(store: KeyStore, place: int) -> None:
    ref = make(store, resident=False)
    assert ref.wrapped is not None
    changed = bytearray(ref.wrapped)
    changed[place] ^= 1
    with pytest.raises(KeyNotFoundError):
        signature_of(store, replace(ref, wrapped=bytes(changed)))
    require_good(ref, signature_of(store, ref))


@pytest.mark.parametrize("length", [0, 1, 8, 12, 13, 28, 29])
def test_a_wrapped_key_that_was_cut_is_noticed(store: KeyStore, length: int) -> None:
    ref = make(store, resident=False)
    assert ref.wrapped is not None
    with pytest.raises(KeyNotFoundError):
        signature_of(store, replace(ref, wrapped=ref.wrapped[:length]))


def test_leases_may_be_nested(store: KeyStore) -> None:
    outer, inner = make(store, resident=False), make(store)
    with store.lease(outer) as first, store.lease(inner) as second, store.lease(outer) as third:
        require_good(outer, first.sign(MESSAGE, first.default_algorithm))
        require_good(inner, second.sign(MESSAGE, second.default_algorithm))
        require_good(outer, third.sign(MESSAGE, third.default_algorithm))


def test_a_lease_ends_when_its_block_fails(store: KeyStore) -> None:
    ref = make(store, resident=False)

    class OwnError(Exception):
        pass

    with pytest.raises(OwnError), store.lease(ref):
        raise OwnError
    require_good(ref, signature_of(store, ref))


def test_eight_threads_sign_with_resident_and_wrapped_keys_at_once(store: KeyStore) -> None:
    refs = [make(store, spec=spec, resident=resident) for spec in FAST[:2] for resident in (True, False)]
    start = threading.Barrier(8)

    def work(number: int) -> int:
        start.wait()
        for turn in range(40):
            ref = refs[(number + turn) % len(refs)]
            message = f"{number}:{turn}".encode()
            require_good(ref, signature_of(store, ref, message), message)
        return 40

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 320


def test_eight_threads_share_one_signer(store: KeyStore) -> None:
    ref = make(store, resident=False)
    with store.lease(ref) as signer, ThreadPoolExecutor(8) as pool:
        messages = [f"{number}".encode() for number in range(160)]
        for message, signature in zip(
            messages, pool.map(lambda text: signer.sign(text, signer.default_algorithm), messages), strict=True
        ):
            require_good(ref, signature, message)


def test_eight_threads_make_keys_at_once(store: KeyStore) -> None:
    label = new_label()

    def attempt(number: int) -> KeyRef | None:
        try:
            return store.generate(KeySpec.EC_P256, label=label, resident=number % 2 == 0)
        except KeyExistsError:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = [ref for ref in pool.map(attempt, range(8)) if ref is not None]
    assert sum(not ref.resident for ref in made) == 4
    assert sum(ref.resident for ref in made) == 1
    for ref in made:
        require_good(ref, signature_of(store, ref))


def test_a_store_is_usable_again_after_it_was_closed(store: KeyStore) -> None:
    resident, wrapped = make(store), make(store, resident=False)
    store.close()
    store.close()
    for ref in (resident, wrapped):
        require_good(ref, signature_of(store, ref))


def test_a_healthy_store_says_so_and_tells_its_key_kinds(store: KeyStore) -> None:
    health = store.health()
    assert health.healthy
    assert health.specs == frozenset(KeySpec)


def test_only_a_token_calls_itself_hardware(store: KeyStore) -> None:
    assert store.hardware == (store.name == "pkcs11")
