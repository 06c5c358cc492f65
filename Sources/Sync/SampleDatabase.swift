import Glibc

/// The sample that `dev` and `demo` run on: a table of persons in SQLite, and its copy for the search page.
public enum SampleDatabase {
  private static let table =
    "CREATE TABLE person (id INTEGER PRIMARY KEY, given_name TEXT NOT NULL, family_name TEXT NOT NULL, born TEXT)"
  private static let given = [
    "Ada", "Alan", "Barbara", "Dennis", "Edsger", "Frances", "Grace", "Hedy", "Jean", "Ken", "Leslie", "Margaret",
    "Niklaus", "Radia", "Tony",
  ]
  private static let family = [
    "Allen", "Dijkstra", "Hamilton", "Hoare", "Hopper", "Lamarr", "Lamport", "Liskov", "Lovelace", "Perlman",
    "Ritchie", "Sammet", "Thompson", "Turing", "Wirth", "Ängström", "Øster",
  ]

  /// Makes a source database with a table `person` of as many rows. Equal calls make equal rows.
  /// - Throws: an error that names the file, also when there is something else in it.
  public static func makePersons(at path: String, count: Int) throws {
    try make(path)
    let database = try SQLiteConnection(path: path, access: .writing)
    defer { database.close() }
    try database.execute("PRAGMA synchronous = OFF")
    try database.execute(table)
    try database.transaction {
      let insert = try database.prepare("INSERT INTO person VALUES (?, ?, ?, ?)")
      defer { insert.finalize() }
      for id in 1...max(1, count) {
        // Ids with gaps, as real ones have.
        try insert.bind(.integer(Int64(id) * 3), at: 1)
        try insert.bind(.text(Array(given[id % given.count].utf8)), at: 2)
        try insert.bind(.text(Array((family[id / given.count % family.count] + " \(id)").utf8)), at: 3)
        try insert.bind(.text(Array("19\(10 + id % 90)-0\(1 + id % 9)-1\(id % 10)".utf8)), at: 4)
        try insert.run()
      }
    }
  }

  /// Makes the database that the copy goes to.
  /// - Parameter countsRows: whether `rowsGiven` shall know what each attempt hands over, at some cost for each row.
  public static func makeEmptyPersons(at path: String, countsRows: Bool = false) throws {
    try make(path)
    let database = try SQLiteConnection(path: path, access: .writing)
    defer { database.close() }
    try database.execute("PRAGMA journal_mode = WAL")
    try database.execute(
      "CREATE TABLE IF NOT EXISTS person (id INTEGER PRIMARY KEY, given_name TEXT NOT NULL, family_name TEXT NOT NULL)")
    guard countsRows else { return }
    // SQLite wants to know all that the triggers name before it takes a statement.
    try database.execute(SQLiteFence.definition)
    try database.execute("CREATE TABLE given (token INTEGER PRIMARY KEY, run TEXT NOT NULL, rows INTEGER NOT NULL)")
    // A row that comes again is updated, even if nothing of it changes. A chunk finds its own token in the fence.
    for event in ["INSERT", "UPDATE"] {
      try database.execute(
        """
        CREATE TRIGGER given_\(event) AFTER \(event) ON person BEGIN
          INSERT INTO given SELECT token, run, 1 FROM baton_fence WHERE true
            ON CONFLICT (token) DO UPDATE SET rows = rows + 1;
        END
        """)
    }
  }

  /// The rows that a run has handed to a sink that counts them, one number for each attempt that handed over any, in order.
  /// Only what was committed counts, and a sink of one queue is meant.
  public static func rowsGiven(to sink: String, by run: String) throws -> [Int64] {
    let database = try SQLiteConnection(path: sink, access: .reading)
    defer { database.close() }
    return try database.rows("SELECT rows FROM given WHERE run = ?1 ORDER BY token", [run])
      .compactMap { $0[0].flatMap { Int64($0) } }
  }

  /// How the copy compares with its source, row by row.
  public struct Comparison: Sendable, Hashable {
    /// Rows.
    public var source: Int64
    public var sink: Int64
    /// Rows of the sink whose id another row has too.
    public var duplicates: Int64
    /// Rows that are in one and not, or not so, in the other.
    public var differing: Int64

    public init(source: Int64, sink: Int64, duplicates: Int64, differing: Int64) {
      (self.source, self.sink) = (source, sink)
      (self.duplicates, self.differing) = (duplicates, differing)
    }
  }

  public static func comparePersons(source: String, sink: String) throws -> Comparison {
    let database = try SQLiteConnection(path: sink, access: .writing)
    defer { database.close() }
    let attach = try database.prepare("ATTACH ? AS source")
    try attach.bind(.text(Array(source.utf8)), at: 1)
    try attach.run()
    attach.finalize()
    func number(_ sql: String) throws -> Int64 {
      try database.rows(sql).first?.first.flatMap { $0 }.flatMap { Int64($0) } ?? -1
    }
    let columns = "id, given_name, family_name"
    return Comparison(
      source: try number("SELECT count(*) FROM source.person"),
      sink: try number("SELECT count(*) FROM main.person"),
      duplicates: try number("SELECT count(*) - count(DISTINCT id) FROM main.person"),
      differing: try number(
        """
        SELECT (SELECT count(*) FROM (SELECT \(columns) FROM source.person EXCEPT SELECT \(columns) FROM main.person))
             + (SELECT count(*) FROM (SELECT \(columns) FROM main.person EXCEPT SELECT \(columns) FROM source.person))
        """))
  }

  /// A connection never makes a file, so it is made here: an empty file is an empty database.
  private static func make(_ path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw SyncFault("the sample database \(path) cannot be made: \(String(cString: strerror(errno)))")
    }
    close(descriptor)
  }
}
