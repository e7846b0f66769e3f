"""Reference data: the lines of branches and the catalog, changed when told and only if they hold."""

import msgspec
import pytest

from backend.line.series import read_series


def test_series_are_set_when_told_and_only_then(seeded):
    assert "P=老弱病残军优先" in seeded.run("set-series", "350101", "A=现金业务").output
    series = lambda branch: seeded.look(lambda house: house.store.read(lambda look: read_series(look, branch)))  # noqa: E731 - one look
    assert len(series("350101")) == 4
    assert "now: A=现金业务" in seeded.run("set-series", "350101", "A=现金业务", "--apply").output
    assert (series("350101"), len(series("350102"))) == ({"A": "现金业务"}, 4)
    seeded.run("set-series", "bank", "A=个人业务", "B=对公业务", "--apply")
    assert (list(series("350101")), list(series("350102")), list(series("350802"))) == (["A"], ["A", "B"], ["A", "P"])
    seeded.run("set-series", "350101", "--apply")
    assert list(series("350101")) == ["A", "B"]
    assert "no branch 3509" in seeded.run("set-series", "3509", "A=x", code=1).output
    for wrong in ("A", "a=x", "A="):
        seeded.run("set-series", "350101", wrong, code=2)
    seeded.run("set-series", "350101", "A=x", "A=y", code=2)


def test_a_catalog_is_written_out_changed_and_read_in_again(seeded, tmp_path):
    told = seeded.run("export-catalog").output.splitlines()
    lines = {line["body"]["code"]: line for line in map(msgspec.json.decode, told)}
    assert {line["kind"] for line in lines.values()} == {"product", "script", "code_list", "form_template"}
    file = tmp_path / "catalog.jsonl"

    def bring(*wanted, **asked):
        file.write_bytes(b"\n".join(map(msgspec.json.encode, wanted)))
        return seeded.run("import-catalog", file, *(["--apply"] if asked.pop("apply", False) else []), **asked).output

    def catalog():
        found = map(msgspec.json.decode, seeded.run("export-catalog").output.splitlines())
        return {line["body"]["code"]: line for line in found}

    file.write_text("\n".join(told), encoding="utf-8")
    assert seeded.run("import-catalog", file, "--apply").output == "put: nothing\n"
    fresh = {"kind": "product", "body": {"code": "W499", "name": "新理财", "family": "wealth", "risk": 2}}
    renamed = {"kind": "product", "body": lines["D102"]["body"] | {"name": "整存整取"}}
    assert "would put: 1 product known · 1 product new" in bring(fresh, renamed)
    assert catalog() == lines
    assert bring(fresh, renamed, apply=True) == "put: 1 product changed · 1 product new\n"
    assert bring(fresh, renamed, apply=True) == "put: nothing\n"
    now = catalog()
    assert now.keys() - lines.keys() == {"W499"}
    assert (now["D102"]["id"], now["D102"]["body"]["name"]) == (lines["D102"]["id"], "整存整取")
    assert now["W499"]["body"] == {"code": "W499", "name": "新理财", "family": "wealth", "risk": 2}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"kind": "customer", "body": {"code": "x"}}, "`kind` must be one of"),
        ({"kind": "product", "body": {"code": "x", "name": "y", "family": "z", "risk": 9}}, "risk"),
        ({"kind": "product", "body": {"name": "y"}}, "code"),
        ({"kind": "product", "body": {}, "rate": 1}, "rate"),
        ({"kind": "script", "body": {"code": "s", "title": "t", "steps": [{"key": "a"}, {"key": "a"}]}}, "steps"),
        (
            {"kind": "form_template", "body": {"code": "f", "title": "t", "template_version": 1, "fields": [
                {"key": "card_pin", "label": "x", "type": "text"}]}},
            "authenticates",
        ),
    ],
)  # fmt: skip
def test_a_catalog_that_does_not_hold_is_refused_as_a_whole(seeded, tmp_path, line, said):
    good = {"kind": "product", "body": {"code": "W498", "name": "好", "family": "wealth"}}
    (tmp_path / "catalog.jsonl").write_bytes(msgspec.json.encode(good) + b"\n" + msgspec.json.encode(line))
    output = seeded.run("import-catalog", tmp_path / "catalog.jsonl", "--apply", code=1).output
    assert "line 2: " in output
    assert said in output
    assert "W498" not in seeded.run("export-catalog").output


def test_a_catalog_names_a_record_once(seeded, tmp_path):
    good = msgspec.json.encode({"kind": "product", "body": {"code": "W498", "name": "好", "family": "wealth"}})
    (tmp_path / "catalog.jsonl").write_bytes(good + b"\n" + good)
    assert "product W498 stands twice" in seeded.run("import-catalog", tmp_path / "catalog.jsonl", code=1).output
