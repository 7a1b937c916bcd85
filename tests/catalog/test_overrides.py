"""A user's own rows, and what is refused in them."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from bedrock_llm.catalog.overrides import Catalog
from bedrock_llm.errors import ConfigurationError


def test_rows_come_from_a_file_or_a_mapping(tmp_path):
    rows = {"a.model": {"context_window": 10, "prices": {"input": 0.1}}}
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps(rows))
    expected = {"a.model": {"context_window": 10, "prices": {"input": Decimal("0.1")}}}
    assert {name: dict(row) for name, row in Catalog.of(rows).rows.items()} == expected
    assert {name: dict(row) for name, row in Catalog.of(path).rows.items()} == expected
    assert Catalog.of(str(path)).source == str(path)
    assert Catalog.of(rows).source == "given in code"
    made = Catalog.of(rows)
    assert Catalog.of(made) is made


def test_a_price_is_exact_as_it_is_written():
    prices = Catalog.of({"m": {"prices": {"input": 0.1, "output": "0.30", "images": 40, "searches": None}}}).rows["m"][
        "prices"
    ]
    assert prices == {"input": Decimal("0.1"), "output": Decimal("0.3"), "images": Decimal(40), "searches": None}


def test_a_price_of_a_long_request_in_a_tier_may_be_given():
    rows = Catalog.of({"m": {"prices": {"flex/long/input": 1, "long/output": 2}}}).rows
    assert rows["m"]["prices"] == {"flex/long/input": Decimal(1), "long/output": Decimal(2)}


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([], "mapping from model ids"),
        ({"": {}}, "model id"),
        ({3: {}}, "model id"),
        ({"m": 3}, "row 'm'"),
        ({"m": {"context_windw": 3}}, "row 'm'.*'context_windw'.*did you mean 'context_window'"),
        ({"m": {"context_window": 0}}, "row 'm', field 'context_window'"),
        ({"m": {"context_window": 1.5}}, "row 'm', field 'context_window'"),
        ({"m": {"max_output_tokens": True}}, "row 'm', field 'max_output_tokens'"),
        ({"m": {"family": " "}}, "row 'm', field 'family'"),
        ({"m": {"features": ["tools"]}}, "row 'm', field 'features'"),
        ({"m": {"profile": 3}}, "row 'm', field 'profile'"),
        ({"m": {"parameter_rules": 3}}, "row 'm', field 'parameter_rules'"),
        ({"m": {"parameter_rules": {"top_p": 3}}}, "row 'm', field 'parameter_rules', parameter 'top_p'"),
        ({"m": {"parameter_rules": {"top_p": {"min": 3}}}}, "parameter 'top_p'.*minimum"),
        ({"m": {"parameter_rules": {"top_p": {"minimum": "3"}}}}, "parameter 'top_p'.*minimum must be a number"),
        ({"m": {"parameter_rules": {"top_p": {"allowed": "abc"}}}}, "parameter 'top_p'.*allowed a list"),
        ({"m": {"prices": 3}}, "row 'm', field 'prices'"),
        ({"m": {"prices": {"inputs": 3}}}, "row 'm', field 'prices'.*'inputs'"),
        ({"m": {"prices": {"free/input": 3}}}, "row 'm', field 'prices'.*'free/input'"),
        ({"m": {"prices": {"long/flex/input": 3}}}, "row 'm', field 'prices'.*'long/flex/input'"),
        ({"m": {"prices": {"input": -1}}}, "row 'm', field 'prices', bucket 'input'"),
        ({"m": {"prices": {"input": 1e308}}}, "row 'm', field 'prices', bucket 'input'"),
        ({"m": {"prices": {"input": float("nan")}}}, "row 'm', field 'prices', bucket 'input'"),
        ({"m": {"prices": {"input": "cheap"}}}, "row 'm', field 'prices', bucket 'input'"),
        ({"m": {"prices": {"input": True}}}, "row 'm', field 'prices', bucket 'input'"),
        ({"m": {"prices": {"input": [1]}}}, "row 'm', field 'prices', bucket 'input'"),
    ],
)
def test_a_wrong_row_is_refused_with_its_name_and_field(rows, named):
    with pytest.raises(ConfigurationError, match=named):
        Catalog.of(rows)


def test_a_file_that_is_missing_or_no_json_is_refused_with_its_path(tmp_path):
    with pytest.raises(ConfigurationError, match=r"none\.json cannot be read"):
        Catalog.of(tmp_path / "none.json")
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(ConfigurationError, match=r"broken\.json is not JSON"):
        Catalog.of(broken)
    broken.write_text("[]")
    with pytest.raises(ConfigurationError, match=r"broken\.json must be a mapping"):
        Catalog.of(broken)
