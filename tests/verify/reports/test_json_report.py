"""JSON: valid by its own schema, exact, and read back as the same report."""

import json
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest
from sample_reports import SAMPLES, empty, every_verdict, hostile, large

from backproof.verify.reports import json as renderer
from backproof.verify.reports.saved import load, loads
from backproof.verify.support.errors import UsageError

SCHEMA = json.loads((files("backproof.verify.reports") / "schema.json").read_text(encoding="utf-8"))


def refuse(name):
    raise AssertionError(f"{name} is not JSON")


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_valid_by_its_schema(sample):
    document = json.loads(renderer.render(sample()), parse_constant=refuse)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_read_back_it_is_the_same_report(sample):
    report = sample()
    assert vars(loads(renderer.render(report))) == vars(report)  # the model, whichever of its classes


def test_a_file_of_it_is_utf_8_whatever_is_in_it(tmp_path):
    path = tmp_path / "report.json"
    path.write_bytes(renderer.render(hostile()).encode("utf-8"))
    assert load(str(path)) == hostile()


def objects(schema):
    """Every object that the schema describes."""
    found = [schema, *schema["$defs"].values()]
    return [s for s in found if s.get("type") == "object" and s.get("required")]


def test_the_schema_rejects_missing_fields():
    """Every required field of the report, taken away, is missed: the schema is no empty one."""
    document = json.loads(renderer.render(every_verdict()))
    validator = jsonschema.Draft202012Validator(SCHEMA)
    for field in document:
        rest = {name: value for name, value in document.items() if name != field}
        assert not validator.is_valid(rest), f"{field} is not required"
    operation = document["operations"][0]
    for field in ("name", "operands", "rule", "source", "command", "plot_data"):
        rest = document | {"operations": [{name: v for name, v in operation.items() if name != field}]}
        assert not validator.is_valid(rest), f"{field} of an operation is not required"
    assert objects(SCHEMA)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not a report of backproof"),
        ('{"a": 1}', "no schema_version"),
        ('{"schema_version": 3}', "schema_version 3 is not 2"),
        ('{"schema_version": 2}', "'subject' is missing"),
        ('{"schema_version": 1}', "'subject' is missing"),
        (renderer.render(empty()).replace('"seed": 0', '"seed": "x"'), "'x' stands where a whole number belongs"),
        (renderer.render(every_verdict()).replace('"refuted"', '"disliked"'), "'disliked' is not a valid Verdict"),
        (renderer.render(every_verdict()).replace('"-1.0 0.5 1.5"', '"-1.0 0.5"'), "different lengths"),
        (renderer.render(every_verdict()).replace('"-1.0 0.5 1.5"', '"-1.0 0.5 a"'), "could not convert"),
    ],
)
def test_invalid_reports_are_refused(content, reason):
    with pytest.raises(UsageError, match="(?s)" + reason.replace("(", "\\(")):
        loads(content)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match=r"absent\.json cannot be read: No such file"):
        load(str(tmp_path / "absent.json"))


def test_strict_is_kept():
    report = replace(every_verdict(), strict=True)
    assert loads(renderer.render(report)).strict


def test_a_thousand_operations_read_back():
    report = large()
    assert loads(renderer.render(report)) == report


def test_a_report_of_the_first_version_is_read_with_the_new_names():
    now = renderer.render(every_verdict())
    old = now.replace('"schema_version": 2', '"schema_version": 1').replace('"plot_data"', '"portraits"')
    old = old.replace('"kinks"', '"corners"')
    assert '"plot_data"' not in old
    assert '"kinks"' not in old
    assert loads(old) == loads(now)
