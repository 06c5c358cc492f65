import Configuration
import Dispatch
import FoundationEssentials
import Glibc
import KafkaLog
import Telemetry
import Terminal
import Worker

/// What most commands need: the configuration, connections that are opened when they are asked for, and their end.
struct Context: Sendable {
  let configuration: Configuration
  let settings: KafkaSettings
  let logger: Logger
  /// What to do about a cluster that does not answer.
  var connectionRemedy = "Is it up, and is `kafka.bootstrap` right? `baton check --kafka` tries the connection."

  /// - Throws: `ConfigurationErrors`, with every mistake that the file has.
  init(_ arguments: ParsedArguments) throws {
    let file = try Context.file(arguments.value("config"))
    self.init(try Configuration.load(file: file, environment: Context.environment), timeout: try arguments.timeout())
  }

  /// - Parameter timeout: how long one question to the cluster may take, in milliseconds.
  init(_ configuration: Configuration, timeout: Int = 15_000) {
    self.configuration = configuration
    var settings = KafkaSettings(configuration, clientID: "baton-cli")
    settings.operationTimeoutMilliseconds = timeout
    // What could not be sent by then is not sent later, behind the back of who asked.
    if settings.properties["message.timeout.ms"] == nil { settings.properties["message.timeout.ms"] = String(timeout) }
    self.settings = settings
    // What goes wrong is thrown, with its cause; the client library's own lines would only repeat it.
    logger = .discarding
  }

  static var environment: [String: String] { ProcessInfo.processInfo.environment }

  /// The path of this executable, for the processes that it starts.
  static var executable: String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes { readlink("/proc/self/exe", $0.baseAddress!, $0.count) }
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : CommandLine.arguments[0]
  }

  /// The file that was asked for, or the first of the usual places that exists.
  static func file(_ asked: String?) throws -> String {
    if let asked { return asked }
    let places = ["baton.yaml", "/etc/baton/baton.yaml"]
    for place in places where access(place, R_OK) == 0 { return place }
    throw CommandError(
      "there is no configuration: neither baton.yaml in this folder nor /etc/baton/baton.yaml",
      remedy: "Write one with `baton init`, or name one with --config FILE.", exitCode: 4)
  }

  /// The name under which this person or host gives orders.
  static var user: String {
    let known = environment["SUDO_USER"] ?? environment["USER"] ?? environment["LOGNAME"]
    let name = known ?? getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "uid \(getuid())"
    return name + "@" + hostName
  }

  static var hostName: String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let code = buffer.withUnsafeMutableBytes { gethostname($0.baseAddress!, $0.count - 1) }
    guard code == 0 else { return "localhost" }
    return String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The definition of a job.
  func job(_ name: String) throws -> JobDefinition { try configuration.job(name) }

  /// The jobs of a queue, in the order of the file.
  func jobs(of queue: String) -> [String] {
    configuration.jobOrder.filter { configuration.jobs[$0]?.job.queue == queue }
  }

  /// The queue or job of this name.
  func target(_ text: String) throws -> ControlSnapshot.Target {
    if text.hasPrefix("queue/") { return .queue(try queues(String(text.dropFirst(6)))[0]) }
    if text.hasPrefix("job/") { return .job(try job(String(text.dropFirst(4))).job.name) }
    switch (configuration.queues[text] != nil, configuration.jobs[text] != nil) {
    case (true, false): return .queue(text)
    case (false, true): return .job(text)
    case (true, true):
      throw CommandError("'\(text)' is a queue and a job", remedy: "Write queue/\(text) or job/\(text).", exitCode: 2)
    case (false, false):
      throw CommandError(
        "there is no queue or job '\(text)' in \(configuration.file)",
        remedy: "It has: the queues " + configuration.queueOrder.joined(separator: ", ") + ", and the jobs "
          + configuration.jobOrder.joined(separator: ", "))
    }
  }

  /// The queues that were asked for: the one named, or all.
  func queues(_ name: String?) throws -> [String] {
    guard let name else { return configuration.queueOrder }
    guard configuration.queues[name] != nil else {
      throw CommandError(
        "there is no queue '\(name)' in \(configuration.file)",
        remedy: "It has: " + configuration.queueOrder.joined(separator: ", "))
    }
    return [name]
  }

  /// Opens a reader, and closes it whatever happens.
  /// - Parameter recordBytesMax: what is more of a record is left out.
  func withReader<Result: Sendable>(
    recordBytesMax: Int = RawRecord.bytesMax, _ body: (LogReader) async throws -> Result
  ) async throws -> Result {
    var settings = settings
    // A topic that is missing is told of, and seldom one that was just made: `topics apply` waits until it is known.
    settings.newTopicMilliseconds = min(settings.newTopicMilliseconds, 1_000)
    let reader = try LogReader(settings: settings, recordBytesMax: recordBytesMax, logger: logger)
    do {
      let result = try await body(reader)
      await reader.close()
      return result
    } catch {
      await reader.close()
      throw explained(error)
    }
  }

  /// Opens a producer, and closes it, what was sent being delivered, whatever happens.
  func withProducer<Result: Sendable>(_ body: (Producer) async throws -> Result) async throws -> Result {
    let producer = try Producer(settings: settings, logger: logger)
    do {
      let result = try await body(producer)
      await producer.close(timeoutMilliseconds: 5_000)
      return result
    } catch {
      await producer.close(timeoutMilliseconds: 5_000)
      throw explained(error)
    }
  }

  /// Opens an administrative client, and closes it whatever happens.
  func withAdmin<Result: Sendable>(_ body: (TopicAdmin) async throws -> Result) async throws -> Result {
    let admin = try TopicAdmin(settings: settings, logger: logger)
    do {
      let result = try await body(admin)
      await admin.close()
      return result
    } catch {
      await admin.close()
      throw explained(error)
    }
  }

  /// An error of a cluster that does not answer names the address, and says so first; one of a missing topic names that.
  private func explained(_ error: any Error) -> any Error {
    if let missing = missingTopic(error) { return missing }
    guard let error = error as? KafkaError, error.isTimeout || error.isUnreachable else { return error }
    let unknown = error.outcomeUnknown && error.doing.hasPrefix("send") ? "; it may have been done all the same" : ""
    let seconds = settings.operationTimeoutMilliseconds / 1000
    return CommandError(
      "Kafka at \(configuration.kafka.bootstrap) did not answer within \(seconds) s: cannot \(error.doing)\(unknown)"
        + (error.cause.map { ": \($0)" } ?? ""),
      remedy: connectionRemedy, exitCode: 3)
  }
}

extension Configuration {
  /// The definition of a job.
  /// - Throws: `CommandError`, with the names that there are.
  func job(_ name: String) throws -> JobDefinition {
    if let job = jobs[name] { return job }
    throw CommandError("there is no job '\(name)' in \(file)", remedy: "It has: " + jobOrder.joined(separator: ", "))
  }
}

/// An error of a command, with its remedy.
struct CommandError: UserFacingError, Equatable {
  var message: String
  var remedy: String?
  var exitCode: Int32

  init(_ message: String, remedy: String? = nil, exitCode: Int32 = ExitCode.failure) {
    self.message = message
    self.remedy = remedy
    self.exitCode = exitCode
  }
}

extension ConfigurationErrors: UserFacingError {
  public var message: String {
    problems.map(\.description).joined(separator: "\n")
  }
  public var remedy: String? { nil }
  public var exitCode: Int32 { 4 }
}

extension WorkerError: UserFacingError {
  public var message: String { description }
}

extension KafkaError {
  /// The last trouble that the client library had with a broker, as far as it is more than that no answer came:
  /// `127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection refused`.
  fileprivate var cause: String? {
    var words = message
    // The trouble comes last, after what it was in the way of.
    let starts = [
      "Local: Timed out", "Local: Message timed out", "nothing came in time", "Broker transport failure",
      "All broker connections are down", "Host resolution failure",
    ]
    for start in starts {
      if let found = words.ranges(of: start).last { words = String(words[found.upperBound...]) }
    }
    if let found = words.firstRange(of: " (after ") { words = String(words[..<found.lowerBound]) }
    words = String(words.drop { $0 == ":" || $0 == " " })
    // What the library advises then is of no use.
    if let found = words.firstRange(of: "Invalid response size") {
      words =
        words[..<found.lowerBound] + "the answer is none of Kafka's (another service, or another security.protocol)"
    }
    return words.contains { $0.isLetter } && !words.hasPrefix("(") ? words : nil
  }
}

extension KafkaError: UserFacingError {
  public var message: String { description }
  public var remedy: String? {
    isRetriable ? "Is Kafka up, and is `kafka.bootstrap` right? `baton check --kafka` tries the connection." : nil
  }
  public var exitCode: Int32 { 3 }
}

/// Facts as JSON, one document a line. What a terminal would act on is escaped, which is the same to a program.
func printJSON(_ value: JSONValue, to output: TerminalOutput) { output.line(printableJSON(value.jsonText)) }
