"""A source and a sink with a table `person`, and what the sink was given, for SQLite and for PostgreSQL."""

import pathlib
import sqlite3
import subprocess

PROJECT = pathlib.Path(__file__).resolve().parents[2]
GIVEN = ["Ada", "Alan", "Barbara", "Dennis", "Edsger", "Frances", "Grace", "Hedy", "Jean", "Ken", "Leslie", "Radia"]
FAMILY = ["Allen", "Dijkstra", "Hamilton", "Hoare", "Hopper", "Lamarr", "Liskov", "Perlman", "Wirth", "Ängström"]
QUERY = "SELECT id, given_name, family_name, born FROM person"


# Whose rows are just being written: a chunk raises no fence, but it finds its own run and token in it, in its transaction.
FENCE = "SELECT run, token FROM baton_fence WHERE queue = 'nightly'"


class Comparison:
    """How the sink compares with the source, and how many rows each attempt has handed to it."""

    def __init__(self, source, sink, duplicates, differing, given):
        self.source = source
        self.sink = sink
        self.duplicates = duplicates
        self.differing = differing
        # (run, token, rows), by token: the rows that were committed under it, also such as changed nothing.
        self._given = given

    def given(self, run):
        """Rows that the run's attempts handed to the sink, one number for each attempt that handed over any."""
        return [rows for name, _, rows in self._given if name == run]

    def written_twice(self, run):
        """Rows that the run handed to the sink beyond one for each row of the source; below 0 if it did too few."""
        return sum(self.given(run)) - self.source


class SQLitePair:
    """Two SQLite files."""

    name = "SQLite"

    def __init__(self, folder):
        self.source = pathlib.Path(folder) / "source.db"
        self.sink = pathlib.Path(folder) / "sink.db"

    def start(self):
        pass

    def destroy(self):
        pass

    def connections(self):
        return {"tis": f"sqlite:{self.source}", "search": f"sqlite:{self.sink}"}

    def make(self, rows, counts=True):
        for path in (self.source, self.sink):
            for suffix in ("", "-wal", "-shm"):
                pathlib.Path(f"{path}{suffix}").unlink(missing_ok=True)
        table = (
            "CREATE TABLE person (id INTEGER PRIMARY KEY, given_name TEXT NOT NULL, family_name TEXT NOT NULL, born TEXT)"
        )
        with sqlite3.connect(self.source) as source:
            source.execute("PRAGMA synchronous = OFF")
            source.execute(table)
            source.executemany("INSERT INTO person VALUES (?, ?, ?, ?)", persons(rows))
        source.close()
        sink = sqlite3.connect(self.sink)
        sink.execute("PRAGMA journal_mode = WAL")
        sink.execute(table)
        sink.execute(
            "CREATE TABLE given (run TEXT NOT NULL, token INTEGER PRIMARY KEY, rows INTEGER NOT NULL)"
        )
        if counts:
            # As the sink makes it: SQLite wants to know all that the triggers name before it takes a statement.
            sink.execute(
                "CREATE TABLE baton_fence (queue TEXT NOT NULL PRIMARY KEY, token INTEGER NOT NULL, run TEXT NOT NULL, "
                "cursor TEXT, rows INTEGER NOT NULL, complete INTEGER NOT NULL DEFAULT 0, updated TEXT NOT NULL)"
            )
            # A row is inserted or updated, and updated also when nothing of it changes.
            for event in ("INSERT", "UPDATE"):
                sink.execute(
                    f"CREATE TRIGGER count_{event} AFTER {event} ON person BEGIN "
                    f"INSERT INTO given (run, token, rows) SELECT run, token, 1 FROM ({FENCE}) WHERE true "
                    "ON CONFLICT (token) DO UPDATE SET rows = rows + 1; END"
                )
        sink.commit()
        sink.close()

    def progress(self):
        """Rows that the sink's fence counts for the run in hand; 0 before there is one."""
        return self.progress_of("nightly")

    def progress_of(self, queue):
        sink = sqlite3.connect(f"file:{self.sink}?mode=ro", uri=True)
        try:
            row = sink.execute("SELECT rows FROM baton_fence WHERE queue = ?", (queue,)).fetchone()
            return row[0] if row else 0
        except sqlite3.OperationalError:
            return 0
        finally:
            sink.close()

    def compare(self):
        sink = sqlite3.connect(self.sink)
        sink.execute("ATTACH ? AS source", (str(self.source),))

        def number(sql):
            return sink.execute(sql).fetchone()[0]

        columns = "id, given_name, family_name, born"
        result = Comparison(
            number("SELECT count(*) FROM source.person"),
            number("SELECT count(*) FROM main.person"),
            number("SELECT count(*) - count(DISTINCT id) FROM main.person"),
            number(
                f"SELECT (SELECT count(*) FROM (SELECT {columns} FROM source.person EXCEPT SELECT {columns} FROM person))"
                f" + (SELECT count(*) FROM (SELECT {columns} FROM person EXCEPT SELECT {columns} FROM source.person))"
            ),
            sink.execute("SELECT run, token, rows FROM given ORDER BY token").fetchall(),
        )
        sink.close()
        return result


class PostgresPair:
    """Two databases of a PostgreSQL server that `scripts/postgres` starts."""

    name = "PostgreSQL"

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / "postgres"
        self.script = PROJECT / "scripts" / "postgres"
        self._watch = None

    def start(self):
        self.url = self._script("start", "--fast")
        # psql's own answers, not the user's settings.
        self.psql(None, "CREATE DATABASE tis", "CREATE DATABASE search")

    def destroy(self):
        self._end_watch()
        self._script("destroy")

    def _script(self, *arguments):
        verb, *rest = arguments
        command = [str(self.script), verb, "--dir", str(self.folder), *rest]
        # It tells of its own troubles.
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"scripts/postgres {verb} ended with {done.returncode}")
        return done.stdout.strip()

    def database(self, name):
        return self.url.replace("/postgres?", f"/{name}?", 1)

    def connections(self):
        return {"tis": self.database("tis"), "search": self.database("search")}

    def psql(self, database, *statements):
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.database(database) if database else self.url]
        for statement in statements:
            command += ["-c", statement]
        done = subprocess.run(command, text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr}")
        return done.stdout.strip()

    def make(self, rows, counts=True):
        table = (
            "CREATE TABLE person (id bigint PRIMARY KEY, given_name text NOT NULL, family_name text NOT NULL, born date)"
        )
        given = "ARRAY[" + ", ".join(f"'{name}'" for name in GIVEN) + "]"
        family = "ARRAY[" + ", ".join(f"'{name}'" for name in FAMILY) + "]"
        self._end_watch()
        for name in ("tis", "search"):
            self.psql(name, "DROP TABLE IF EXISTS person, given, baton_fence", table)
        self.psql(
            "tis",
            f"INSERT INTO person SELECT n * 3, ({given})[1 + n % {len(GIVEN)}], ({family})[1 + n % {len(FAMILY)}] || ' ' || n, "
            f"date '1920-01-01' + n % 30000 FROM generate_series(1, {rows}) AS n",
            "ANALYZE person",
        )
        self.psql("search", "CREATE TABLE given (run text NOT NULL, token bigint NOT NULL, rows bigint NOT NULL)")
        if counts:
            # The sink's statement leaves alone what is as it should be, so neither a transition table nor a trigger on
            # UPDATE sees a row that comes again. A trigger before the insertion is told of every row that is offered. The
            # count is kept in the transaction: a row a statement, not a version of a counter for each person.
            self.psql(
                "search",
                "CREATE OR REPLACE FUNCTION count_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                "PERFORM set_config('given.rows', (coalesce(nullif(current_setting('given.rows', true), ''), '0')::bigint + 1)"
                "::text, true); RETURN NEW; END $$",
                "CREATE OR REPLACE FUNCTION note_rows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                "INSERT INTO given SELECT run, token, coalesce(nullif(current_setting('given.rows', true), ''), '0')::bigint "
                f"FROM ({FENCE}) AS fence; PERFORM set_config('given.rows', '0', true); RETURN NULL; END $$",
                "CREATE TRIGGER count_row BEFORE INSERT ON person FOR EACH ROW EXECUTE FUNCTION count_row()",
                "CREATE TRIGGER note_rows AFTER INSERT ON person FOR EACH STATEMENT EXECUTE FUNCTION note_rows()",
            )

    def progress(self):
        """Rows that the sink's fence counts for the run in hand; 0 before there is one."""
        if self._watch is None:
            self._watch = subprocess.Popen(
                ["psql", "-X", "-q", "-A", "-t", self.database("search")],
                text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )
        exists = self._ask("SELECT to_regclass('baton_fence') IS NOT NULL;")
        if exists != "t":
            return 0
        return int(self._ask("SELECT coalesce(max(rows), 0) FROM baton_fence WHERE queue = 'nightly';"))

    def _ask(self, statement):
        self._watch.stdin.write(statement + "\n")
        self._watch.stdin.flush()
        return self._watch.stdout.readline().strip()

    def _end_watch(self):
        if self._watch is not None:
            self._watch.stdin.close()
            self._watch.wait()
            self._watch = None

    def compare(self):
        differing = 0
        # Both in the order of the key: what one has and the other has not, or not so, is found as the two go by.
        left, right = (self._rows(name) for name in ("tis", "search"))
        ours, theirs = next(left, None), next(right, None)
        while ours is not None or theirs is not None:
            if ours == theirs:
                ours, theirs = next(left, None), next(right, None)
                continue
            differing += 1
            first, second = key_of(ours), key_of(theirs)
            if first <= second:
                ours = next(left, None)
            if second <= first:
                theirs = next(right, None)
        return Comparison(
            int(self.psql("tis", "SELECT count(*) FROM person")),
            int(self.psql("search", "SELECT count(*) FROM person")),
            int(self.psql("search", "SELECT count(*) - count(DISTINCT id) FROM person")),
            differing,
            [
                (run, int(token), int(rows))
                for run, token, rows in (
                    line.rsplit("|", 2)
                    for line in self.psql(
                        "search", "SELECT run, token, sum(rows) FROM given GROUP BY run, token ORDER BY token"
                    ).splitlines()
                )
            ],
        )

    def _rows(self, name):
        columns = "id, given_name, family_name, born"
        command = ["psql", "-X", "-q", self.database(name), "-c", f"COPY (SELECT {columns} FROM person ORDER BY id) TO STDOUT"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            yield from process.stdout
        # Two tables that cannot be read would be equal.
        if process.returncode != 0:
            raise RuntimeError(f"psql cannot read person of {name}: status {process.returncode}")


def key_of(line):
    """The key that a copied row begins with; beyond all keys at the end."""
    return float("inf") if line is None else int(line.split(b"\t", 1)[0])


def persons(rows):
    for number in range(1, rows + 1):
        # Ids with gaps, as real ones have.
        yield (
            number * 3,
            GIVEN[number % len(GIVEN)],
            f"{FAMILY[number % len(FAMILY)]} {number}",
            f"19{10 + number % 90}-0{1 + number % 9}-1{number % 10}",
        )


def make_pair(folder, postgres):
    return PostgresPair(folder) if postgres else SQLitePair(folder)
