"""Definition of a layer's field: name, type, unit, words in two languages, and value."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

Scalar = str | float | bool | None
Record = TypeVar("Record")


class FieldType(StrEnum):
    """Type of a field, in the words of docs/layers.md."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "whole number"
    BOOLEAN = "yes or no"
    TIME = "time"
    """ISO 8601 in UTC."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages of the service."""

    en: str
    de: str

    def of(self, language: str) -> str:
        """Return the German text for "de", else the English one."""
        return self.de if language == "de" else self.en


@dataclass(frozen=True, slots=True)
class Field(Generic[Record]):
    """A field of a layer."""

    name: str
    type: FieldType
    title: Words
    description: Words
    value: Callable[[Record], Scalar]
    """Takes the field's value from the record that a feature is made of."""
    unit: str = ""
    nullable: bool = False
    values: tuple[str | int, ...] = ()
    """All values that occur, where they are a closed list; () where they are not."""


@dataclass(frozen=True, slots=True)
class LayerSchema(Generic[Record]):
    """A layer: its geometry and its fields, the first of which is the id of its features."""

    name: str
    geometry_type: str
    fields: tuple[Field[Record], ...]
    times: tuple[str, str]
    """The fields in which the time of a feature begins and ends."""

    @property
    def id_field(self) -> str:
        """The field with the id of its features."""
        return self.fields[0].name
