"""Forms from JSON schema."""

from __future__ import annotations

from typing import Any

import pytest

from desktop.core.asks.forms import check, conforms, fields_of, number

SCHEMA = {
    "type": "object",
    "required": ["city", "days"],
    "properties": {
        "city": {"type": "string", "title": "City", "minLength": 2, "description": "Where to"},
        "days": {"type": "integer", "minimum": 1, "maximum": 14},
        "price": {"type": ["number", "null"]},
        "sure": {"type": "boolean", "default": True},
        "class": {"enum": ["first", "second"], "enumNames": ["First", "Second"]},
        "meals": {"type": "array", "items": {"enum": ["fish", "none"]}, "maxItems": 1},
        "seat": {"oneOf": [{"const": 1, "title": "Window"}, {"const": 2, "title": "Aisle"}]},
        "more": {"type": "object"},
    },
}
FIELDS = {field.name: field for field in fields_of(SCHEMA)}


def test_every_kind_is_known() -> None:
    kinds = {name: field.kind for name, field in FIELDS.items()}
    assert kinds == {"city": "text", "days": "integer", "price": "number", "sure": "bool", "class": "one",
                     "meals": "many", "seat": "one", "more": "json"}  # fmt: skip
    assert FIELDS["class"].options == (("first", "First"), ("second", "Second"))
    assert FIELDS["seat"].options == ((1, "Window"), (2, "Aisle"))
    assert FIELDS["city"].required and not FIELDS["price"].required


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [("city", None, "needed"), ("city", "x", "at least 2"), ("days", 15, "at most 14"), ("days", "x", "number"),
     ("meals", ["fish", "none"], "at most 1")],
)  # fmt: skip
def test_what_does_not_fit_is_said(name: str, value: Any, word: str) -> None:
    assert word in (check(FIELDS[name], value) or "")


@pytest.mark.parametrize(
    ("name", "value"), [("city", "Oslo"), ("days", 3), ("price", None), ("meals", []), ("seat", 1)]
)
def test_what_fits_is_let_through(name: str, value: Any) -> None:
    assert check(FIELDS[name], value) is None


@pytest.mark.parametrize(
    "schema", [None, [], "x", {}, {"properties": []}, {"properties": {"a": 3}}, {"properties": {"a": {"type": 5}}}]
)
def test_what_is_no_schema_does_no_harm(schema: Any) -> None:
    fields_of(schema)


def test_a_pattern_that_could_hang_is_not_tried() -> None:
    field = fields_of({"properties": {"a": {"type": "string", "pattern": "(a+)+$"}}})[0]
    assert check(field, "a" * 5_000 + "!") is None
    plain = fields_of({"properties": {"a": {"type": "string", "pattern": "^[A-Z]{3}$"}}})[0]
    assert check(plain, "abc") and check(plain, "ABC") is None


@pytest.mark.parametrize(
    ("typed", "kind", "value"),
    [("3", "integer", 3), ("3.5", "number", 3.5), ("", "number", None), ("x", "number", "x"), ("3.5", "integer", "3.5"),
     ("inf", "number", "inf")],
)  # fmt: skip
def test_numbers_as_typed(typed: str, kind: Any, value: Any) -> None:
    assert number(typed, kind) == value


def test_edited_arguments_are_checked_against_their_schema() -> None:
    assert conforms({"city": "Oslo", "days": 2}, SCHEMA) is None
    assert "needed" in (conforms({"city": "Oslo"}, SCHEMA) or "")
    assert "wrong type" in (conforms({"city": "Oslo", "days": 2, "sure": "yes"}, SCHEMA) or "")
    assert conforms({"anything": 1}, None) is None
