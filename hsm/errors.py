"""Errors of the key stores. None of them ever carries a PIN, a passphrase or key material."""


class HsmError(Exception):
    """Root of everything that `hsm` raises."""


class StoreAddressError(HsmError):
    """The PKCS#11 URI or the key file's path is not usable as written."""


class KeyFileError(HsmError):
    """The software key file is missing, damaged, or its passphrase is wrong."""


class PinError(HsmError):
    """The token refused the PIN. Never tried a second time by itself: tokens lock."""


class KeyNotFoundError(HsmError):
    """No such key in this store."""


class KeyExistsError(HsmError):
    """A resident key with this label exists; it is never replaced silently."""


class KeyBusyError(HsmError):
    """No session was free in time; worth a retry."""


class DeviceError(HsmError):
    """The device failed and its sessions were discarded; the next use logs in afresh."""


class DeviceGoneError(DeviceError):
    """The token or its module is not there at present."""


class TokenFullError(DeviceError):
    """The token has no room for another object or session."""


class MechanismError(HsmError):
    """The store cannot do this algorithm or this key type."""


class UnsafeTokenError(HsmError):
    """A trial theft of a wrapped key succeeded: the token does not protect them. It must not be used."""


class WrongKeyError(HsmError):
    """A signature did not verify under the recorded public key: a swapped row or a faulty device. It was discarded."""
