"""What hurts users of other systems at IB and Webull, as requirements on Janus, each with its test.

``python -m tests.rules.pains`` writes docs/pains.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "pains.md"
HEAD = """\
# What Janus promises where other systems hurt

Requirements that stand in public issue threads about trading at Interactive Brokers and Webull, and the test that shows each.
`make pains` writes this page from `tests/rules/pains.py`; a rule holds that every test named here exists, is run, and asserts something.

| requirement | asked for in | test |
|---|---|---|
"""
IB = "tests/integration/ib_worker/"
WEBULL = "tests/integration/webull_worker/"
WORKER = "tests/integration/worker/"
UNIT = "tests/unit/worker/"


@dataclass(frozen=True)
class Pain:
    """One requirement; ``test`` is a path, two colons and a name."""

    promise: str
    threads: str
    test: str


def _ib(file: str, name: str) -> str:
    return f"{IB}{file}.py::test_{name}"


def _worker(file: str, name: str) -> str:
    return f"{WORKER}{file}.py::test_{name}"


def _unit(file: str, name: str) -> str:
    return f"{UNIT}{file}.py::test_{name}"


PAINS = (
    Pain(
        "A nightly restart of the gateway is waited out, for ever",
        "nautechsystems/nautilus_trader#1622",
        _ib("test_faults_session", "the_nightly_reset_is_survived_and_no_id_is_used_twice"),
    ),
    Pain(
        "A client id that is still in use is waited for, never replaced by another",
        "nautechsystems/nautilus_trader#3796, ib-api-reloaded/ib_async#152",
        _ib("test_faults_session", "a_client_id_in_use_is_waited_for_and_never_changed"),
    ),
    Pain(
        "A broken data farm is said, and orders go on over the same session",
        "nautechsystems/nautilus_trader#4412",
        _ib(
            "test_faults_session",
            "a_broken_data_farm_is_said_and_orders_go_on",
        ),
    ),
    Pain(
        "Lines tick again after a reconnect",
        "nautechsystems/nautilus_trader#1933, vnpy/vnpy#2921",
        _ib("test_faults", "after_data_was_lost_lines_tick_again"),
    ),
    Pain(
        "A gateway that accepts and says nothing is given up within 15 s",
        "gnzsnz/ib-gateway-docker#336, deepentropy/ibx#113",
        _ib("test_mute_gateway", "a_mute_socket_is_down_within_fifteen_seconds"),
    ),
    Pain(
        "Order ids that the gateway has forgotten are not used again",
        "QuantConnect/Lean.Brokerages.InteractiveBrokers#242",
        _ib("test_faults_session", "ids_that_the_gateway_has_forgotten_are_not_used_again"),
    ),
    Pain(
        "A competing session stops ticks, and no order",
        "QuantConnect/Lean.Brokerages.InteractiveBrokers#140",
        _ib("test_faults_data", "a_competing_session_stops_the_ticks_and_no_order"),
    ),
    Pain(
        "A competing session is shown as degraded data, with the broker's words",
        "extrange/ibkr-docker#64",
        _ib("test_sessions", "a_competing_session_is_shown_and_said_until_ticks_come_again"),
    ),
    Pain(
        "A login that goes on waiting, for a second factor or anything else, calls a person once",
        "gnzsnz/ib-gateway-docker#15",
        _worker("test_states", "a_broker_that_stays_away_calls_a_person_once"),
    ),
    Pain(
        "States are published in order: down, connecting, syncing, ready",
        "QuantConnect/Lean.Brokerages.InteractiveBrokers#129, QuantConnect/Lean#9496",
        _ib("test_faults_session", "a_cut_socket_is_opened_again_and_the_gap_said"),
    ),
    Pain(
        "Where something may have been missed, a gap is said and then a snapshot",
        "wboayue/rust-ibapi#777",
        _worker("test_fills", "after_a_time_of_not_hearing_a_gap_is_said_and_then_a_snapshot"),
    ),
    Pain(
        "A retry under the same id never gives a second order, also across a kill",
        "bennycode/trading-signals#1178",
        _ib("test_deaths", "a_retry_across_a_kill_gives_one_order"),
    ),
    Pain(
        "An order that the broker swallows is in doubt, then proved unsent",
        "QuantConnect/Lean.Brokerages.InteractiveBrokers#93",
        _ib(
            "test_faults_orders",
            "a_swallowed_order_is_in_doubt_until_it_is_proved_that_it_never_arrived",
        ),
    ),
    Pain(
        "An order whose answer is cut off is found, not sent again",
        "deepentropy/ibx#116, marketcalls/openalgo#721",
        _ib(
            "test_faults_orders",
            "an_order_whose_answer_was_cut_off_is_found_and_never_sent_again",
        ),
    ),
    Pain(
        "After a restart own orders are known as own, and can be canceled",
        "nautechsystems/nautilus_trader#5057, #3176",
        _ib("test_deaths", "a_killed_worker_comes_back_and_adopts_its_orders"),
    ),
    Pain(
        "A report is matched by our reference, the session's id, or the broker's",
        "nautechsystems/nautilus_trader#4970",
        _unit("test_book", "a_report_finds_its_order"),
    ),
    Pain(
        "A change of which nothing is heard is asked about, and never makes a second order",
        "nautechsystems/nautilus_trader#4564",
        _ib("test_faults_changes", "a_swallowed_change_is_asked_about_and_the_order_is_one"),
    ),
    Pain(
        "A refused change leaves the order as it was",
        "erdewit/ib_insync#502",
        _ib("test_faults_changes", "a_refused_change_leaves_the_order_as_it_was_and_at_work"),
    ),
    Pain(
        "Notices such as 399 and 10349 are remarks on an order that lives",
        "ib-api-reloaded/ib_async#191, #217, pst-group/pysystemtrade#1580",
        _ib("test_faults_orders", "a_notice_about_an_order_is_a_remark_on_it_and_no_state"),
    ),
    Pain(
        "A refused cancel is taken back at once, and can be asked again",
        "QuantConnect/Lean.Brokerages.InteractiveBrokers#248, erdewit/ib_insync#656",
        _ib("test_faults_orders", "a_refused_cancel_is_taken_back_and_can_be_asked_again"),
    ),
    Pain(
        "A refusal by code ends a new order with the broker's words",
        "QuantConnect/Lean.Brokerages.InteractiveBrokers#245",
        _ib("test_faults_orders", "a_refusal_ends_an_order_with_the_brokers_words"),
    ),
    Pain(
        "A bracket is one intent: all of it or nothing, whatever dies",
        "nautechsystems/nautilus_trader#2245",
        _ib("test_group_deaths", "killed_at_random_moments_a_bracket_lives_whole_or_not_at_all"),
    ),
    Pain(
        "The orders of a bracket inherit what the first one says",
        "nautechsystems/nautilus_trader#2623",
        _ib("test_brackets", "legs_inherit_what_their_order_says"),
    ),
    Pain(
        "A position that has lost its protective order is an alarm",
        "deepentropy/ibx#113",
        _worker("test_families", "a_refused_exit_of_a_filled_entry_is_told_and_the_other_stays"),
    ),
    Pain(
        "An order that came after the fill of its group does not stay",
        "nautechsystems/nautilus_trader#2978",
        _ib("test_groups", "an_order_that_came_after_the_fill_of_its_group_does_not_stay"),
    ),
    Pain(
        "Pacing never drops an order silently: cancels go first, the rest waits or is denied",
        "nautechsystems/nautilus_trader#1526",
        _unit("test_pacing", "a_cancel_overtakes_orders_and_questions_that_wait"),
    ),
    Pain(
        "Orders made elsewhere are shown, under the broker's permanent id",
        "erdewit/ib_insync#415, nautechsystems/nautilus_trader#3465",
        _unit("test_book", "a_foreign_order_is_shown_under_the_brokers_id"),
    ),
    Pain(
        "Their executions are published too",
        "nautechsystems/nautilus_trader#1190",
        _worker("test_fills", "the_execution_of_an_order_made_elsewhere_is_published"),
    ),
    Pain(
        "Executions during an outage are found after it",
        "QuantConnect/Lean.Brokerages.InteractiveBrokers#249",
        _ib("test_fill_storm", "after_a_storm_fills_fees_orders_and_positions_are_the_truths"),
    ),
    Pain(
        "Fills need no status",
        "QuantConnect/Lean#851",
        _worker("test_desk", "a_fill_that_no_status_told_is_found_by_the_sweep"),
    ),
    Pain(
        "What the gateway no longer tells is on the stream: yesterday's correction is no new fill",
        "erdewit/ib_insync#483, #364",
        _worker("test_fills", "the_correction_of_an_execution_of_days_ago_is_no_second_fill"),
    ),
    Pain(
        "A fee is unknown until it comes, and comes in the end",
        "pst-group/pysystemtrade#1661, wboayue/rust-ibapi#256",
        _ib("test_faults", "a_fee_that_was_lost_or_late_comes_in_the_end"),
    ),
    Pain(
        "A corrected execution replaces the first form",
        "erdewit/ib_insync#364",
        _ib("test_faults", "a_corrected_execution_is_a_correction_and_no_second_fill"),
    ),
    Pain(
        "A combination's fills are not counted twice: its legs' are what counts",
        "erdewit/ib_insync#36",
        "tests/unit/ib_worker/test_taps.py::test_a_combination_is_the_fills_of_its_legs",
    ),
    Pain(
        "A split changes the position as the broker says, and is neither a fill nor a profit",
        "QuantConnect/Lean#5325",
        _ib("test_sessions", "a_split_changes_the_position_as_the_broker_says_and_is_no_fill"),
    ),
    Pain(
        "Accounts under one login never mix or block each other",
        "erdewit/ib_insync#197, #204, pst-group/pysystemtrade#1264",
        _ib("test_sessions", "two_workers_of_one_login_trade_the_same_symbol_and_mix_nothing"),
    ),
    Pain(
        "Absence in a complete answer is a position of zero",
        "nautechsystems/nautilus_trader#3023",
        _worker("test_desk", "a_position_that_is_gone_is_zero"),
    ),
    Pain(
        "A stream of trade events that is alive and never tells an order loses no fill",
        "webull-inc/webull-openapi-python-sdk#13, #8",
        f"{WEBULL}test_events.py::test_fills_equal_the_truth_however_events_come",
    ),
    Pain(
        "A stream that breaks is opened again, and everything is looked at",
        "webull-inc/webull-openapi-python-sdk#15",
        f"{WEBULL}test_events.py::test_a_stream_that_ends_is_opened_again",
    ),
    Pain(
        "The pins of one broker's SDK bind its own worker and nobody else",
        "webull-inc/webull-openapi-python-sdk#18",
        "tests/rules/test_locks.py::test_nobody_else_has_them",
    ),
    Pain(
        "A symbol that several instruments share is refused with its candidates; none is guessed",
        "QuantConnect/Lean.Brokerages.InteractiveBrokers#141, #221, erdewit/ib_insync#649, #539, "
        "TradingGoose/TradingGoose-Studio#215",
        "tests/integration/registry/test_venue.py::test_symbols_of_all_kinds_are_filled_skipped_"
        "and_refused_as_the_venue_lists_them",
    ),
    Pain(
        "A stop outside regular hours is refused before it is sent, with what there is instead",
        "tedchou12/webull#428, #295",
        "tests/unit/janus_common/test_capabilities.py::"
        "test_webull_trades_limits_alone_outside_regular_hours",
    ),
)


def rendered() -> str:
    """Return the page."""
    return HEAD + "".join(_row(pain) for pain in PAINS)


def _row(pain: Pain) -> str:
    path, _, name = pain.test.partition("::")
    words = name.removeprefix("test_").replace("_", " ")
    return f"| {pain.promise} | {pain.threads} | [{words}](../{path}) |\n"


if __name__ == "__main__":
    DOCUMENT.write_text(rendered(), "utf-8")
