"""Read entries of PDF dictionaries that may be indirect, missing or null: all three occur in honest files."""

from collections.abc import Iterator
from typing import Any

from pyhanko.pdf_utils import generic


def entry(container: Any, key: str) -> Any:
    """Return the value that `key` leads to, references followed; None for what is missing or null.

    Unlike `container.get(key)`, which returns a reference as such.
    """
    if not isinstance(container, generic.DictionaryObject):
        return None
    try:
        return _resolved(container[key])
    except KeyError:  # missing or null
        return None


def elements(container: Any, key: str) -> Iterator[Any]:
    """Yield what the array under `key` holds, references followed; nothing if there is no array."""
    array = entry(container, key)
    if isinstance(array, generic.ArrayObject):
        for one in array:
            yield _resolved(one.get_object())


def dictionary(container: Any, key: str) -> generic.DictionaryObject | None:
    """Return the dictionary under `key`, if there is one."""
    found = entry(container, key)
    return found if isinstance(found, generic.DictionaryObject) else None


def array(container: Any, key: str) -> generic.ArrayObject | None:
    """Return the array under `key`, if there is one."""
    found = entry(container, key)
    return found if isinstance(found, generic.ArrayObject) else None


def reference(container: Any, key: str) -> generic.IndirectObject | None:
    """Return the reference that stands under `key` itself, if one does."""
    if not isinstance(container, generic.DictionaryObject) or key not in container:
        return None
    found = container.raw_get(key)
    return found if isinstance(found, generic.IndirectObject) else None


def _resolved(value: Any) -> Any:
    return None if isinstance(value, generic.NullObject) else value
