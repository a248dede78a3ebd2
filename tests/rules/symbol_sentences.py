"""What was decided about symbols and the registry before a line was written, and the test of each.

``python -m tests.rules.symbol_sentences`` writes docs/symbol-decisions.md. Those who come later add
their rows to ``SENTENCES``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "symbol-decisions.md"
HEAD = """\
# What was decided about symbols

The sentences of the first designs about symbols, their mapping and the registry, and the test that shows each.
`make pains` writes this page from `tests/rules/symbol_sentences.py`; a rule holds that every test named here exists, is run, and asserts something.
Where Janus does otherwise, the last column says what and why.

| sentence | test | otherwise |
|---|---|---|
"""
SYMBOLS = "tests/unit/janus_common/test_symbols.py"
CONTRACTS = "tests/unit/ib_worker/test_contracts.py"
TRANSLATE = "tests/unit/ib_worker/test_translate.py"
CANDIDATES = "tests/unit/registry/test_candidates.py"
FILLING = "tests/unit/registry/test_filling.py"
FILES = "tests/unit/cli/test_symbol_files.py"
TABLE = "tests/integration/registry/test_symbols.py"
FILL = "tests/integration/registry/test_fill.py"
LOOKUPS = "tests/integration/registry/test_lookups.py"
PROCESS = "tests/integration/registry/test_process.py"
OUTAGE = "tests/integration/registry/test_outage.py"
COMMAND = "tests/integration/registry/test_symbols_command.py"
HARMONY = "tests/integration/registry/test_harmony.py"
DEATHS = "tests/integration/registry/test_harmony_deaths.py"
HARMONIZING = "tests/unit/registry/test_harmonizing.py"
HOLDINGS = "tests/integration/registry/test_holdings.py"
HELD = "tests/unit/registry/test_holdings.py"
LOOKED_UP = "tests/integration/router/test_looked_up.py"
HARMONY_COMMAND = "tests/integration/cli/test_harmony.py"


@dataclass(frozen=True)
class Sentence:
    """One decision; ``test`` is a name without ``test_`` in ``path``."""

    said: str
    path: str
    test: str
    otherwise: str = ""

    @property
    def where(self) -> str:
        """Return the path, two colons and the name."""
        return f"{self.path}::test_{self.test}"


SENTENCES = (
    Sentence(
        "Symbols are normalized so that brokers can be reasoned about consistently",
        SYMBOLS,
        "every_instrument_is_read_back_from_its_spelling",
    ),
    Sentence(
        "Canonical symbol normalization: trim and upper case", SYMBOLS, "there_is_one_spelling"
    ),
    Sentence(
        "`asset_class` is EQUITY, FOREX, FUTURE, OPTION or CRYPTO",
        SYMBOLS,
        "each_class_of_instrument_is_read",
        "it follows from the symbol, so the two cannot differ",
    ),
    Sentence(
        "Equities are `AAPL`, futures `ROOT.YYMM`, options `ROOT.YYMMDD.C/P.STRIKE`",
        SYMBOLS,
        "each_class_of_instrument_is_read",
    ),
    Sentence(
        "`exchange` is SMART for IB equities",
        CONTRACTS,
        "stocks_are_routed_smart_and_futures_to_their_exchange",
    ),
    Sentence("`currency` is USD by default", FILES, "a_currency_that_is_not_said_is_the_dollar"),
    Sentence(
        "IB expects structured contracts (secType, exchange, currency, conId)",
        CONTRACTS,
        "a_stock_is_asked_for_as_a_dollar_stock_at_smart",
    ),
    Sentence(
        "Symbol normalization: one name for what each broker spells in its own way",
        "tests/unit/janus_common/test_local_symbols.py",
        "a_local_symbol_is_written_and_read_back",
    ),
    Sentence(
        "For IB equities the contract is the conId when it is known",
        TRANSLATE,
        "a_contract_to_trade_is_its_con_id_and_its_exchange",
    ),
    Sentence(
        "Janus expects conId-based IB mapping from the registry",
        FILLING,
        "an_id_of_another_symbol_is_a_conflict_that_names_it",
    ),
    Sentence(
        "Store a registry: canonical to broker-specific (ib_symbol, ib_exchange, webull_symbol, market)",
        TABLE,
        "what_was_put_is_in_the_table_with_who_said_it_and_when",
    ),
    Sentence(
        "A conId is allowed for IB to avoid ambiguity",
        CANDIDATES,
        "an_id_that_is_known_says_which_of_several_it_is",
    ),
    Sentence(
        "The IB auto-lookup applies a default market filter (US and SMART)",
        CANDIDATES,
        "what_alone_passes_the_default_filter_is_the_answer",
    ),
    Sentence(
        "If unique, store ib_conid",
        LOOKUPS,
        "a_unique_candidate_is_returned_and_stored",
    ),
    Sentence(
        "If multiple, do not write and return a clear error",
        LOOKUPS,
        "an_ambiguous_symbol_is_refused_with_its_candidates_and_not_stored",
    ),
    Sentence(
        "Symbol ambiguity (same ticker on different exchanges)",
        CONTRACTS,
        "two_contracts_are_two_answers",
    ),
    Sentence(
        "IB futures default to CME (fallback to GLOBEX when resolving the conId)",
        CONTRACTS,
        "a_known_root_is_asked_for_where_it_trades_under_the_name_that_ib_has",
        "a root that is known is asked for at its own exchange; GLOBEX and ECBOT come last",
    ),
    Sentence(
        "Config-driven mapping table, with defaults for simple US equities",
        COMMAND,
        "what_is_exported_from_one_house_is_imported_into_another",
        "the table is Postgres; a file goes in and out of it",
    ),
    Sentence(
        "A dedicated PostgreSQL instance for symbol data",
        PROCESS,
        "a_wrong_address_of_postgres_is_refused_by_name",
        "the registry alone has it; orders and fills are in it too",
    ),
    Sentence(
        "Postgres table `janus.symbol_registry` (manual schema creation)",
        "tests/integration/registry/test_migrations.py",
        "a_new_database_gets_all_our_tables",
        "the registry makes the schema, by numbered files",
    ),
    Sentence(
        "The thin table: `id` primary key, `canonical_symbol` unique, plus broker fields",
        FILL,
        "a_row_has_a_number_of_its_own_and_its_symbol_once",
        "the column is called `symbol`",
    ),
    Sentence(
        "A lookup path and an in-memory cache in server startup",
        TABLE,
        "the_registry_remembers_after_a_restart",
    ),
    Sentence(
        "The cache is loaded at server start and write-through for updates",
        TABLE,
        "what_was_put_is_shared_on_the_bus_when_the_reply_comes",
    ),
    Sentence(
        "DB down on startup is a hard fail",
        PROCESS,
        "without_postgres_it_says_where_it_looked_and_what_to_do",
    ),
    Sentence(
        "Reads go on while Postgres is down later",
        OUTAGE,
        "postgres_away_leaves_the_reads_and_heals_by_itself",
    ),
    Sentence(
        "Missing fields are filled only; nothing is overwritten",
        FILLING,
        "nothing_known_is_ever_changed_and_no_id_has_two_symbols",
    ),
    Sentence(
        "Abort on a DB write error, no partial results",
        FILL,
        "an_error_in_the_middle_leaves_nothing_behind",
    ),
    Sentence(
        "Resolve the canonical symbol through the registry before sending orders",
        "tests/e2e/test_killed_processes.py",
        "with_the_registry_stopped_known_symbols_trade_on_also_through_a_new_router",
        "routers hold a live copy, so that a registry that is away stops nothing",
    ),
    Sentence(
        "Missing symbols are gated: refused with a clear message",
        LOOKUPS,
        "a_known_symbol_that_the_broker_does_not_know_is_refused_there_and_stays",
    ),
    Sentence(
        "`symbol`, `exchange`, `currency`, `multiplier` of an instrument come from the old table",
        FILES,
        "the_table_of_the_system_before_is_read_by_its_own_column_names",
    ),
    Sentence(
        "`harmony` requests a symbol and id fill across all connected brokers",
        HARMONY,
        "each_connected_type_of_broker_is_asked_and_fills_its_own_part",
    ),
    Sentence(
        "Harmony is a server-only RPC; the client triggers it and receives the final summary",
        HARMONY_COMMAND,
        "it_prints_what_became_of_each_symbol_and_a_summary",
        "progress can be followed, and it can be given up",
    ),
    Sentence(
        "Connected broker types only",
        HARMONY,
        "a_broker_that_is_not_connected_is_named_and_not_asked",
    ),
    Sentence(
        "Per broker type, not per account",
        HARMONY,
        "only_one_of_several_workers_of_a_broker_is_asked_about_a_symbol",
    ),
    Sentence(
        "Fill missing fields only: no re-validation, no overwriting",
        HARMONY,
        "a_known_field_is_never_validated_again_or_overwritten",
    ),
    Sentence(
        "Registry entries are written only when the result is unique after the default filter",
        HARMONY,
        "what_is_unique_is_filled_and_the_rest_is_named_with_its_reason",
    ),
    Sentence(
        "IB lookup: US and SMART; ambiguous is a warning and skipped",
        CANDIDATES,
        "any_other_answer_says_why_it_is_none",
    ),
    Sentence(
        "Webull uses the ticker only; no region or market reconciliation",
        CANDIDATES,
        "webull_is_asked_by_ticker_alone",
    ),
    Sentence(
        "On a DB error harmony aborts and returns the failure, with no partial results",
        DEATHS,
        "postgres_that_dies_in_a_harmony_has_nothing_and_the_next_one_ends_it",
    ),
    Sentence(
        "On demand only: no scheduler",
        HARMONY,
        "nothing_is_asked_unless_somebody_wants_it",
    ),
    Sentence(
        "No rate limiting in the first version",
        HARMONY,
        "no_more_than_eight_questions_are_under_way_at_once",
        "the worker's pacing limits it, behind orders",
    ),
    Sentence(
        "When IB holdings are received, a lookup fills missing registry fields",
        HOLDINGS,
        "what_was_held_before_the_registry_started_fills_it_too",
    ),
    Sentence(
        "IB holdings update the registry for `STK` and USD only; they fill the conId",
        HOLDINGS,
        "a_stock_held_at_ib_fills_its_con_id",
        "futures too, as another sentence says",
    ),
    Sentence(
        "Of holdings only unique matches under the default filter are persisted",
        HOLDINGS,
        "a_dual_listed_holding_is_skipped_with_its_candidates",
    ),
    Sentence("Webull holdings can create new entries", HOLDINGS, "a_webull_holding_makes_a_row"),
    Sentence(
        "Futures holdings are written to the registry as `ROOT.YYMM`",
        HOLDINGS,
        "a_future_held_at_ib_becomes_root_and_month",
    ),
    Sentence(
        "Non-equity holdings and non-USD: warn and skip",
        HOLDINGS,
        "what_is_not_stored_is_told_once_and_not_with_every_update",
        "one warning each, not one for every update",
    ),
    Sentence(
        "Options holdings are displayed under canonical-like symbols and not persisted",
        HELD,
        "options_and_what_is_not_in_dollars_is_shown_and_not_stored",
    ),
    Sentence(
        "IB: auto-lookup is attempted once; if still missing, the order is rejected clearly",
        LOOKED_UP,
        "a_failure_is_remembered_by_all_routers",
        "once for all orders and routers, and again after a minute",
    ),
    Sentence(
        "Ambiguous: nothing is written, and the caller gets a clear error",
        LOOKED_UP,
        "an_ambiguous_symbol_is_refused_with_its_candidates_and_what_to_type",
    ),
    Sentence(
        "Webull: fallback to the ticker only when the canonical symbol is allowed",
        LOOKED_UP,
        "an_equity_goes_to_webull_under_its_bare_ticker_and_is_not_looked_up",
        "allowed is an equity in USD",
    ),
    Sentence(
        "`reqContractDetails` is wrapped with a timeout",
        LOOKUPS,
        "a_lookup_that_is_never_answered_ends_with_a_reason",
    ),
)


def rendered() -> str:
    """Return the page."""
    return HEAD + "".join(_row(each) for each in SENTENCES)


def _row(each: Sentence) -> str:
    shown = each.test.replace("_", " ")
    return f"| {each.said} | [{shown}](../{each.path}) | {each.otherwise} |\n"


if __name__ == "__main__":
    DOCUMENT.write_text(rendered(), "utf-8")
