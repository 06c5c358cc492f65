import CPostgres

/// One connection to a PostgreSQL server. Used by one thread at a time; closed explicitly.
final class PostgresConnection {
  private let handle: OpaquePointer
  /// Taken out of every message that leaves this type.
  private let secret: String?

  /// Connects, within 10 s unless the URL says otherwise.
  /// - Parameter applicationName: how the server's list of sessions shows the connection; 63 bytes at most.
  /// - Throws: `SyncFault`, without the password; retriable when the server cannot be reached or is not ready.
  init(url: String, applicationName: String) throws {
    secret = try PostgresConnection.password(in: url)
    // Later keywords go before earlier ones, so the URL may set any of these.
    let keywords = ["connect_timeout", "application_name", "client_encoding", "dbname"]
    let values = ["10", applicationName, "UTF8", url]
    let connected = CStrings.with(keywords) { keywords in
      CStrings.with(values) { values in PQconnectdbParams(keywords, values, 1) }
    }
    guard let handle = connected else { throw SyncFault("no memory for a connection", isRetriable: true) }
    self.handle = handle
    if PQstatus(handle) != CONNECTION_OK {
      let message = redacted(String(cString: PQerrorMessage(handle)))
      let states = refusals(message)
      guard PQstatus(handle) == CONNECTION_OK else {
        PQfinish(handle)
        let words = states.isEmpty ? "" : " (SQLSTATE \(states.joined(separator: ", ")))"
        throw SyncFault(
          "PostgreSQL cannot be reached: \(message)\(words)",
          isRetriable: states.isEmpty
            ? PostgresConnection.isRetriable(connecting: message)
            : states.contains { PostgresConnection.isRetriable(state: $0) })
      }
    }
    do {
      // One form for every value, whatever the role's and the server's own settings are.
      try execute(
        """
        SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET timezone = 'UTC'; SET bytea_output = 'hex';
        SET extra_float_digits = 3; SET standard_conforming_strings = on; SET client_encoding = 'UTF8';
        SET client_min_messages = 'warning'
        """)
    } catch {
      PQfinish(handle)
      throw error
    }
    PQsetNoticeProcessor(handle, { _, _ in }, nil)
  }

  /// The SQLSTATEs of a server that refuses the connection. libpq has them in the text of its detailed messages only, and the
  /// detail can be set on a connection that exists: so it connects once more, and may even succeed.
  /// - Parameter message: what was said first. A server's words follow its severity, in any language, with two spaces between.
  private func refusals(_ message: String) -> [String] {
    guard message.contains(":  ") else { return [] }
    PQsetErrorVerbosity(handle, PQERRORS_VERBOSE)
    PQreset(handle)
    PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
    guard PQstatus(handle) != CONNECTION_OK else { return [] }
    return PostgresConnection.states(in: String(cString: PQerrorMessage(handle)))
  }

  /// What stands in a detailed message as `FATAL:  57P03: the database system is starting up`, once each.
  static func states(in message: String) -> [String] {
    var states: [String] = []
    var rest = Array(message.utf8)[...]
    while let colon = rest.firstIndex(of: UInt8(ascii: ":")) {
      rest = rest[(colon + 1)...]
      guard rest.count >= 8, rest.prefix(2).allSatisfy({ $0 == 0x20 }), rest[colon + 8] == UInt8(ascii: ":") else {
        continue
      }
      let code = rest[colon + 3..<colon + 8]
      let isCode = code.allSatisfy {
        $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") || $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z")
      }
      let state = String(decoding: code, as: UTF8.self)
      if isCode, !states.contains(state) { states.append(state) }
    }
    return states
  }

  /// Such as 150003.
  var serverVersion: Int { Int(PQserverVersion(handle)) }

  func close() { PQfinish(handle) }

  /// Runs one or several commands without parameters; rows are thrown away.
  func execute(_ sql: String) throws {
    let result = PQexec(handle, sql)
    defer { PQclear(result) }
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: return
    default: throw fault(result)
    }
  }

  /// The rows of a small query, each column as text.
  func rows(_ sql: String, _ parameters: [String?] = []) throws -> [[String?]] {
    let result = CStrings.with(parameters) {
      PQexecParams(handle, sql, Int32(parameters.count), nil, $0, nil, nil, 0)
    }
    defer { PQclear(result) }
    switch PQresultStatus(result) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK: break
    default: throw fault(result)
    }
    return (0..<PQntuples(result)).map { row in
      (0..<PQnfields(result)).map { column in
        PQgetisnull(result, row, column) != 0 ? nil : String(cString: PQgetvalue(result, row, column))
      }
    }
  }

  /// The names and types of a query's columns, without running it.
  func describe(_ sql: String) throws -> [(name: String, type: Oid)] {
    let prepared = PQprepare(handle, "", sql, 0, nil)
    defer { PQclear(prepared) }
    guard PQresultStatus(prepared) == PGRES_COMMAND_OK else { throw fault(prepared) }
    let result = PQdescribePrepared(handle, "")
    defer { PQclear(result) }
    guard PQresultStatus(result) == PGRES_COMMAND_OK else { throw fault(result) }
    return (0..<PQnfields(result)).map { (String(cString: PQfname(result, $0)), PQftype(result, $0)) }
  }

  /// Runs `body` in a transaction.
  func transaction<T>(_ body: () throws -> T) throws -> T {
    try execute("BEGIN")
    do {
      let result = try body()
      try execute("COMMIT")
      return result
    } catch {
      // On a lost connection there is nothing to roll back; the server does it.
      PQclear(PQexec(handle, "ROLLBACK"))
      throw error
    }
  }

  // MARK: Streaming

  /// Sends a query whose rows are then taken one by one with `nextResult`.
  /// - Parameter types: one a parameter; 0 leaves the type to the server.
  func stream(_ sql: String, parameters: [String?], types: [Oid]) throws {
    let sent = CStrings.with(parameters) {
      PQsendQueryParams(handle, sql, Int32(parameters.count), types, $0, nil, nil, 0)
    }
    guard sent == 1, PQsetSingleRowMode(handle) == 1 else { throw fault(nil) }
  }

  /// The next result, which the caller clears; nil when the query is over.
  func nextResult() -> OpaquePointer? { PQgetResult(handle) }

  /// Begins `COPY ... FROM STDIN`.
  func beginCopy(_ sql: String) throws {
    let result = PQexec(handle, sql)
    defer { PQclear(result) }
    guard PQresultStatus(result) == PGRES_COPY_IN else { throw fault(result) }
  }

  /// Hands on a piece of the copied text, of any size; it may end within a row.
  func copy(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { raw in
      // libpq takes less than 2 GiB at once.
      var rest = raw[...]
      while !rest.isEmpty {
        let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
        rest = rest.dropFirst(piece.count)
        guard let start = piece.baseAddress else { return }
        let code = PQputCopyData(handle, start.assumingMemoryBound(to: CChar.self), Int32(piece.count))
        guard code == 1 else { throw fault(nil) }
      }
    }
  }

  /// Ends the copy.
  /// - Parameter reason: why the copy is given up, when it is; then nothing of it stays, and nothing is thrown.
  func endCopy(giveUp reason: String? = nil) throws {
    let code = PQputCopyEnd(handle, reason)
    var failure: SyncFault?
    if code != 1 { failure = fault(nil) }
    while let result = PQgetResult(handle) {
      if PQresultStatus(result) != PGRES_COMMAND_OK, failure == nil { failure = fault(result) }
      PQclear(result)
    }
    if let failure, reason == nil { throw failure }
  }

  // MARK: Errors

  /// What the server or libpq said. A missing SQLSTATE means that the connection is gone.
  func fault(_ result: OpaquePointer?) -> SyncFault {
    func field(_ code: Character) -> String? {
      guard let ascii = code.asciiValue, let text = PQresultErrorField(result, Int32(ascii)) else { return nil }
      return redacted(String(cString: text))
    }
    guard let state = field("C") else {
      return SyncFault(
        "the connection to PostgreSQL is lost: \(redacted(String(cString: PQerrorMessage(handle))))", isRetriable: true)
    }
    var message = "PostgreSQL: \(field("M") ?? "an error without a message") (SQLSTATE \(state))"
    // About data (classes 22, 23 and 44) the detail shows values or the whole row, which are not for the events; the row's
    // key is named anyway.
    if let detail = field("D"), !["22", "23", "44"].contains(state.prefix(2)) { message += "; " + detail }
    var fault = SyncFault(message, remedy: field("H"), isRetriable: PostgresConnection.isRetriable(state: state))
    fault.column = field("c")
    fault.state = state
    fault.context = field("W")
    return fault
  }

  /// What another attempt can mend: lost connections, shutdowns, conflicts between transactions, locks, resources.
  static func isRetriable(state: String) -> Bool {
    ["08", "40", "53", "57P", "58"].contains { state.hasPrefix($0) } || ["55P03", "57014", "25P03"].contains(state)
  }

  /// Without a server's refusal: what libpq, in English, says of the network begins so; the rest is about settings.
  private static func isRetriable(connecting message: String) -> Bool {
    ["connection to server", "could not translate"].contains { message.contains($0) }
  }

  private func redacted(_ text: String) -> String {
    var text = text
    if let secret, !secret.isEmpty {
      text = text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "***")
    }
    while text.last?.isWhitespace == true { text.removeLast() }
    return text
  }

  /// - Throws: `SyncFault` for a URL that libpq does not read, in our own words: libpq's would repeat the URL.
  private static func password(in url: String) throws -> String? {
    guard let options = PQconninfoParse(url, nil) else {
      throw SyncFault(
        "the PostgreSQL connection URL cannot be read",
        remedy: "Write postgresql://user@host:port/database; special characters in the password need percent encoding.")
    }
    defer { PQconninfoFree(options) }
    var password: String?
    var option = options
    while let keyword = option.pointee.keyword {
      if String(cString: keyword) == "password", let value = option.pointee.val { password = String(cString: value) }
      option += 1
    }
    return password
  }

  /// A name as SQL writes it.
  static func quoted(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
  }
}

/// Swift strings as the null-terminated array that C takes.
enum CStrings {
  static func with<T>(_ strings: [String?], _ body: ([UnsafePointer<CChar>?]) throws -> T) rethrows -> T {
    var bytes: [CChar] = []
    var offsets: [Int?] = []
    for string in strings {
      guard let string else {
        offsets.append(nil)
        continue
      }
      offsets.append(bytes.count)
      bytes.append(contentsOf: string.utf8.lazy.map { CChar(bitPattern: $0) })
      bytes.append(0)
    }
    return try bytes.withUnsafeBufferPointer { buffer in
      try body(offsets.map { offset in offset.flatMap { buffer.baseAddress?.advanced(by: $0) } } + [nil])
    }
  }
}
