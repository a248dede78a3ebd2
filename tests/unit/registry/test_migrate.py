"""Which migrations are applied, and which histories are refused."""

from __future__ import annotations

import pytest
from janus_common.errors import ConfigError
from janus_registry.migrate import Applied, pending, read


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "0001_first.sql").write_text("select 1")
    (tmp_path / "0002_second.sql").write_text("select 2")
    return tmp_path


def applied(migrations):
    return [Applied(one.number, one.name, one.sha256) for one in migrations]


def test_a_new_database_needs_all_in_order(folder):
    assert [one.name for one in pending(read(folder), [])] == ["0001_first.sql", "0002_second.sql"]


def test_a_database_needs_only_what_it_has_not(folder):
    known = read(folder)

    assert [one.number for one in pending(known, applied(known[:1]))] == [2]


def test_a_database_that_is_up_to_date_needs_nothing(folder):
    known = read(folder)

    assert pending(known, applied(known)) == []


def test_a_changed_file_is_refused_by_name_with_the_cure(folder):
    done = applied(read(folder))
    (folder / "0001_first.sql").write_text("select 1 ")

    with pytest.raises(ConfigError, match=r"0001_first\.sql was changed .* into a new migration"):
        pending(read(folder), done)


def test_a_database_from_a_newer_version_is_refused(folder):
    done = [*applied(read(folder)), Applied(3, "0003_third.sql", "abc")]

    with pytest.raises(ConfigError, match=r"0003_third\.sql, which this version"):
        pending(read(folder), done)


@pytest.mark.parametrize("name", ["0004_gap.sql", "0002_double.sql"])
def test_numbers_must_count(folder, name):
    (folder / name).write_text("select 3")

    with pytest.raises(ConfigError, match="must count"):
        read(folder)


def test_a_file_with_another_name_is_refused(folder):
    (folder / "third.sql").write_text("select 3")

    with pytest.raises(ConfigError, match="NNNN_name"):
        read(folder)


def test_our_own_migrations_are_well_formed():
    assert [one.number for one in read()] == list(range(1, len(read()) + 1))
