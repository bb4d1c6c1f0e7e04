"""What a PKCS#11 error means to us: which of our errors it is, and whether a restart of the module can heal it."""

from typing import Final

from pkcs11 import exceptions
from pkcs11.exceptions import PKCS11Error

from hsm.errors import DeviceError, DeviceGoneError, HsmError, MechanismError, PinError, TokenFullError
from hsm.native import NotInitializedError

# after these, sessions and handles are worthless; C_Finalize, C_Initialize and a new login bring them back
HEALABLE: Final[tuple[type[PKCS11Error], ...]] = (
    NotInitializedError,
    exceptions.DeviceError,
    exceptions.DeviceRemoved,
    exceptions.FunctionFailed,
    exceptions.GeneralError,
    exceptions.KeyHandleInvalid,
    exceptions.NoSuchToken,
    exceptions.ObjectHandleInvalid,
    exceptions.OperationActive,
    exceptions.OperationNotInitialized,
    exceptions.SessionClosed,
    exceptions.SessionHandleInvalid,
    exceptions.SlotIDInvalid,
    exceptions.TokenNotPresent,
    exceptions.TokenNotRecognised,
    exceptions.UnwrappingKeyHandleInvalid,
    exceptions.UserNotLoggedIn,
    exceptions.WrappingKeyHandleInvalid,
)

_KINDS: Final[tuple[tuple[tuple[type[PKCS11Error], ...], type[HsmError], str], ...]] = (
    (
        (
            exceptions.PinExpired,
            exceptions.PinIncorrect,
            exceptions.PinInvalid,
            exceptions.PinLenRange,
            exceptions.PinLocked,
            exceptions.UserPinNotInitialized,
        ),
        PinError,
        "the token refuses the PIN",
    ),
    (
        (exceptions.DeviceMemory, exceptions.SessionCount),
        TokenFullError,
        "the token has no room for another object or session",
    ),
    (
        (
            exceptions.DeviceRemoved,
            exceptions.NoSuchToken,
            exceptions.SlotIDInvalid,
            exceptions.TokenNotPresent,
            exceptions.TokenNotRecognised,
        ),
        DeviceGoneError,
        "the token is not there, or it is not the one that was prepared",
    ),
    (
        (
            exceptions.AttributeTypeInvalid,
            exceptions.AttributeValueInvalid,
            exceptions.DomainParamsInvalid,
            exceptions.FunctionNotSupported,
            exceptions.KeyNotWrappable,
            exceptions.KeySizeRange,
            exceptions.KeyTypeInconsistent,
            exceptions.KeyUnextractable,
            exceptions.MechanismInvalid,
            exceptions.MechanismParamInvalid,
            exceptions.TemplateIncomplete,
            exceptions.TemplateInconsistent,
        ),
        MechanismError,
        "the token cannot do this",
    ),
)


def error_for(fault: PKCS11Error) -> HsmError:
    """Return our error for it. The text names the fault's class and number, nothing else of it."""
    detail = type(fault).__name__
    for classes, kind, text in _KINDS:
        if isinstance(fault, classes):
            return kind(f"{text} ({detail})")
    return DeviceError(f"the device failed ({detail} {fault})".replace(" )", ")"))
