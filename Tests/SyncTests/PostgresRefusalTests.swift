import ChunkProtocol
import Glibc
import Testing

@testable import Sync

/// A server that refuses a connection in a language of its own.
@Suite struct PostgresRefusalTests {
  private struct Server {
    let listener: Int32
    let thread: WorkThread

    func close() {
      shutdown(listener, Int32(SHUT_RDWR))
      thread.join()
      _ = Glibc.close(listener)
    }
  }

  /// Answers each connection with one error, on a socket in a folder.
  private static func refuse(
    in folder: TemporaryFolder, severity: String, state: String, message: String
  ) throws -> Server {
    let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array(folder.path(".s.PGSQL.5432").utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    let code = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, size) }
    }
    guard code == 0, listen(listener, 4) == 0 else { throw SyncFault("no socket at \(folder.path(""))") }
    var fields: [UInt8] = []
    for (kind, text) in [("S", severity), ("V", "FATAL"), ("C", state), ("M", message), ("F", "postmaster.c")] {
      fields += Array(kind.utf8) + Array(text.utf8) + [0]
    }
    fields.append(0)
    let length = UInt32(fields.count + 4)
    let answer =
      [UInt8(ascii: "E")] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32($0))) } + fields
    let thread = try WorkThread {
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        var request = [UInt8](repeating: 0, count: 4096)
        _ = read(connection, &request, request.count)
        _ = write(connection, answer, answer.count)
        _ = Glibc.close(connection)
      }
    }
    return Server(listener: listener, thread: thread)
  }

  @Test(arguments: [
    ("FATAL", "57P03", "das Datenbanksystem startet", true),
    ("FATAL", "53300", "tut mir leid, schon zu viele Verbindungen", true),
    ("ВАЖНО", "57P01", "закрытие подключения по команде администратора", true),
    ("FATAL", "3D000", "Datenbank »nirgends« existiert nicht", false),
    ("FATAL", "28P01", "Passwort-Authentifizierung für Benutzer »starting up« fehlgeschlagen", false),
  ]) func aRefusalIsJudgedByItsState(_ severity: String, _ state: String, _ message: String, _ isRetriable: Bool) throws
  {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let server = try PostgresRefusalTests.refuse(
      in: folder, severity: severity, state: state, message: message)
    defer { server.close() }
    let failure = #expect(throws: SyncFault.self) {
      try PostgresConnection(url: "host=\(folder.path("")) port=5432 user=x dbname=y", applicationName: "tests")
    }
    #expect(failure?.isRetriable == isRetriable, "\(failure?.message ?? "")")
    #expect(failure?.message.contains(message) == true)
    #expect(failure?.message.hasSuffix("(SQLSTATE \(state))") == true, "\(failure?.message ?? "")")
    #expect(failure?.message.contains("postmaster.c") == false)
  }

  @Test func statesAreFoundInAMessageOfSeveralHosts() {
    #expect(
      PostgresConnection.states(
        in: "connection to server at \"a\", port 1 failed: FATAL:  57P03: x\nLOCATION:  f, g.c:1\n"
          + "connection to server at \"b\" failed: FATAL:  3D000: x: y\nconnection to server failed: FATAL:  57P03: x")
        == ["57P03", "3D000"])
    #expect(PostgresConnection.states(in: "a:  12345") == [])
    #expect(PostgresConnection.states(in: ":  1234x: ::  ") == [])
  }
}
