"""What all payloads have in common: plain JSON values, and a strict way back from them."""

import types
from dataclasses import fields
from functools import cache
from typing import Any, Self, Union, cast, get_args, get_origin, get_type_hints


class Payload:
    """Adds `to_dict` and `from_dict` to a frozen dataclass of JSON values, payloads and tuples of them."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, fit for history and blobs; fields that have their default value are left out."""
        values: dict[str, Any] = {}
        for field in fields(cast(Any, self)):
            value = getattr(self, field.name)
            if value != field.default:
                values[field.name] = plain(value)
        return values

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """Rebuild from `to_dict`'s output; `ValueError` names the field that does not fit."""
        if not isinstance(data, dict):
            raise ValueError(f"{cls.__name__}: expected an object, got {type(data).__name__}")
        given = cast(dict[str, Any], data)
        hints = _hints(cls)
        unknown = given.keys() - hints.keys()
        if unknown:
            raise ValueError(f"{cls.__name__}: unknown field {sorted(unknown)[0]!r}")
        values = {name: _rebuild(hints[name], value, f"{cls.__name__}.{name}") for name, value in given.items()}
        try:
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"{cls.__name__}: {error}") from None

    def to_value(self) -> Any:
        """How this reads as a field of another payload."""
        return self.to_dict()

    @classmethod
    def from_value(cls, value: Any) -> Self:
        """Rebuild from `to_value`'s output."""
        return cls.from_dict(value)


def plain(value: Any) -> Any:
    """How a field's value reads in JSON: payloads by their `to_value`, tuples as lists."""
    if isinstance(value, Payload):
        return value.to_value()
    return [plain(item) for item in cast(tuple[Any, ...], value)] if isinstance(value, tuple) else value


@cache
def _hints(cls: type) -> dict[str, Any]:
    names = {field.name for field in fields(cast(Any, cls))}
    return {name: hint for name, hint in get_type_hints(cls).items() if name in names}


def _rebuild(hint: Any, value: Any, where: str) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in get_args(hint):
            return None
        (hint,) = (arg for arg in get_args(hint) if arg is not type(None))
        return _rebuild(hint, value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ValueError(f"{where}: expected a list")
        item = get_args(hint)[0]
        return tuple(_rebuild(item, element, where) for element in cast(list[Any], value))
    if isinstance(hint, type) and issubclass(hint, Payload):
        return hint.from_value(value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        raise ValueError(f"{where}: expected {hint.__name__}, got {type(value).__name__}")
    return value
