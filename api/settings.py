"""Settings, read once at start-up from `VERMILION_*` or a TOML file named by `VERMILION_CONFIG`."""

import os
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from pydantic_settings import SettingsError as UnreadableSettingError

from api.errors import SettingsError

ASSETS = Path(__file__).parent / "assets"


class Settings(BaseSettings):
    """Everything an operator may set. A secret comes from a file or the environment and is never shown."""

    model_config = SettingsConfigDict(env_prefix="VERMILION_", frozen=True, extra="forbid")

    data: Path = Path("var")  # keys, database, files, the authority's certificates
    database: str = ""  # URL; empty: SQLite in `data`
    objects: str = ""  # where files are kept; empty: a folder in `data`; or s3://BUCKET/PREFIX
    keys: str = ""  # key store address; empty: software:DATA/keys/software.keys
    pin: SecretStr | None = None
    pin_file: Path | None = None
    zone: str = "Asia/Shanghai"  # in which the authority's days begin and end
    demo: bool = False  # a demo page that issues to anybody; refuses to run on a hardware store
    public_url: str = ""  # in printed QR codes: https://HOST; empty: the authority's own address
    rp_id: str = ""  # the domain that passkeys are bound to for ever; empty: the host of public_url
    origins: tuple[str, ...] = ()  # further origins whose pages may ask for passkeys; public_url always may
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    font: tuple[Path, ...] = ()  # further font files for characters that ours lack
    max_document_bytes: int = Field(default=400_000_000, gt=0)
    max_json_bytes: int = Field(default=256 * 1024, gt=0)
    ocsp_fresh_for: timedelta = timedelta(hours=12)
    crl_fresh_for: timedelta = timedelta(hours=24)  # at least every 24 h, ETSI EN 319 411-1 §6.2.4
    status_fresh_for: timedelta = timedelta(hours=12)
    licence_valid_for: timedelta = timedelta(days=1095)
    seal_valid_for: timedelta = timedelta(days=1095)
    verify_per_minute: int = Field(default=120, gt=0)  # from one address, on public endpoints
    webhook_hosts: tuple[str, ...] = ()  # hosts that webhooks may reach although they are private
    webhook_ca: Path | None = None  # further roots for webhooks' TLS, in PEM
    batch_buckets: tuple[str, ...] = ()  # addresses that batches over HTTP may read from and write to, and all below
    instance: int = Field(default=1, ge=1, le=255)  # first octet of serial numbers: one value for each database

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - signature of the base class
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - signature of the base class
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line first, then the environment, then the TOML file."""
        named = os.environ.get("VERMILION_CONFIG")
        toml = () if named is None else (TomlConfigSettingsSource(settings_cls, Path(named)),)
        return (init_settings, env_settings, *toml)

    @model_validator(mode="after")
    def _one_pin(self) -> Self:
        if self.pin is not None and self.pin_file is not None:
            raise ValueError("set the PIN or the PIN file, not both")
        return self

    @property
    def authority_folder(self) -> Path:
        return self.data / "authority"

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{(self.data / 'vermilion.db').absolute()}"

    @property
    def key_address(self) -> str:
        return self.keys or f"software:{(self.data / 'keys' / 'software.keys').absolute()}"

    @property
    def pin_path(self) -> Path:
        """Where a PIN or passphrase is read from when none is given: beside the keys, readable by us alone."""
        return self.pin_file or self.data / "keys" / "passphrase"

    def secret(self) -> str:
        """Return the PIN or passphrase of the key store.

        Raises:
            SettingsError: neither is set nor readable.
        """
        if self.pin is not None:
            return self.pin.get_secret_value()
        try:
            return self.pin_path.read_text(encoding="utf-8").strip()
        except OSError as exc:
            raise SettingsError(
                "no PIN for the key store: set VERMILION_PIN_FILE to a file that only this service can read"
            ) from exc


def read_settings(**given: Any) -> Settings:
    """Read and check the settings; what is given here wins.

    Raises:
        SettingsError: names each setting that is wrong and why, never its value.
    """
    named = os.environ.get("VERMILION_CONFIG")
    if named is not None and not Path(named).is_file():
        raise SettingsError(f"VERMILION_CONFIG names {named}, which is not a file")
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as exc:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'settings'}: {one['msg']}" for one in exc.errors())
        raise SettingsError(wrong) from exc
    except UnreadableSettingError as exc:  # a list that is not JSON; says which
        raise SettingsError(str(exc)) from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{named} is not TOML: {exc}") from exc
