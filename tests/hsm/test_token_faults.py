"""What happens to a token in real life: removed, initialised anew, cleared, locked, full, busy, forked, lying."""

import ctypes.util
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pkcs11 import exceptions

from hsm.errors import (
    DeviceError,
    DeviceGoneError,
    HsmError,
    KeyBusyError,
    KeyExistsError,
    KeyNotFoundError,
    MechanismError,
    PinError,
    StoreAddressError,
    TokenFullError,
    WrongKeyError,
)
from hsm.library import Module, module_at
from hsm.signer import KeyRef, KeySpec, SignatureAlgorithm
from hsm.token import Pkcs11Store, _Held
from tests.hsm.test_contract import make, require_good, signature_of
from tests.support.softhsm import MODULE, SO_PIN, USER_PIN, SoftHsm, SoftToken

pytestmark = pytest.mark.softhsm

ROOT = Path(__file__).parents[2]


@dataclass
class Watch:
    """A clock that the test moves by hand."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


def store_with(token: SoftToken, watch: Watch, *, pin: str = USER_PIN) -> Pkcs11Store:
    return Pkcs11Store.open(token.uri, pin, pause_s=10.0, monotonic=watch)


def module() -> Module:
    return module_at(MODULE)


@contextmanager
def replaced(name: str, function: Callable[..., int]) -> Iterator[None]:
    """Put a function of ours in the place of one of the module: the only fake here, at the boundary to C."""
    functions = module().calls.functions
    real, functions[name] = functions[name], function
    try:
        yield
    finally:
        functions[name] = real


def failing(name: str, code: int, *, times: int) -> Callable[..., int]:
    real = module().calls.functions[name]
    left = [times]

    def call(*arguments: Any) -> int:
        if left[0]:
            left[0] -= 1
            return code
        return real(*arguments)

    return call


def counting(name: str, calls: list[tuple[Any, ...]]) -> Callable[..., int]:
    real = module().calls.functions[name]

    def call(*arguments: Any) -> int:
        calls.append(arguments)
        return real(*arguments)

    return call


def in_another_process(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=True, cwd=ROOT
    )
    return done.stdout


def test_a_token_that_was_removed_is_reported_and_found_again_when_it_is_back(
    own_token: SoftToken, tmp_path: Path
) -> None:
    watch = Watch()
    store = store_with(own_token, watch)
    resident, wrapped = make(store), make(store, resident=False)
    away = tmp_path / "away"
    with store.lease(resident) as signer:
        shutil.move(own_token.folder, away)
        for ref in (resident, wrapped):
            with pytest.raises(DeviceGoneError):
                signature_of(store, ref)
        assert not store.health().healthy
        shutil.move(away, own_token.folder)
        with pytest.raises(DeviceGoneError):
            signature_of(store, resident)
        watch.seconds += 10.0
        require_good(resident, signer.sign(b"a contract of sale", signer.default_algorithm))
    require_good(wrapped, signature_of(store, wrapped))
    assert store.health().healthy


def test_a_token_that_did_not_come_back_is_left_in_peace_for_a_while(own_token: SoftToken) -> None:
    watch = Watch()
    store = store_with(own_token, watch)
    ref = make(store)
    shutil.rmtree(own_token.folder)
    with pytest.raises(DeviceGoneError):
        signature_of(store, ref)
    generation = module().generation
    watch.seconds += 9.9
    with pytest.raises(DeviceGoneError):
        signature_of(store, ref)
    assert module().generation == generation
    watch.seconds += 0.1
    with pytest.raises(DeviceGoneError):
        signature_of(store, ref)
    assert module().generation == generation + 1


def test_a_token_that_was_initialised_anew_is_not_taken_for_the_old_one(softhsm: SoftHsm, own_token: SoftToken) -> None:
    watch = Watch()
    store = store_with(own_token, watch)
    ref, wrapped = make(store), make(store, resident=False)
    label = own_token.address.token or ""
    softhsm.util("--init-token", "--token", label, "--label", label, "--so-pin", SO_PIN, "--pin", USER_PIN)
    actions: list[Callable[[], object]] = [
        lambda: store.generate(KeySpec.EC_P256, label="ghost", resident=True),
        lambda: store.generate(KeySpec.EC_P256, label="ghost", resident=False),
        lambda: signature_of(store, ref),
        lambda: signature_of(store, wrapped),
    ]
    for action in actions:
        watch.seconds += 60
        with pytest.raises(DeviceGoneError):
            action()


def test_a_key_that_another_process_deleted_is_not_found_and_the_others_go_on(own_token: SoftToken) -> None:
    store = own_token.store()
    gone, kept = make(store), make(store)
    signature_of(store, gone)
    in_another_process(
        "import sys; from hsm.token import Pkcs11Store; from hsm.signer import KeyRef, KeySpec\n"
        "store = Pkcs11Store.open(sys.argv[1], sys.argv[2])\n"
        "store.delete(KeyRef(store='pkcs11', spec=KeySpec.EC_P256, label=sys.argv[3], spki=bytes.fromhex(sys.argv[4])))",
        own_token.uri,
        USER_PIN,
        gone.label,
        gone.spki.hex(),
    )
    for _ in range(2):
        with pytest.raises(KeyNotFoundError):
            signature_of(store, gone)
    require_good(kept, signature_of(store, kept))
    assert store.health().healthy


def test_a_key_that_another_process_made_is_found(own_token: SoftToken) -> None:
    store = own_token.store()
    assert store.health().healthy
    spki = in_another_process(
        "import sys; from hsm.token import Pkcs11Store; from hsm.signer import KeySpec\n"
        "store = Pkcs11Store.open(sys.argv[1], sys.argv[2])\n"
        "print(store.generate(KeySpec.EC_P256, label='theirs', resident=True).spki.hex())",
        own_token.uri,
        USER_PIN,
    )
    ref = KeyRef(store="pkcs11", spec=KeySpec.EC_P256, label="theirs", spki=bytes.fromhex(spki))
    require_good(ref, signature_of(store, ref))
    with pytest.raises(KeyExistsError):
        store.generate(KeySpec.EC_P256, label="theirs", resident=True)


def test_a_wrong_pin_is_tried_once_and_never_again_by_this_store(own_token: SoftToken) -> None:
    store = Pkcs11Store.open(own_token.uri, "not-the-pin")
    logins: list[tuple[Any, ...]] = []
    with replaced("C_Login", counting("C_Login", logins)):
        for _ in range(3):
            with pytest.raises(PinError):
                make(store)
        assert not store.health().healthy
    assert len(logins) == 1
    good = own_token.store()
    require_good(ref := make(good), signature_of(good, ref))


def test_a_wrong_pin_is_noticed_although_another_store_is_logged_in(own_token: SoftToken) -> None:
    good = own_token.store()
    ref = make(good)
    with pytest.raises(PinError):
        make(Pkcs11Store.open(own_token.uri, "not-the-pin"))
    second = own_token.store()
    require_good(ref, signature_of(second, ref))
    second.close()
    require_good(ref, signature_of(good, ref))


def test_a_pin_that_was_changed_elsewhere_stops_the_store_after_its_next_restart(own_token: SoftToken) -> None:
    store = own_token.store()
    ref = make(store)
    in_another_process(
        "import sys, pkcs11\n"
        "token = pkcs11.lib(sys.argv[1]).get_token(token_label=sys.argv[2])\n"
        "token.open(rw=True, user_pin=sys.argv[3]).set_pin(sys.argv[3], 'another-pin')",
        str(MODULE),
        own_token.address.token or "",
        USER_PIN,
    )
    with replaced("C_SignInit", failing("C_SignInit", 0xB3, times=1)), pytest.raises(PinError):
        signature_of(store, ref)
    with pytest.raises(PinError):
        signature_of(store, ref)
    again = Pkcs11Store.open(own_token.uri, "another-pin")
    require_good(ref, signature_of(again, ref))


@pytest.mark.parametrize("code", [0x05, 0x06, 0x30, 0x32, 0x60, 0x82, 0x90, 0x91, 0xB0, 0xB3, 0xE0, 0xE1, 0x101, 0x190])
def test_a_passing_fault_is_healed_by_one_restart(own_token: SoftToken, code: int) -> None:
    store = own_token.store()
    resident, wrapped = make(store), make(store, resident=False)
    for ref in (resident, wrapped):
        with store.lease(ref) as signer:
            generation = module().generation
            with replaced("C_SignInit", failing("C_SignInit", code, times=1)):
                signature = signer.sign(b"a contract of sale", signer.default_algorithm)
            assert module().generation == generation + 1
        require_good(ref, signature)


@pytest.mark.parametrize(("code", "kind"), [(0x30, DeviceError), (0x32, DeviceGoneError), (0x05, DeviceError)])
def test_a_lasting_fault_is_reported_after_one_restart(own_token: SoftToken, code: int, kind: type[HsmError]) -> None:
    watch = Watch()
    store = store_with(own_token, watch)
    ref = make(store)
    with replaced("C_SignInit", failing("C_SignInit", code, times=-1)):
        generation = module().generation
        with pytest.raises(HsmError) as caught:
            signature_of(store, ref)
        assert type(caught.value) is kind
        assert module().generation == generation + 1
        assert not store.health().healthy
    watch.seconds += 60
    assert store.health().healthy
    require_good(ref, signature_of(store, ref))


def test_a_module_that_does_not_start_again_is_reported_and_tried_later(own_token: SoftToken) -> None:
    watch = Watch()
    store = store_with(own_token, watch)
    ref = make(store)
    with (
        replaced("C_Initialize", failing("C_Initialize", 0x30, times=1)),
        replaced("C_SignInit", failing("C_SignInit", 0x30, times=1)),
        pytest.raises(DeviceError),
    ):
        signature_of(store, ref)
    watch.seconds += 60
    require_good(ref, signature_of(store, ref))


def test_a_module_that_does_not_stop_is_reported(own_token: SoftToken) -> None:
    store = store_with(own_token, Watch())
    ref = make(store)
    with (
        replaced("C_Finalize", failing("C_Finalize", 0x06, times=1)),
        replaced("C_SignInit", failing("C_SignInit", 0x30, times=1)),
        pytest.raises(DeviceError),
    ):
        signature_of(store, ref)


def test_a_half_done_signature_in_a_session_does_not_stop_the_next_one(own_token: SoftToken) -> None:
    store = own_token.store()
    ref = make(store)
    signature_of(store, ref)
    with replaced("C_Sign", failing("C_Sign", 0x07, times=1)), pytest.raises(DeviceError):
        signature_of(store, ref)  # C_SignInit was done, C_Sign never reached the module
    require_good(ref, signature_of(store, ref))


def test_a_lease_lives_on_when_another_store_restarts_the_module(own_token: SoftToken) -> None:
    store = own_token.store()
    resident, wrapped = make(store), make(store, resident=False)
    with store.lease(resident) as one, store.lease(wrapped) as other:
        module().restart(module().generation, wait_s=1.0)
        require_good(resident, one.sign(b"a contract of sale", one.default_algorithm))
        require_good(wrapped, other.sign(b"a contract of sale", other.default_algorithm))


def test_threads_that_all_meet_the_fault_recover_together(own_token: SoftToken) -> None:
    store = own_token.store()
    refs = [make(store), make(store, resident=False)]

    def work(number: int) -> None:
        for turn in range(30):
            if number == 0 and turn % 10 == 5:
                module().restart(module().generation, wait_s=5.0)
            ref = refs[(number + turn) % 2]
            require_good(ref, signature_of(store, ref))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))


def test_a_full_token_is_told_from_a_broken_one(own_token: SoftToken) -> None:
    store = own_token.store()
    ref = make(store)
    generation = module().generation
    for resident in (True, False):
        with (
            replaced("C_GenerateKeyPair", failing("C_GenerateKeyPair", 0x31, times=1)),
            pytest.raises(TokenFullError),
        ):
            make(store, resident=resident)
    assert module().generation == generation
    require_good(ref, signature_of(store, ref))


def test_a_full_disk_under_the_token_is_reported_and_the_keys_there_still_sign(own_token: SoftToken) -> None:
    told = in_another_process(
        "import resource, signal, sys\n"
        "from hsm.token import Pkcs11Store; from hsm.signer import KeySpec; from hsm.errors import DeviceError\n"
        "store = Pkcs11Store.open(sys.argv[1], sys.argv[2], pause_s=0.0)\n"
        "ref = store.generate(KeySpec.EC_P256, label='before', resident=True)\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))\n"
        "try:\n    store.generate(KeySpec.EC_P256, label='after', resident=True)\n"
        "except DeviceError as error:\n    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)\n"
        "    print(type(error).__mro__)\n"
        "with store.lease(ref) as signer:\n    signer.sign(b'x', signer.default_algorithm)\n"
        "print('signs')",
        own_token.uri,
        USER_PIN,
    )
    assert "DeviceError" in told
    assert "signs" in told


def test_a_token_that_cannot_do_an_algorithm_is_told_from_a_broken_one(token_store: Pkcs11Store) -> None:
    generation = module().generation
    with pytest.raises(MechanismError):  # SoftHSM 2.6 does not wrap keys of this kind
        token_store.generate(KeySpec.ED25519, label="edwards", resident=False)
    ref = make(token_store)
    with replaced("C_SignInit", failing("C_SignInit", 0x70, times=1)), pytest.raises(MechanismError):
        signature_of(token_store, ref)
    assert module().generation == generation


def test_a_thread_waits_for_a_session_no_longer_than_it_was_told(own_token: SoftToken) -> None:
    store = Pkcs11Store.open(own_token.uri, USER_PIN, sessions=1, wait_s=0.05)
    ref = make(store)
    real = module().calls.functions["C_Sign"]
    entered, go_on = threading.Event(), threading.Event()

    def slow(*arguments: Any) -> int:
        entered.set()
        go_on.wait(10)
        return real(*arguments)

    with replaced("C_Sign", slow), ThreadPoolExecutor(1) as pool:
        first = pool.submit(signature_of, store, ref)
        assert entered.wait(10)
        with pytest.raises(KeyBusyError):
            signature_of(store, ref)
        go_on.set()
        require_good(ref, first.result(10))


def test_a_call_that_hangs_in_the_module_keeps_it_from_being_restarted(own_token: SoftToken) -> None:
    store = Pkcs11Store.open(own_token.uri, USER_PIN, wait_s=0.05, pause_s=0.0)
    ref = make(store)
    real = module().calls.functions["C_Sign"]
    entered, go_on = threading.Event(), threading.Event()

    def slow(*arguments: Any) -> int:
        entered.set()
        go_on.wait(10)
        return real(*arguments)

    with ThreadPoolExecutor(1) as pool:
        with replaced("C_Sign", slow):
            first = pool.submit(signature_of, store, ref)
            assert entered.wait(10)
        with replaced("C_SignInit", failing("C_SignInit", 0x30, times=1)), pytest.raises(DeviceError):
            signature_of(store, ref)
        go_on.set()
        require_good(ref, first.result(10))
    require_good(ref, signature_of(store, ref))


def test_a_signature_that_the_device_got_wrong_is_discarded(token_store: Pkcs11Store) -> None:
    ref = make(token_store)
    real = module().calls.functions["C_Sign"]

    def lying(*arguments: Any) -> int:
        code = real(*arguments)
        arguments[3][5] = bytes([arguments[3].raw[5] ^ 1])
        return code

    with replaced("C_Sign", lying), pytest.raises(WrongKeyError):
        signature_of(token_store, ref)


def test_an_ecdsa_signature_of_the_wrong_size_is_a_fault_of_the_device(token_store: Pkcs11Store) -> None:
    ref = make(token_store)
    real = module().calls.functions["C_Sign"]

    def short(*arguments: Any) -> int:
        code = real(*arguments)
        arguments[4]._obj.value = 63
        return code

    with replaced("C_Sign", short), pytest.raises(DeviceError):
        signature_of(token_store, ref)


def test_an_unwrapped_key_is_destroyed_when_its_lease_ends(token_store: Pkcs11Store) -> None:
    ref = make(token_store, resident=False)
    unwrapped: list[tuple[Any, ...]] = []
    destroyed: list[tuple[Any, ...]] = []
    with (
        replaced("C_UnwrapKey", counting("C_UnwrapKey", unwrapped)),
        replaced("C_DestroyObject", counting("C_DestroyObject", destroyed)),
    ):
        for _ in range(3):
            signature_of(token_store, ref)
    assert (len(unwrapped), len(destroyed)) == (3, 3)


def test_as_many_unwrapped_keys_stay_on_the_token_as_was_asked_for(own_token: SoftToken) -> None:
    store = own_token.store(keep_unwrapped=2)
    refs = [make(store, resident=False) for _ in range(3)]
    unwrapped: list[tuple[Any, ...]] = []
    with replaced("C_UnwrapKey", counting("C_UnwrapKey", unwrapped)):
        for place in (0, 1, 0, 1, 0):
            signature_of(store, refs[place])
        assert len(unwrapped) == 2
        signature_of(store, refs[2])  # the third: number 1 was used longest ago
        signature_of(store, refs[0])
        assert len(unwrapped) == 3
        signature_of(store, refs[1])
        assert len(unwrapped) == 4


def test_a_handle_that_vanished_before_it_was_destroyed_is_no_fault(token_store: Pkcs11Store) -> None:
    ref = make(token_store, resident=False)
    generation = module().generation
    with replaced("C_DestroyObject", failing("C_DestroyObject", 0x82, times=1)):
        require_good(ref, signature_of(token_store, ref))
    assert module().generation == generation


def test_the_child_of_a_fork_has_to_open_its_own_store(own_token: SoftToken) -> None:
    store = own_token.store()
    ref = make(store)
    child = os.fork()
    if child == 0:
        os._exit(_outcome_in_child(store, own_token, ref))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    require_good(ref, signature_of(store, ref))


def _outcome_in_child(store: Pkcs11Store, token: SoftToken, ref: KeyRef) -> int:
    """0: refused with the parent's store, signed with an own one. Whatever else happens must not get out of the child."""
    code = 1
    with suppress(BaseException):
        with pytest.raises(DeviceError):
            signature_of(store, ref)
        store.close()
        require_good(ref, signature_of(token.store(), ref))
        code = 0
    return code


@pytest.mark.parametrize("path", ["/nowhere/libnone.so", "/etc/hostname"])
def test_a_module_that_is_not_there_is_reported(path: str) -> None:
    store = Pkcs11Store.open(f"pkcs11:token=t?module-path={path}", "1234")
    with pytest.raises(DeviceGoneError):
        make(store)


def test_a_library_that_is_no_pkcs11_module_is_reported() -> None:
    library = ctypes.util.find_library("c")
    paths = [path for path in Path("/lib").glob("*/" + str(library)) if path.exists()]
    if not paths:
        pytest.skip("no C library where it is looked for")
    with pytest.raises(DeviceGoneError):
        make(Pkcs11Store.open(f"pkcs11:token=t?module-path={paths[0]}", "1234"))


def test_a_module_that_someone_else_initialised_without_locking_is_not_used(own_token: SoftToken) -> None:
    told = in_another_process(
        "import ctypes, sys; from hsm.token import Pkcs11Store; from hsm.errors import DeviceError\n"
        "ctypes.CDLL(sys.argv[3]).C_Initialize(None)\n"
        "try:\n    Pkcs11Store.open(sys.argv[1], sys.argv[2]).lease\n"
        "    print(Pkcs11Store.open(sys.argv[1], sys.argv[2]).health())\n"
        "except DeviceError as error:\n    print(error)",
        own_token.uri,
        USER_PIN,
        str(MODULE),
    )
    assert "healthy=False" in told
    assert "AlreadyInitialized" in told


def test_two_tokens_of_one_label_are_not_guessed_between(own_token: SoftToken) -> None:
    address = own_token.address
    store = Pkcs11Store.open(f"pkcs11:serial={address.serial};model=other?module-path={MODULE}", USER_PIN, pause_s=0)
    with pytest.raises(DeviceGoneError):
        make(store)


def test_two_keys_of_one_label_are_not_guessed_between(own_token: SoftToken) -> None:
    store = own_token.store()
    ref = make(store)
    link = store._link
    assert link is not None
    link._generate(link.anchor, KeySpec.EC_P256, ref.label, resident=True)
    link.forget(ref.label)
    with pytest.raises(KeyNotFoundError):
        signature_of(store, ref)


def test_of_two_processes_that_make_one_label_at_once_none_succeeds_silently(own_token: SoftToken) -> None:
    store = own_token.store()
    make(store)
    link = store._link
    assert link is not None
    real = module().calls.functions["C_GenerateKeyPair"]
    session = link.anchor

    def raced(*arguments: Any) -> int:
        if arguments[0] != session:
            link._generate(session, KeySpec.EC_P256, "raced", resident=True)
        return real(*arguments)

    with replaced("C_GenerateKeyPair", raced), pytest.raises(KeyExistsError):
        store.generate(KeySpec.EC_P256, label="raced", resident=True)
    assert len(link.private_keys(session, "raced")) == 1


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def test_no_error_and_no_text_form_holds_the_pin(own_token: SoftToken, tmp_path: Path) -> None:
    secret = "secret-pin-271828"
    pin_file = tmp_path / "pin"
    pin_file.write_text(secret)
    stores = [
        Pkcs11Store.open(own_token.uri, secret),
        Pkcs11Store.open(own_token.uri, lambda: secret),
        Pkcs11Store.open(f"{own_token.uri}&pin-source=file:{pin_file}", "unused"),
    ]
    for store in stores:
        with pytest.raises(PinError) as caught:
            make(store)
        texts = [f"{error!r} {error} {error.args}" for error in chain(caught.value)]
        texts += [repr(store), str(store), store.health().detail]
        assert not [text for text in texts if secret in text]


def test_a_pin_source_is_used_instead_of_the_pin(own_token: SoftToken, tmp_path: Path) -> None:
    pin_file = tmp_path / "pin"
    pin_file.write_text(USER_PIN + "\n")
    store = Pkcs11Store.open(f"{own_token.uri}&pin-source=file:{pin_file}", "unused")
    require_good(ref := make(store), signature_of(store, ref))


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff", b"x" * 256, None])
def test_a_pin_file_that_cannot_be_one_is_refused(own_token: SoftToken, tmp_path: Path, content: bytes | None) -> None:
    pin_file = tmp_path / "pin"
    if content is not None:
        pin_file.write_bytes(content)
    store = Pkcs11Store.open(f"{own_token.uri}&pin-source=file:{pin_file}", "unused")
    with pytest.raises(StoreAddressError, match="pin-source"):
        make(store)


def test_a_fault_of_another_kind_after_the_restart_is_told_as_what_it_is(own_token: SoftToken) -> None:
    store = own_token.store()
    ref = make(store)
    answers = [0xB3, 0x70]
    with replaced("C_SignInit", lambda *_: answers.pop(0)), pytest.raises(MechanismError):
        signature_of(store, ref)
    require_good(ref, signature_of(store, ref))


def test_a_new_key_that_the_token_does_not_show_is_not_believed(own_token: SoftToken) -> None:
    store = store_with(own_token, Watch())
    make(store)
    real = module().calls.functions["C_GenerateKeyPair"]

    def lying(*arguments: Any) -> int:
        code = real(*arguments)
        arguments[-1]._obj.value += 1000
        return code

    with replaced("C_GenerateKeyPair", lying), pytest.raises(HsmError):
        store.generate(KeySpec.EC_P256, label="unseen", resident=True)


def test_a_module_is_restarted_once_for_all_who_saw_the_same_fault(own_token: SoftToken) -> None:
    assert own_token.store().health().healthy
    seen = module().generation
    for _ in range(2):
        module().restart(seen, wait_s=1.0)
    assert module().generation == seen + 1


def test_closing_a_store_after_a_restart_is_no_fault(own_token: SoftToken) -> None:
    store = own_token.store()
    ref = make(store)
    module().restart(module().generation, wait_s=1.0)
    store.close()
    require_good(ref, signature_of(store, ref))


def test_state_that_came_with_a_fork_is_thrown_away_and_no_other(own_token: SoftToken) -> None:
    store = own_token.store()
    ref = make(store)
    with module().gate.alone(1.0):
        with pytest.raises(DeviceError):
            module()._start(inherited=False)
        module()._start(inherited=True)
        module().generation += 1
    require_good(ref, signature_of(store, ref))


def test_a_store_knows_the_process_that_it_was_opened_in(own_token: SoftToken, monkeypatch: pytest.MonkeyPatch) -> None:
    store = own_token.store()
    ref = make(store)
    monkeypatch.setattr("hsm.token.os.getpid", lambda: 1)
    with pytest.raises(DeviceError, match="fork"):
        signature_of(store, ref)


def test_a_fault_of_the_slot_list_is_told_as_what_it_is(own_token: SoftToken, monkeypatch: pytest.MonkeyPatch) -> None:
    class FullLib:
        def get_slots(self, *, token_present: bool) -> list[object]:
            raise exceptions.DeviceMemory

    monkeypatch.setattr(module(), "lib", FullLib())
    with pytest.raises(TokenFullError):
        make(own_token.store())


def test_two_threads_that_meet_a_new_login_at_once_get_the_key_once() -> None:
    searching, go_on = threading.Event(), threading.Event()
    searches: list[str] = []

    class SlowLink:
        def resident(self, _session: int, label: str) -> int:
            searches.append(label)
            searching.set()
            go_on.wait(10)
            return 7

    held = _Held(KeyRef(store="s", spec=KeySpec.EC_P256, label="k", spki=b""))
    link: Any = SlowLink()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(held.handle, link, 1)
        assert searching.wait(10)
        second = pool.submit(held.handle, link, 2)
        time.sleep(0.05)  # the second one is at the lock by now
        go_on.set()
        assert [first.result(10), second.result(10)] == [7, 7]
    assert searches == ["k"]


def test_digests_are_signed_after_a_restart_too(own_token: SoftToken) -> None:
    store = own_token.store()
    ref = make(store)
    with store.lease(ref) as signer:
        module().restart(module().generation, wait_s=1.0)
        assert signer.sign_digest(b"\x01" * 32, SignatureAlgorithm.ECDSA_SHA256)
