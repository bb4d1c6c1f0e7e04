"""A whole service for a benchmark: ceremony, database, key store, in a folder that goes away."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from api.acts.ceremony import hold
from api.acts.establish import Establishment, establish
from api.acts.office import Office
from api.acts.registry import register
from api.bootstrap import running_office, utc_now
from api.demo import samples
from api.demo.first_run import make_softhsm_keys, make_software_keys
from api.settings import read_settings
from ca.authority import ISSUING, ROOT
from ca.ceremony_plan import CeremonyPlan, standard_mapping
from ca.uscc import make_uscc
from hsm.signer import KeySpec
from hsm.stores import open_store

BASE_URL: Final = "http://pki.example.org"
ACTOR: Final = "benchmark"
AGE: Final = timedelta(minutes=5)  # of the ceremony: certificates are dated back by one


@contextmanager
def service(*, softhsm: bool = False, ca: KeySpec = KeySpec.EC_P384) -> Iterator[Office]:
    """Open a new authority whose CAs have keys of this kind. SoftHSM can be had once in a process: it reads its

    settings when it is loaded.
    """
    with tempfile.TemporaryDirectory(prefix="vermilion-bench-") as name:
        data = Path(name)
        if softhsm:
            address, pin = make_softhsm_keys(data / "softhsm")
            settings = read_settings(data=data, keys=address, pin_file=pin)
        else:
            settings = read_settings(data=data)
            make_software_keys(settings)
        store = open_store(settings.key_address, secret=settings.secret)
        try:
            mapping = standard_mapping(
                name="示范市市场监督管理局",
                name_latin="Demo City Administration for Market Regulation",
                uscc=make_uscc(region="330106", organisation="00123456", category="11"),
                region="330106",
                base_url=BASE_URL,
                store=store.name,
            )
            for entity in (ROOT, *ISSUING):
                mapping["entities"][entity]["key"] = ca.value
            hold(CeremonyPlan.of(mapping), settings.authority_folder, stores={store.name: store}, now=utc_now() - AGE)
        finally:
            store.close()
        with running_office(settings) as office:
            yield office


def new_enterprise(office: Office) -> str:
    """Register one and return its credit code."""
    return register(office, samples.enterprise(samples.BUYER), actor=ACTOR).uscc


def established(office: Office) -> Establishment:
    """Register an enterprise and issue its licence and five seals."""
    return establish(office, new_enterprise(office), actor=ACTOR)
