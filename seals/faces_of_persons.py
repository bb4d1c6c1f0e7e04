"""How the signature of a person who has no seal looks: the name in a calm frame, with the date."""

from seals.fonts import SealFont
from seals.model import FormXObject


def person_face(name: str, at_text: str, font: SealFont) -> FormXObject:
    """Return the picture: `name` large, `at_text` small below it.

    Raises:
        AppearanceError: no font has one of the characters, or there is no name.
    """
    raise NotImplementedError
