import json
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hsm.errors import KeyExistsError, KeyFileError, KeyNotFoundError
from hsm.keyfile import KdfCost, KeyFile
from hsm.signer import KeySpec
from hsm.software import SoftwareStore
from tests.hsm.conftest import CHEAP, PASSPHRASE
from tests.hsm.test_contract import make, require_good, signature_of

ROOT = Path(__file__).parents[2]


def test_the_file_opens_again_with_its_keys_and_its_name(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    store = SoftwareStore.create(path, PASSPHRASE, name="trial", cost=CHEAP)
    refs = [make(store, spec=spec, resident=resident) for spec in KeySpec for resident in (True, False)]
    again = SoftwareStore.open(path, PASSPHRASE)
    assert again.name == "trial"
    for ref in refs:
        require_good(ref, signature_of(again, ref))


def test_the_default_cost_is_that_of_rfc_9106(tmp_path: Path) -> None:
    SoftwareStore.create(tmp_path / "keys", PASSPHRASE)
    header = (tmp_path / "keys").read_bytes()[:20]
    assert header == b"VRMLKEY1" + (65536).to_bytes(4) + (3).to_bytes(4) + (4).to_bytes(4)


def test_the_file_is_for_its_owner_only_and_holds_no_name_or_label_in_clear(tmp_path: Path) -> None:
    store = SoftwareStore.create(tmp_path / "keys", PASSPHRASE, name="trial", cost=CHEAP)
    ref = make(store)
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o600
    data = (tmp_path / "keys").read_bytes()
    assert not [text for text in (b"trial", ref.label.encode(), PASSPHRASE, ref.spki) if text in data]


def test_an_existing_file_is_never_replaced(tmp_path: Path) -> None:
    store = SoftwareStore.create(tmp_path / "keys", PASSPHRASE, cost=CHEAP)
    with pytest.raises(KeyFileError):
        SoftwareStore.create(tmp_path / "keys", PASSPHRASE, cost=CHEAP)
    assert store.health().healthy


def test_a_wrong_passphrase_is_refused_and_told_by_nobody(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    store = SoftwareStore.create(path, PASSPHRASE, cost=CHEAP)
    with pytest.raises(KeyFileError) as caught:
        SoftwareStore.open(path, b"incorrect donkey")
    texts = [repr(caught.value), str(caught.value.__cause__), repr(store), repr(store.health())]
    assert not [text for text in texts if "donkey" in text or "staple" in text]


def test_every_changed_byte_of_the_file_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    SoftwareStore.create(path, PASSPHRASE, cost=CHEAP)
    data = path.read_bytes()
    for place in (*range(48), 60, len(data) - 1):
        changed = bytearray(data)
        changed[place] ^= 1
        path.write_bytes(changed)
        with pytest.raises(KeyFileError):
            SoftwareStore.open(path, PASSPHRASE)


@pytest.mark.parametrize("length", [0, 8, 47, 48, 63, 64])
def test_a_file_that_was_cut_is_noticed(tmp_path: Path, length: int) -> None:
    path = tmp_path / "keys"
    SoftwareStore.create(path, PASSPHRASE, cost=CHEAP)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(KeyFileError):
        SoftwareStore.open(path, PASSPHRASE)


def test_a_file_of_more_than_64_mib_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    SoftwareStore.create(path, PASSPHRASE, cost=CHEAP)
    os.truncate(path, 64 * 1024 * 1024)
    with pytest.raises(KeyFileError, match="damaged"):
        SoftwareStore.open(path, PASSPHRASE)
    os.truncate(path, 64 * 1024 * 1024 + 1)
    with pytest.raises(KeyFileError, match="at most"):
        SoftwareStore.open(path, PASSPHRASE)


@pytest.mark.parametrize(
    ("memory_kib", "passes", "lanes", "good"),
    [
        (8, 1, 1, True),
        (7, 1, 1, False),
        (127, 1, 16, False),
        (128, 1, 16, True),
        (136, 1, 17, False),
        (8, 16, 1, True),
        (8, 17, 1, False),
        (8, 0, 1, False),
        (8, 1, 0, False),
        (1024 * 1024, 1, 1, True),
        (1024 * 1024 + 1, 1, 1, False),
    ],
)
def test_the_work_that_a_file_asks_for_is_bounded(memory_kib: int, passes: int, lanes: int, *, good: bool) -> None:
    cost = KdfCost(memory_kib=memory_kib, passes=passes, lanes=lanes)
    if good:
        cost.check()
    else:
        with pytest.raises(KeyFileError):
            cost.check()


def test_a_forged_header_does_not_exhaust_the_machine(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    SoftwareStore.create(path, PASSPHRASE, cost=CHEAP)
    data = path.read_bytes()
    path.write_bytes(data[:8] + b"\xff\xff\xff\xff" + data[12:])
    with pytest.raises(KeyFileError, match="unreasonable"):
        SoftwareStore.open(path, PASSPHRASE)


def test_a_missing_file_and_a_folder_are_reported(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(KeyFileError):
            SoftwareStore.open(path, PASSPHRASE)
    with pytest.raises(KeyFileError):
        SoftwareStore.create(tmp_path / "no" / "folder", PASSPHRASE, cost=CHEAP)


def test_a_file_that_disappears_is_reported_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    store = SoftwareStore.create(path, PASSPHRASE, cost=CHEAP)
    ref = make(store)
    path.rename(tmp_path / "away")
    with pytest.raises(KeyFileError):
        signature_of(store, ref)
    assert not store.health().healthy
    (tmp_path / "away").rename(path)
    require_good(ref, signature_of(store, ref))
    assert store.health().healthy


def test_a_file_that_was_replaced_by_another_is_not_taken_for_it(tmp_path: Path) -> None:
    store = SoftwareStore.create(tmp_path / "keys", PASSPHRASE, cost=CHEAP)
    ref = make(store)
    SoftwareStore.create(tmp_path / "other", PASSPHRASE, cost=CHEAP)
    (tmp_path / "other").replace(tmp_path / "keys")
    with pytest.raises(KeyFileError, match="replaced"):
        signature_of(store, ref)


def test_two_stores_on_one_file_see_each_others_keys(tmp_path: Path) -> None:
    one = SoftwareStore.create(tmp_path / "keys", PASSPHRASE, cost=CHEAP)
    other = SoftwareStore.open(tmp_path / "keys", PASSPHRASE)
    first, second = make(one), make(other)
    require_good(first, signature_of(other, first))
    require_good(second, signature_of(one, second))
    with pytest.raises(KeyExistsError):
        one.generate(KeySpec.EC_P256, label=second.label, resident=True)
    other.delete(first)
    with pytest.raises(KeyNotFoundError):
        signature_of(one, first)


def test_keys_that_many_processes_and_threads_make_at_once_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    SoftwareStore.create(path, PASSPHRASE, cost=CHEAP)
    code = (
        "import sys; from pathlib import Path; from hsm.software import SoftwareStore; from hsm.signer import KeySpec\n"
        "store = SoftwareStore.open(Path(sys.argv[1]), sys.argv[2].encode())\n"
        "for number in range(10): store.generate(KeySpec.EC_P256, label=f'{sys.argv[3]}-{number}', resident=True)"
    )
    command = [sys.executable, "-c", code, str(path), PASSPHRASE.decode()]
    workers = [subprocess.Popen([*command, f"process-{number}"], cwd=ROOT) for number in range(3)]
    store = SoftwareStore.open(path, PASSPHRASE)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: store.generate(KeySpec.EC_P256, label=f"t-{number}", resident=True), range(10)))
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    assert len(SoftwareStore.open(path, PASSPHRASE)._content.keys) == 1 + 40


def test_a_write_that_fails_leaves_the_old_file_and_the_old_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SoftwareStore.create(tmp_path / "keys", PASSPHRASE, cost=CHEAP)
    ref = make(store)
    before = (tmp_path / "keys").read_bytes()

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyFileError, match="No space left"):
        make(store)
    monkeypatch.undo()
    assert (tmp_path / "keys").read_bytes() == before
    require_good(ref, signature_of(store, ref))
    require_good(again := make(store), signature_of(store, again))


def test_unwrapped_keys_are_kept_but_not_without_bound(
    software_store: SoftwareStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hsm.software._KEYS_KEPT", 2)
    refs = [make(software_store, resident=False) for _ in range(3)]
    for place in (0, 1, 0, 2):
        require_good(refs[place], signature_of(software_store, refs[place]))
    kept = [wrapped for wrapped, _ in software_store._unwrapped]
    assert kept == [refs[0].wrapped, refs[2].wrapped]
    software_store.close()
    assert not software_store._unwrapped


def test_a_wrapped_key_of_another_file_is_not_found(tmp_path: Path, software_store: SoftwareStore) -> None:
    other = SoftwareStore.create(tmp_path / "other", PASSPHRASE, cost=CHEAP)
    with pytest.raises(KeyNotFoundError):
        signature_of(software_store, make(other, resident=False))


def rewritten(path: Path, **changes: object) -> None:
    file = KeyFile.open(path, PASSPHRASE)
    with file.locked():
        file.write(json.dumps(json.loads(file.read()) | changes).encode())


def test_a_file_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    SoftwareStore.create(path, PASSPHRASE, cost=CHEAP)
    rewritten(path, version=2)
    with pytest.raises(KeyFileError, match="version"):
        SoftwareStore.open(path, PASSPHRASE)


def test_a_key_of_an_unknown_kind_in_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    SoftwareStore.create(path, PASSPHRASE, cost=CHEAP)
    x25519 = "MC4CAQAwBQYDK2VuBCIEIHBgdvZb5aTBFlhaU4Aj0HJpcLVLo8OVwLPbf7x/UFZE"
    rewritten(path, keys={"odd": x25519})
    with pytest.raises(KeyFileError, match="kind"):
        SoftwareStore.open(path, PASSPHRASE)


def test_a_store_without_its_test_key_is_not_healthy(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    store = SoftwareStore.create(path, PASSPHRASE, cost=CHEAP)
    rewritten(path, keys={})
    assert not store.health().healthy


def test_health_reads_the_file_again(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    store = SoftwareStore.create(path, PASSPHRASE, cost=CHEAP)
    data, times = bytearray(path.read_bytes()), path.stat()
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert not store.health().healthy
