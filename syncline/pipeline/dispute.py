"""Dispute: several rows at the source want one key at the destination (R14)."""

from __future__ import annotations

from syncline.changes import columns, keys
from syncline.engine import Engine
from syncline.pipeline.work import Work
from syncline.statement import listed, literal

TAKEN = "its key at the destination is that of another row"
TWICE = "two different rows with one key are made of it"
REASON = "_reason"


def settle(engine: Engine, work: Work, asked: str | None) -> bool:
    """Add the rows that lose to the engine's table `failed`; whether some rows of `made` stand twice.

    Who holds a key keeps it, else the first row has it. A row that loses one key fails as a whole and keeps what was
    sent of it, which may be in a third one's way; so this goes on until nobody loses. Then those are let in again who
    lost to nobody but such as lost themselves.

    `asked` names the rows that are looked at, as in `sent`; None: all are.
    """
    key, origin = listed(keys(work.kept)), listed(work.origin)
    taken = f"SELECT {key} FROM made a JOIN sent b USING ({key}) WHERE {_apart(work)}"
    engine.run(f"CREATE TEMP TABLE twice AS SELECT {key} FROM made GROUP BY {key} HAVING count(*) > 1")
    engine.run(f"CREATE TEMP TABLE disputed AS SELECT {key} FROM twice UNION {taken}")
    if not engine.number("SELECT count(*) FROM disputed"):
        return False
    both = listed(list(dict.fromkeys([*keys(work.kept), *work.origin])))
    engine.run(f"CREATE TEMP TABLE claims AS SELECT DISTINCT {both} FROM made SEMI JOIN disputed USING ({key})")
    engine.run(f"CREATE TEMP TABLE holders AS SELECT {both} FROM sent SEMI JOIN disputed USING ({key})")
    unlike = f"GROUP BY {both} HAVING count(DISTINCT row({listed(columns(work.kept))})) > 1"
    own = f"SELECT DISTINCT {origin} FROM (SELECT {both} FROM made SEMI JOIN twice USING ({key}) {unlike})"
    engine.run(f"INSERT INTO failed SELECT *, {literal(TWICE)} FROM ({own}) ANTI JOIN failed USING ({origin})")
    others = "" if asked is None else f" UNION SELECT * FROM holders ANTI JOIN ({asked}) USING ({origin})"
    engine.run(f"CREATE TEMP VIEW keeping AS SELECT * FROM holders SEMI JOIN failed USING ({origin}){others}")
    engine.run(f"CREATE TEMP VIEW claiming AS SELECT * FROM claims ANTI JOIN failed USING ({origin})")
    while engine.number(f"SELECT count(*) FROM ({_losers(work)})"):
        engine.run(f"INSERT INTO failed SELECT *, {literal(TAKEN)} FROM ({_losers(work)})")
    same = listed([f"failed.{name} = again.{name}" for name in work.origin], " AND ")
    while engine.number(f"SELECT count(*) FROM ({_again(work)})"):
        engine.run(f"DELETE FROM failed USING ({_again(work)}) again WHERE {same}")
    return engine.number("SELECT count(*) FROM twice") > 0


def _apart(work: Work) -> str:
    return listed([f"a.{name} IS DISTINCT FROM b.{name}" for name in work.origin], " OR ")


def _losers(work: Work) -> str:
    """The rows that want a key which another one keeps, or has the better claim to."""
    mine, wanted = listed([f"a.{name}" for name in work.origin]), listed([f"a.{name}" for name in keys(work.kept)])
    same = listed([f"a.{name} = b.{name}" for name in dict.fromkeys([*keys(work.kept), *work.origin])], " AND ")
    rank = f"row_number() OVER (PARTITION BY {wanted} ORDER BY b.{work.origin[0]} IS NULL, {mine})"
    better = f"SELECT {mine} FROM claiming a LEFT JOIN holders b ON {same} QUALIFY {rank} > 1"
    return f"{_against(work, 'claiming', 'keeping')} UNION {better}"


def _again(work: Work) -> str:
    """The first of those who lost, and in whose way nobody is any more."""
    origin = listed(work.origin)
    lost = f"(SELECT * FROM claims SEMI JOIN (SELECT * FROM failed WHERE {REASON} = {literal(TAKEN)}) USING ({origin}))"
    hopeless = f"{_against(work, lost, 'claiming')} UNION {_against(work, lost, 'keeping')}"
    free = f"SELECT * FROM {lost} ANTI JOIN ({hopeless}) USING ({origin})"
    rank = f"row_number() OVER (PARTITION BY {listed(keys(work.kept))} ORDER BY {origin})"
    later = f"SELECT {origin} FROM ({free}) QUALIFY {rank} > 1"
    return f"SELECT DISTINCT {origin} FROM ({free}) ANTI JOIN ({later}) USING ({origin})"


def _against(work: Work, these: str, others: str) -> str:
    """The rows among `these` that want a key which one of the others has."""
    mine = listed([f"a.{name}" for name in work.origin])
    return f"SELECT {mine} FROM {these} a JOIN {others} b USING ({listed(keys(work.kept))}) WHERE {_apart(work)}"
