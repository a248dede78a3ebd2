"""Operators change, retire, put back and settle, over a real bus and a real Postgres."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from janus_common import subjects
from janus_common.errors import Code
from janus_common.messages import (
    ImportSymbols,
    ListConflicts,
    Outcome,
    RetireSymbol,
    Ruling,
    SetInstrument,
    SettleConflict,
    ShowSymbol,
    SymbolHistory,
    SymbolStatus,
    UndoChange,
)

from tests.support.messages import instrument


@pytest.fixture
def ask(house):
    """Ask the registry something beyond reading and adding."""

    async def asked(verb, message):
        return await house._ask(subjects.registry(verb), message)

    return asked


async def conflict(house, **fields) -> int:
    """Put a conflict about AAPL on record and return its number."""
    values = {"field": "ib_conid", "known": "265598", "found": "1", "belongs_to": None} | fields
    [row] = await house.rows(
        "insert into janus.symbol_conflict"
        " (symbol, field, known, found, belongs_to, found_by, found_ns)"
        " values ('AAPL', $1, $2, $3, $4, 'holdings.ib', 1) returning number",
        *values.values(),
    )
    await house.rows("update janus.symbol_registry set status = 'conflict' where symbol = 'AAPL'")
    return int(row["number"])


async def test_a_field_is_set_in_the_table_in_memory_and_on_the_bus(house, ask):
    await house.put(instrument())

    reply = await ask("set", SetInstrument(symbol="aapl", fields={"ib_conid": "1"}, by="alice"))

    [after] = reply.instruments
    assert (after.ib_conid, after.source) == (1, "alice")
    assert await house.shared("AAPL") == after == (await house.resolve("AAPL")).instruments[0]
    [row] = await house.rows("select * from janus.symbol_registry")
    assert (row["ib_conid"], row["ib_source"], row["ib_query"]) == (1, "alice", None)


async def test_a_con_id_of_another_symbol_is_refused_and_the_symbol_is_named(house, ask):
    await house.put(instrument())
    await house.put(instrument(symbol="MSFT", ib_conid=272093))

    reply = await ask("set", SetInstrument(symbol="MSFT", fields={"ib_conid": "265598"}))

    assert reply.code is Code.ID_TAKEN
    assert reply.reason == "MSFT: ib_conid 265598 belongs to AAPL; nothing was written"
    assert reply.hint == "janus symbols show AAPL"
    assert (await house.resolve("MSFT")).instruments[0].ib_conid == 272093


@pytest.mark.parametrize(
    ("verb", "message"),
    [
        ("set", SetInstrument(symbol="NOPE", fields={"ib_conid": "1"})),
        ("retire", RetireSymbol(symbol="NOPE")),
        ("show", ShowSymbol(symbol="NOPE")),
        ("history", SymbolHistory(symbol="NOPE")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_symbol_that_is_not_known_is_refused(ask, verb, message):
    assert (await ask(verb, message)).code is Code.UNKNOWN_SYMBOL


async def test_a_name_that_cannot_stand_in_the_history_is_refused(house, ask):
    await house.put(instrument())

    reply = await ask("retire", RetireSymbol(symbol="AAPL", by="a\nb"))

    assert (reply.code, reply.reason) == (
        Code.INVALID_FIELD,
        "by is 'a\\nb': a name has 1 to 64 printable characters",
    )


async def test_a_retired_symbol_is_not_resolved_and_its_id_is_free(house, ask):
    await house.put(instrument())

    gone = await ask("retire", RetireSymbol(symbol="AAPL", by="alice"))
    refused = await house.resolve("AAPL")
    taken = await house.put(instrument(symbol="MSFT"))

    assert gone.instruments[0].status is SymbolStatus.RETIRED
    assert (await house.shared("AAPL")).status is SymbolStatus.RETIRED
    assert (refused.code, refused.hint) == (Code.SYMBOL_RETIRED, "janus symbols undo AAPL")
    assert taken.outcome is Outcome.ACCEPTED


async def test_undo_puts_the_row_back_as_it_was_with_who_found_it(house, ask):
    before = (await house.put(instrument(source="lookup.ib"))).instruments[0]
    await ask("set", SetInstrument(symbol="AAPL", fields={"ib_conid": "1", "exchange": ""}))

    reply = await ask("undo", UndoChange(symbol="AAPL", by="alice"))

    [after] = reply.instruments
    assert (after.ib_conid, after.exchange, after.source) == (265598, "SMART", "lookup.ib")
    assert after.updated_ns > before.updated_ns
    assert await house.shared("AAPL") == after
    changes = (await ask("history", SymbolHistory(symbol="AAPL"))).changes
    assert [(c.verb, c.by) for c in changes] == [
        ("undo", "alice"),
        ("set", "operator"),
        ("put", "lookup.ib"),
    ]
    assert changes[0].undoes == changes[1].number
    [row] = await house.rows("select * from janus.symbol_registry")
    assert (row["ib_source"], row["ib_updated_ns"]) == ("lookup.ib", before.updated_ns)


async def test_undo_goes_back_to_before_the_change_that_is_named(house, ask):
    await house.put(instrument())
    for conid in ("1", "2", "3"):
        await ask("set", SetInstrument(symbol="AAPL", fields={"ib_conid": conid}))
    changes = (await ask("history", SymbolHistory(symbol="AAPL"))).changes

    reply = await ask("undo", UndoChange(symbol="AAPL", number=changes[1].number))

    assert changes[1].before.ib_conid == reply.instruments[0].ib_conid == 1


async def test_undo_twice_is_as_before(house, ask):
    await house.put(instrument())
    await ask("retire", RetireSymbol(symbol="AAPL"))

    await ask("undo", UndoChange(symbol="AAPL"))
    again = await ask("undo", UndoChange(symbol="AAPL"))

    assert again.instruments[0].status is SymbolStatus.RETIRED


async def test_undo_of_the_first_change_retires_the_symbol(house, ask):
    await house.put(instrument())

    reply = await ask("undo", UndoChange(symbol="AAPL"))

    assert reply.instruments[0].status is SymbolStatus.RETIRED


async def test_undo_of_a_retirement_is_refused_when_the_id_has_another_symbol_by_now(house, ask):
    await house.put(instrument())
    await ask("retire", RetireSymbol(symbol="AAPL"))
    await house.put(instrument(symbol="MSFT"))

    reply = await ask("undo", UndoChange(symbol="AAPL"))

    assert reply.code is Code.ID_TAKEN
    assert reply.reason == "AAPL: ib_conid 265598 belongs to MSFT; nothing was written"


@pytest.mark.parametrize("number", [None, 999])
async def test_undo_of_what_never_was_is_refused(ask, number):
    assert (await ask("undo", UndoChange(symbol="NOPE", number=number))).code is Code.UNKNOWN_CHANGE


async def test_history_is_paged_and_counts_every_change_once(house, ask):
    await house.put(instrument())
    for conid in range(1, 6):
        await ask("set", SetInstrument(symbol="AAPL", fields={"ib_conid": str(conid)}))

    first = await ask("history", SymbolHistory(symbol="AAPL", limit=4))
    rest = await ask("history", SymbolHistory(symbol="AAPL", before=first.changes[-1].number))

    assert (first.more, rest.more) == (True, False)
    assert [c.after.ib_conid for c in first.changes + rest.changes] == [5, 4, 3, 2, 1, 265598]


async def test_show_tells_who_found_each_part_and_what_contradicts_it(house, ask):
    await house.put(instrument(source="lookup.ib"))
    number = await conflict(house)

    reply = await ask("show", ShowSymbol(symbol="AAPL"))

    assert [(p.broker, p.by) for p in reply.provenance] == [("ib", "lookup.ib")]
    assert [(c.number, c.known, c.found) for c in reply.conflicts] == [(number, "265598", "1")]


async def test_a_conflict_settled_in_favour_of_what_is_known_changes_nothing_else(house, ask):
    await house.put(instrument())
    number = await conflict(house)

    reply = await ask("settle", SettleConflict(number=number, ruling=Ruling.KEEP, by="alice"))

    [after] = reply.instruments
    assert (after.ib_conid, after.status) == (265598, SymbolStatus.ACTIVE)
    assert (await ask("conflicts", ListConflicts())).conflicts == []
    [settled] = (await ask("conflicts", ListConflicts(is_open=False))).conflicts
    assert (settled.ruling, settled.ruled_by) == (Ruling.KEEP, "alice")


async def test_what_was_found_is_taken_when_an_operator_says_so(house, ask):
    await house.put(instrument())
    number = await conflict(house)

    reply = await ask("settle", SettleConflict(number=number, ruling=Ruling.TAKE, by="alice"))

    [after] = reply.instruments
    assert (after.ib_conid, after.status, after.source) == (1, SymbolStatus.ACTIVE, "alice")
    assert await house.shared("AAPL") == after


async def test_a_symbol_stays_in_conflict_while_one_is_open(house, ask):
    await house.put(instrument())
    first = await conflict(house)
    await conflict(house, found="2")

    reply = await ask("settle", SettleConflict(number=first, ruling=Ruling.KEEP))

    assert reply.instruments[0].status is SymbolStatus.CONFLICT


async def test_an_id_of_another_symbol_is_not_taken(house, ask):
    await house.put(instrument())
    await house.put(instrument(symbol="MSFT", ib_conid=272093))
    number = await conflict(house, found="272093", belongs_to="MSFT")

    reply = await ask("settle", SettleConflict(number=number, ruling=Ruling.TAKE))

    assert (reply.code, reply.reason) == (
        Code.ID_TAKEN,
        "AAPL: ib_conid 272093 belongs to MSFT; nothing was written",
    )
    assert len((await ask("conflicts", ListConflicts())).conflicts) == 1


async def test_a_conflict_is_settled_once(house, ask):
    await house.put(instrument())
    number = await conflict(house)
    await ask("settle", SettleConflict(number=number, ruling=Ruling.KEEP))

    again = await ask("settle", SettleConflict(number=number, ruling=Ruling.TAKE))
    never = await ask("settle", SettleConflict(number=999, ruling=Ruling.KEEP))

    assert (again.code, again.reason) == (
        Code.UNKNOWN_CONFLICT,
        f"conflict {number} is settled already",
    )
    assert (never.code, never.reason) == (Code.UNKNOWN_CONFLICT, "conflict 999 does not exist")


def part(number, *instruments, is_last=False, **fields):
    return ImportSymbols(
        import_id="i", part=number, is_last=is_last, instruments=list(instruments), **fields
    )


async def test_the_parts_of_an_import_are_written_together(house, ask):
    await ask("import", part(0, instrument()))
    before = (await house.page()).instruments

    reply = await ask("import", part(1, instrument(symbol="MSFT", ib_conid=1), is_last=True))

    assert before == []
    assert reply.counts == {"added": 2, "changed": 0, "unchanged": 0}
    assert await house.shared("MSFT") is not None


async def test_one_bad_row_in_any_part_imports_nothing_and_is_named(house, ask):
    await ask("import", part(0, instrument(), instrument(symbol="IBM", ib_conid=0)))

    reply = await ask("import", part(1, instrument(symbol="MSFT", ib_conid=1), is_last=True))

    assert reply.code is Code.IMPORT_REFUSED
    assert "1 of 3 rows cannot be: row 2: IBM: ib_conid is 0" in reply.reason
    assert (await house.page()).instruments == []


async def test_the_last_part_again_gives_the_first_outcome(house, ask):
    last = part(0, instrument(), is_last=True)
    first = await ask("import", last)

    assert (
        (await ask("import", last)).counts
        == first.counts
        == {
            "added": 1,
            "changed": 0,
            "unchanged": 0,
        }
    )


async def test_an_import_whose_beginning_is_not_here_is_refused(ask):
    reply = await ask("import", part(3, instrument(), is_last=True))

    assert reply.code is Code.IMPORT_REFUSED
    assert reply.hint == "begin again with part 0"


async def test_a_dry_run_says_what_would_be_and_writes_nothing(house, ask):
    reply = await ask("import", part(0, instrument(), is_last=True, dry_run=True))

    assert reply.counts["added"] == 1
    assert (await house.page()).instruments == []
    assert await house.rows("select * from janus.symbol_change") == []


async def test_two_symbols_exchange_their_ids(house, ask):
    await house.put(instrument(ib_conid=1))
    await house.put(instrument(symbol="MSFT", ib_conid=2))
    swapped = instrument(ib_conid=2), instrument(symbol="MSFT", ib_conid=1)

    reply = await ask("import", part(0, *swapped, is_last=True, replace=True))

    assert reply.counts == {"added": 0, "changed": 2, "unchanged": 0}, reply.reason


async def test_changes_at_once_come_one_after_the_other(house, ask):
    await house.put(instrument())

    async def change(conid):
        said = SetInstrument(symbol="AAPL", fields={"ib_conid": str(conid)})
        reply = await ask("set", said)
        assert reply.outcome is Outcome.ACCEPTED, reply.reason

    async with asyncio.TaskGroup() as tasks:
        for conid in range(1, 21):
            tasks.create_task(change(conid))

    changes = (await ask("history", SymbolHistory(symbol="AAPL"))).changes

    assert len(changes) == 21
    for later, earlier in itertools.pairwise(changes):
        assert later.before == earlier.after
    assert (await house.resolve("AAPL")).instruments == [changes[0].after]
    assert await house.shared("AAPL") == changes[0].after


async def test_symbols_are_listed_by_status_and_by_what_is_missing(house, ask):
    await house.put(instrument())
    await house.put(instrument(symbol="IBM", ib_conid=None, webull_ticker="IBM"))
    await house.put(instrument(symbol="MSFT", ib_conid=2))
    await ask("retire", RetireSymbol(symbol="MSFT"))

    async def names(**query):
        return [one.symbol for one in (await house.page(**query)).instruments]

    assert await names(status=SymbolStatus.RETIRED) == ["MSFT"]
    assert await names(missing="ib") == ["IBM"]
    assert await names(missing="webull", status=SymbolStatus.ACTIVE) == ["AAPL"]
    assert (await house.page(missing="etrade")).code is Code.INVALID_MESSAGE
