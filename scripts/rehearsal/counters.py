"""Rehearsals of counters in a database: sequences, AUTO_INCREMENT, ticket tables and Leaf's blocks. Firn goes on above them, with a
sequence of its own or with IDs that have a time, and the database goes on above Firn's after the roll-back."""

import time
from pathlib import Path

from databases import MariaDB, Server
from processes import Firn, Taker, expect, repeated

SECONDS = 0.3
BATCH = 100


class PostgresTable:
    """A serial column, whose sequence goes on by itself whatever rows the table has."""

    def __init__(self, server: Server):
        self.server = server

    def make(self, name: str):
        self.server.session().ask(f"CREATE TABLE {name} (id serial PRIMARY KEY, note text)")

    def insert(self, name: str) -> str:
        return f"INSERT INTO {name} (note) SELECT 'old' FROM generate_series(1, {BATCH}) RETURNING id"

    def taken(self, name: str) -> str:
        return f"SELECT last_value FROM {name}_id_seq"

    def bring_ids(self, name: str) -> str:
        return f"ALTER TABLE {name} ALTER COLUMN id TYPE bigint; ALTER TABLE {name} ALTER COLUMN id DROP DEFAULT"

    def go_back(self, name: str, above: int) -> str:
        default = f"ALTER TABLE {name} ALTER COLUMN id SET DEFAULT nextval('{name}_id_seq')"
        return f"ALTER SEQUENCE {name}_id_seq AS bigint; DO $$ BEGIN PERFORM setval('{name}_id_seq', {above}); END $$; {default}"


class MariaTable:
    """AUTO_INCREMENT, which goes on above the highest row that the table ever had."""

    def __init__(self, server: MariaDB):
        self.server = server

    def make(self, name: str):
        self.server.session().ask(f"CREATE TABLE {name} (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, note TEXT)")

    def insert(self, name: str) -> str:
        return f"INSERT INTO {name} (note) SELECT 'old' FROM seq_1_to_{BATCH} RETURNING id"

    def taken(self, name: str) -> str:
        return f"SELECT AUTO_INCREMENT - 1 FROM information_schema.tables WHERE table_schema = 'firn' AND table_name = '{name}'"

    def bring_ids(self, name: str) -> str:
        return f"ALTER TABLE {name} MODIFY id BIGINT NOT NULL"

    def go_back(self, name: str, above: int) -> str:
        return f"ALTER TABLE {name} MODIFY id BIGINT NOT NULL AUTO_INCREMENT, AUTO_INCREMENT = {above}"


def insert_ids(name: str, ids: list[int]) -> str:
    return f"INSERT INTO {name} (id, note) VALUES " + ", ".join(f"({id}, 'new')" for id in ids)


def rehearse(programs: Path, folder: Path, table) -> str:
    firn = Firn(programs, folder)
    with firn.daemon():
        return f"{as_a_counter(firn, table)}; {as_ids_with_time(firn, table)}"


def as_a_counter(firn: Firn, table) -> str:
    """The callers stop; one transaction is still open, and its rows cannot be seen."""
    table.make("orders")
    session, other = table.server.session(), table.server.session()
    caller = Taker(lambda: session.numbers(table.insert("orders")))
    time.sleep(SECONDS)
    theirs = caller.stop()
    hidden = other.numbers(f"BEGIN; {table.insert('orders')}")

    (highest,) = session.numbers("SELECT max(id) FROM orders")
    firn.command("sequence", "create", "wrong", "--start", highest + 1)
    wrong = len(set(firn.tickets("wrong", 1000)) & set(hidden))
    expect(wrong > 0, "max(id) hides no value of an open transaction")

    (taken,) = session.numbers(table.taken("orders"))
    firn.command("sequence", "create", "orders", "--start", taken + 1)
    ours = firn.tickets("orders", 1000)
    session.ask(insert_ids("orders", ours))
    other.ask("COMMIT")
    expect(min(ours) > max(theirs + hidden), f"{min(ours)} is not above {max(theirs + hidden)}")
    expect(repeated(theirs + hidden + ours) == 0, "a number came twice")

    session.ask(table.go_back("orders", firn.reserved_up_to("orders")))
    back = session.numbers(table.insert("orders"))
    expect(min(back) > max(ours), f"after the roll-back {min(back)} is not above {max(ours)}")
    return f"{len(theirs + hidden):,} numbers and {len(ours):,} tickets, 0 twice; from max(id) on {wrong:,} twice"


def as_ids_with_time(firn: Firn, table) -> str:
    """The callers bring IDs. Where the counter follows the table, a caller that brings none gets an ID that Firn gives out."""
    table.make("bills")
    session = table.server.session()
    theirs = session.numbers(table.insert("bills"))
    (taken,) = session.numbers(table.taken("bills"))
    firn.command("store", "adopt", "--above-id", "-", said=f"{taken}\n")
    said = ""
    if isinstance(table, PostgresTable):
        # Both at once, until the default is taken away.
        session.ask("ALTER TABLE bills ALTER COLUMN id TYPE bigint")
        caller = Taker(lambda: session.numbers(table.insert("bills")))
        other = table.server.session()
        ours = []
        for _ in range(5):
            ids = firn.ids(BATCH)
            other.ask(insert_ids("bills", ids))
            ours += ids
        theirs += caller.stop()
    else:
        ours = firn.ids(BATCH)
        session.ask(insert_ids("bills", ours[: BATCH // 2]))
        left = session.numbers("INSERT INTO bills (note) VALUES ('left to the database') RETURNING id")
        expect(left[0] in ours[BATCH // 2 :], f"the counter went on at {left[0]}, and not among {ours}")
        said = "; a row that is left to the database takes an ID of Firn's"
        session.ask(f"DELETE FROM bills WHERE id = {left[0]}")
        session.ask(insert_ids("bills", ours[BATCH // 2 :]))
    session.ask(table.bring_ids("bills"))
    more = firn.ids(BATCH)
    session.ask(insert_ids("bills", more))
    ours += more
    expect(min(ours) > max(theirs), "an ID with a time is not above the counter")
    expect(repeated(theirs + ours) == 0, "an ID came twice")

    session.ask(table.go_back("bills", max(ours) + 1))
    back = session.numbers(table.insert("bills"))
    expect(min(back) > max(ours), f"after the roll-back {min(back)} is not above {max(ours)}")
    return f"{len(theirs):,} numbers and {len(ours):,} IDs with a time, 0 twice{said}"


class TicketServer:
    """Flickr's: one row that is replaced, and the number that it got."""

    TABLE = "CREATE TABLE Tickets64 (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, stub CHAR(1) NOT NULL UNIQUE)"
    TICKET = "REPLACE INTO Tickets64 (stub) VALUES ('a'); SELECT LAST_INSERT_ID()"
    NEXT = "SELECT AUTO_INCREMENT FROM information_schema.tables WHERE table_schema = 'firn' AND table_name = 'Tickets64'"

    def __init__(self, server: MariaDB):
        self.session = server.session()
        self.session.ask(self.TABLE)

    def tickets(self) -> list[int]:
        return self.session.numbers("; ".join([self.TICKET] * 20))

    def next(self) -> int:
        return self.session.numbers(self.NEXT)[0]


def flickr(programs: Path, folder: Path, odd_server: MariaDB, even_server: MariaDB) -> str:
    """The server of even numbers first, while that of odd numbers goes on; then both."""
    firn = Firn(programs, folder)
    odd, even = TicketServer(odd_server), TicketServer(even_server)
    with firn.daemon():
        callers = [Taker(odd.tickets), Taker(even.tickets)]
        time.sleep(SECONDS)
        theirs = callers[1].stop()
        start = even.next()
        firn.command("sequence", "create", "tickets", "--increment", 2, "--offset", 0, "--start", start)
        firn.command("sequence", "create", "wrong", "--increment", 2, "--offset", 1, "--start", start)
        ours, wrong = firn.tickets("tickets", 2000), set(firn.tickets("wrong", 2000))
        callers[0].wait_for(start + 1000)
        ours += firn.tickets("tickets", 2000)
        theirs += callers[0].stop()
        twice = len(wrong & set(theirs))
        expect(twice > 0, "the sequence of odd numbers meets no odd number of the other server")
        expect({id % 2 for id in ours} == {0} and repeated(theirs + ours) == 0, "a number came twice beside the other server")

        above = max(odd.next(), firn.reserved_up_to("tickets"))
        firn.command("sequence", "create", "orders", "--start", above)
        both = firn.tickets("orders", 1000)
        expect(min(both) > max(theirs + ours), f"{min(both)} is not above {max(theirs + ours)}")
        odd.session.ask(f"ALTER TABLE Tickets64 AUTO_INCREMENT = {firn.reserved_up_to('orders')}")
        back = odd.tickets()
        expect(min(back) > max(both), f"after the roll-back {min(back)} is not above {max(both)}")
    counted = f"{len(theirs):,} tickets of two servers, {len(ours + both):,} of Firn's, 0 twice"
    return f"{counted}; with the remainder of the other server {twice:,} twice"


class LeafServer:
    """Leaf's segment mode: blocks of a counter, with the statements of its SegmentIDGenImpl, and one block ahead."""

    def __init__(self, server: MariaDB):
        self.session = server.session()
        self.blocks: list[range] = []

    def take_block(self):
        update = "UPDATE leaf_alloc SET max_id = max_id + step WHERE biz_tag = 'orders'"
        select = "SELECT max_id - step, max_id FROM leaf_alloc WHERE biz_tag = 'orders'"
        (row,) = self.session.ask(f"BEGIN; {update}; {select}; COMMIT")
        self.blocks.append(range(*map(int, row.split("\t"))))

    def ids(self) -> list[int]:
        while len(self.blocks) < 2:
            self.take_block()
        block = self.blocks[0]
        ids, rest = block[:50], block[50:]
        self.blocks[:1] = [rest] if rest else []
        return list(ids)


def leaf(programs: Path, folder: Path, server: MariaDB) -> str:
    """Two servers of Leaf, which stop before max_id is read; and once they do not."""
    firn = Firn(programs, folder)
    session = server.session()
    session.ask("CREATE TABLE leaf_alloc (biz_tag VARCHAR(128) PRIMARY KEY, max_id BIGINT NOT NULL DEFAULT 1, step INT NOT NULL)")
    session.ask("INSERT INTO leaf_alloc VALUES ('orders', 1, 1000)")
    start = "SELECT max_id + 1 FROM leaf_alloc WHERE biz_tag = 'orders'"
    with firn.daemon():
        callers = [Taker(LeafServer(server).ids) for _ in range(2)]
        time.sleep(SECONDS)
        (early,) = session.numbers(start)
        firn.command("sequence", "create", "wrong", "--start", early)
        wrong = set(firn.tickets("wrong", 5000))
        for caller in callers:
            caller.wait_for(early + 2000)
        theirs = [id for caller in callers for id in caller.stop()]
        twice = len(wrong & set(theirs))
        expect(twice > 0, "servers that run on take no block above max_id")

        firn.command("sequence", "create", "orders", "--start", session.numbers(start)[0])
        ours = firn.tickets("orders", 1000)
        expect(min(ours) > max(theirs) and repeated(theirs + ours) == 0, f"{min(ours)} is not above {max(theirs)}")
        above = firn.reserved_up_to("orders")
        session.ask(f"UPDATE leaf_alloc SET max_id = greatest(max_id, {above}) WHERE biz_tag = 'orders'")
        back = LeafServer(server).ids()
        expect(min(back) > max(ours), f"after the roll-back {min(back)} is not above {max(ours)}")
    return f"{len(theirs):,} IDs of two servers, {len(ours):,} tickets, 0 twice; from max_id on while they run {twice:,} twice"
