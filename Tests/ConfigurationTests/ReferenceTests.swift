import Dispatch
import Glibc
import Testing

@testable import Configuration

@Suite("References: environment, files, params")
struct ReferenceTests {
  private func description(_ text: String, _ environment: [String: String] = [:]) throws -> String? {
    try parse(
      "kafka: {bootstrap: a}\nqueues:\n  q:\n    description: \(text)", environment: environment
    ).queues["q"]?.description
  }

  @Test(
    "what they stand for",
    arguments: [
      ("${A}", "one"), ("x ${A}-${A} y", "x one-one y"), ("\"${B:-two}\"", "two"), ("'${EMPTY:-three}'", "three"),
      ("'${A:-two}'", "one"), ("x${EMPTY}", "x"), ("x${B:-}", "x"), ("'$$'", "$"), ("$${A}", "${A}"),
      ("$$${A}", "$one"), ("a $ b $1 $", "a $ b $1 $"), ("'${B:-a:b-c d}'", "a:b-c d"), ("\"${B:-$$5}\"", "$5"),
      ("${DOLLARS}", "${A} $$ ${nope"), ("\"\\x24{A}\"", "one"), ("|\n      ${A}\n      two", "one\ntwo"),
      ("ä ${A} 🙂", "ä one 🙂"),
    ])
  func values(text: String, value: String) throws {
    let environment = ["A": "one", "EMPTY": "", "DOLLARS": "${A} $$ ${nope"]
    #expect(try description(text, environment) == value)
  }

  @Test("a reference takes the type that is wanted, in quotes or not")
  func types() throws {
    let definition = try job(
      """
      queue: "${QUEUE}"
      run: [x]
      attempts: "${ATTEMPTS:-7}"
      timeout: ${TIMEOUT}
      memory: "${MEMORY:-64}MiB"
      when-waiting: ${WAITING:-coalesce}
      params: {p: {type: boolean, default: "${FLAG}"}}
      """, environment: ["QUEUE": "reports", "TIMEOUT": "5s", "FLAG": "false"])
    #expect(definition.job.queue == "reports")
    #expect(definition.job.attempts == 7)
    #expect(definition.job.timeoutMilliseconds == 5_000)
    #expect(definition.memoryBytes == 64 << 20)
    #expect(definition.job.whenWaiting == .coalesce)
    #expect(definition.job.parameters.first?.defaultValue == .boolean(false))
  }

  @Test("a number from the environment is a string where one is wanted")
  func numberAsString() throws {
    #expect(try description("${N}", ["N": "5"]) == "5")
  }

  @Test("errors point at the reference, in scalars of any style")
  func places() {
    let text = """
      kafka: {bootstrap: a}
      queues:
        a: {description: plain}
        b: {description: "ä ${ONE} and ${TWO}"}
        c:
          description: over $
            two lines ${THREE}
        d:
          description: | # costs $5 ${NO}
            first $$ line
              ${FOUR} 🙂 ${FIVE
        e: {description: "\\u0024{SIX}"}
        f: {description: "\\tx ${SEVEN}"}
        g: {description: 'it''s ${EIGHT}'}
      """
    #expect(
      problems(text).map { $0.prefix { $0 != ";" } } == [
        "4:23: environment variable 'ONE' is not set", "4:34: environment variable 'TWO' is not set",
        "7:17: environment variable 'THREE' is not set",
        "11:9: environment variable 'FOUR' is not set", "11:19: '${' without '}'",
        "12:20: environment variable 'SIX' is not set",
        "13:25: environment variable 'SEVEN' is not set",
        "14:27: environment variable 'EIGHT' is not set",
      ])
  }

  @Test(
    "what is no reference",
    arguments: [
      ("${}", "'${' before something that is no reference"), ("${a-b}", "'${' before something that is no reference"),
      ("${1}", "'${' before something that is no reference"), ("${A:x}", "'${' before something that is no reference"),
      ("${file:}", "'${' before something that is no reference"),
      ("${params.}", "'${' before something that is no reference"),
      ("${params.a-b}", "'${' before something that is no reference"), ("${A", "'${' without '}'"),
      ("${A:-${B}}", "a reference inside a reference"),
      ("${params.x}", "'description' in queue 'q' has '${params.x}'"),
    ])
  func malformed(text: String, message: String) {
    let found = problems("kafka: {bootstrap: a}\nqueues: {q: {description: 'é \(text)'}}")
    #expect(found.map { $0.prefix { $0 != ";" } } == ["2:30: \(message)"])
  }

  @Test("a variable that is nearly right is suggested")
  func nearlyRight() {
    let found = problems("kafka: {bootstrap: '${BATON_KAFAK}'}", environment: ["BATON_KAFKA": "a", "HOME": "/"])
    #expect(found == ["1:21: environment variable 'BATON_KAFAK' is not set; did you mean 'BATON_KAFKA'?"])
  }

  @Test("params in a command: declared, never the program, one argument whatever they hold")
  func params() throws {
    let definition = try job(
      """
      queue: nightly
      run: ["/bin/x", "--date=${params.date}", "${params.note}", "$$HOME ${WHERE} ${params.n}", ""]
      params: {date: date, note: {default: "a b"}, n: number}
      """, environment: ["WHERE": "${params.date}"])
    guard case .command(let command) = definition.work else {
      Issue.record("no command")
      return
    }
    #expect(
      command.resolve(params: ["date": .string("2026-01-01"), "note": .string("; rm -rf / \"$x\" ${params.n}")])
        == ["/bin/x", "--date=2026-01-01", "; rm -rf / \"$x\" ${params.n}", "$HOME ${params.date} ", ""])
    #expect(
      command.resolve(params: ["n": .number(1.5), "note": .null])
        == ["/bin/x", "--date=", "a b", "$HOME ${params.date} 1.5", ""])
  }

  @Test("undeclared params and a program from a request are refused")
  func undeclared() {
    #expect(
      jobProblems(
        "queue: nightly\nrun: [\"${params.date}\", \"a ${params.daet}\", \"${params.x}\"]\nparams: {date: date}")
        == [
          "2:8: the program of 'run' in job 'j' comes from a request; name the program here: who may send requests may not choose what is started",
          "2:28: an argument of 'run' in job 'j' uses the undeclared param 'daet'; did you mean 'params.date'?",
          "2:46: an argument of 'run' in job 'j' uses the undeclared param 'x'; declare it: params: {x: {type: string}}",
        ])
  }

  @Test("files: trimmed of one line end, relative to the configuration, with the system's reason when unreadable")
  func files() throws {
    try withFolder { folder in
      write("s3cret\n\n", to: folder + "/secret")
      write("zero\0byte", to: folder + "/zero")
      write("win\r\n", to: folder + "/windows")
      func load(_ text: String) throws -> Configuration {
        try Configuration.parse(text: "kafka: {bootstrap: a}\n" + text, file: folder + "/baton.yaml", environment: [:])
      }
      let configuration = try load(
        "queues: {a: {description: '${file:secret}'}, b: {description: '${file:\(folder)/windows}'}}")
      #expect(configuration.queues["a"]?.description == "s3cret\n")
      #expect(configuration.queues["b"]?.description == "win")
      let errors = #expect(throws: ConfigurationErrors.self) {
        try load(
          "queues: {a: {description: '${file:none}'}, b: {description: '${file:zero}'}, c: {description: '${file:/}'}}")
      }
      #expect(
        errors?.problems.map(\.message) == [
          "file 'none' cannot be read: No such file or directory", "file 'zero' holds a zero byte",
          "file '/' cannot be read: Is a directory",
        ])
      #expect(errors?.problems.map(\.column) == [28, 62, 96])
    }
  }

  @Test("load: a missing file, a file that is not UTF-8, and one that is right")
  func load() throws {
    try withFolder { folder in
      let file = folder + "/baton.yaml"
      func messages() -> [String] {
        do throws(ConfigurationErrors) {
          _ = try Configuration.load(file: file, environment: [:])
          return []
        } catch { return error.problems.map { "\($0.line):\($0.column): \($0.message)" } }
      }
      #expect(messages() == ["1:1: cannot be read: No such file or directory"])
      write([UInt8]("kafka: {bootstrap: a}\n# ä ".utf8) + [0xE4, 0x0A], to: file)
      #expect(messages() == ["2:5: a byte that is not UTF-8"])
      write("kafka: {bootstrap: a}\nconnections: {c: 'sqlite:./c.db'}\n", to: file)
      let connection = try Configuration.load(file: file, environment: [:]).connections["c"]
      #expect(connection == .sqlite(path: folder + "/c.db"))
      write([UInt8](repeating: 0x23, count: (4 << 20) + 1), to: file)
      #expect(messages() == ["1:1: cannot be read: it has more than 4194304 bytes"])
    }
  }

  @Test("relative paths start at the file's folder, which is absolute even if the file is not")
  func paths() {
    #expect(Path.folder(of: "/baton.yaml") == "/")
    #expect(Path.folder(of: "/etc/baton/baton.yaml") == "/etc/baton")
    #expect(Path.folder(of: "baton.yaml").hasPrefix("/"))
    #expect(Path.folder(of: "x/baton.yaml") == Path.folder(of: "baton.yaml") + "/x")
    #expect(Path.resolve("a", in: "/") == "/a")
    #expect(Path.resolve("././a/../b", in: "/x") == "/x/a/../b")
    #expect(Path.resolve(".", in: "/x") == "/x" && Path.resolve("./", in: "/x") == "/x")
  }
}

/// A folder that is there for the body only.
func withFolder(_ body: (String) throws -> Void) throws {
  var template = Array("/tmp/baton-configuration-XXXXXX".utf8CString)
  try #require(mkdtemp(&template) != nil)
  let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  defer {
    if let stream = opendir(folder) {
      while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
          $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        unlink(folder + "/" + name)
      }
      closedir(stream)
    }
    rmdir(folder)
  }
  try body(folder)
}

func write(_ text: String, to path: String) { write(Array(text.utf8), to: path) }

func write(_ bytes: [UInt8], to path: String) {
  let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  #expect(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
  close(descriptor)
}
