"""``janus symbols`` against a real registry: changed, undone, exported and imported again."""

from __future__ import annotations

import json

import pytest
from janus_common.messages import Outcome

from tests.support.messages import instrument
from tests.support.stack import warm_janus as run_janus

SETTINGS = '[bus]\nurl = "{url}"\n\n[accounts]\n'
OLD_TABLE = """\
id,canonical_symbol,asset_class,exchange,currency,ib_conid,ib_symbol,ib_exchange,webull_symbol,market
1,AAPL,EQUITY,SMART,USD,265598,AAPL,SMART,AAPL,US
2,NQ.2603,FUTURE,CME,USD,620730920,NQ,CME,,
3,brk.b,EQUITY,SMART,USD,72063691,BRK B,SMART,BRK.B,US
"""


@pytest.fixture
def janus(house, tmp_path):
    """Run the command against the registry of this test."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "janus.toml").write_text(SETTINGS.format(url=house.url))

    async def run(*words):
        return await run_janus("--state", str(tmp_path), "symbols", *words)

    return run


async def test_the_whole_life_of_a_symbol(house, janus):
    await house.put(instrument(source="lookup.ib"))

    await janus("set", "aapl", "ib_conid=1", "exchange=NYSE")
    shown = await janus("show", "AAPL", "--json")
    history = await janus("history", "AAPL")
    undone = await janus("undo", "AAPL", "--json")
    removed = await janus("remove", "AAPL", "--json")
    gone = await janus("resolve", "AAPL")

    assert (shown.data["ib_conid"], shown.data["provenance"][0]["broker"]) == (1, "ib")
    assert "exchange SMART → NYSE, ib_conid 265598 → 1" in history.out
    assert undone.data["ib_conid"] == 265598
    assert removed.data["status"] == "retired"
    assert gone.code == 3
    assert gone.err == "Error: AAPL is retired\nHint: janus symbols undo AAPL\n"


async def test_a_con_id_of_another_symbol_is_refused_naming_it(house, janus):
    await house.put(instrument())
    await house.put(instrument(symbol="MSFT", ib_conid=272093))

    said = await janus("set", "MSFT", "ib_conid=265598", "--json")

    assert said.code == 3
    assert said.err.startswith("Error: MSFT: ib_conid 265598 belongs to AAPL; nothing was written")
    assert json.loads(said.out)["error"]["code"] == "ID_TAKEN"


@pytest.mark.parametrize(
    ("words", "status", "error"),
    [
        (("set", "AAPL", "ib_conid"), 2, "'ib_conid' is not FIELD=VALUE"),
        (("set", "AAPL", "price=1"), 3, "AAPL: 'price' is no field that can be set"),
        (("set", "NQ2603", "ib_conid=1"), 2, "NQ2603: a future is ROOT.YYMM"),
        (("conflicts", "--keep", "1", "--take", "1"), 2, "--keep and --take were both given"),
        (("conflicts", "--keep", "7"), 3, "conflict 7 does not exist"),
        (("import", "/nowhere.csv"), 2, "/nowhere.csv: No such file or directory"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
async def test_what_cannot_be_done_has_a_reason(house, janus, words, status, error):
    await house.put(instrument())

    said = await janus(*words)

    assert said.code == status
    assert said.err.startswith(f"Error: {error}")


async def test_a_future_is_added_with_the_exchange_and_multiplier_of_its_root(house, janus):
    added = await janus("add", "nq.2603", "--json")
    refused = await janus("add", "ZZ.2603")

    assert (added.data["exchange"], added.data["multiplier"]) == ("CME", "20")
    assert refused.code == 2
    assert refused.err.startswith("Error: ZZ.2603: its multiplier is not known here")


async def test_a_conflict_is_shown_and_settled(house, janus):
    await house.put(instrument())
    [row] = await house.rows(
        "insert into janus.symbol_conflict (symbol, field, known, found, found_by, found_ns)"
        " values ('AAPL', 'ib_conid', '265598', '1', 'holdings.ib', 1) returning number"
    )
    number = str(row["number"])

    listed = await janus("conflicts", "--json")
    taken = await janus("conflicts", "--take", number)
    shown = await janus("show", "AAPL", "--json")
    rest = await janus("conflicts", "--all")

    assert [(c["field"], c["found"]) for c in listed.data] == [("ib_conid", "1")]
    assert taken.out == f"conflict {number} is settled\n"
    assert shown.data["ib_conid"] == 1
    assert "take" in rest.out


async def test_what_is_exported_from_one_house_is_imported_into_another(house, janus, tmp_path):
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text(OLD_TABLE)

    dry = await janus("import", str(old), "--dry-run")
    first = await janus("import", str(old), "--json")
    await janus("remove", "NQ.2603")
    await janus("export", "--out", str(new))
    again = await janus("import", str(new), "--replace", "--json")

    assert dry.out == "3 added, 0 changed, 0 unchanged; nothing was written\n"
    assert (first.data["added"], again.data["unchanged"]) == (3, 3)
    assert (await house.resolve("BRK.B")).instruments[0].ib_symbol == "BRK B"
    assert (await janus("export")).out == new.read_text()


async def test_an_import_with_a_broken_row_imports_nothing_and_names_the_row(
    house, janus, tmp_path
):
    broken = tmp_path / "broken.csv"
    broken.write_text(OLD_TABLE + "4,MSFT,EQUITY,SMART,USD,265598,MSFT,SMART,,\n")

    said = await janus("import", str(broken), "--json")

    assert said.code == 3
    assert "row 4: MSFT: ib_conid 265598 belongs to AAPL" in said.err
    assert json.loads(said.out)["error"]["code"] == "IMPORT_REFUSED"
    assert (await house.page()).instruments == []
    assert (await house.resolve("AAPL", lookup=False)).outcome is Outcome.DENIED
