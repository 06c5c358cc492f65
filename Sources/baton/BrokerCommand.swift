import Configuration
import Glibc
import KafkaLog
import Terminal

extension Command {
  /// A broker in memory for `demo`, `dev` and tests: librdkafka's mock cluster in a process of its own.
  static let broker = Command(
    "embedded-broker", summary: "run a broker in memory until standard input ends",
    discussion: "Prints its address, then waits. All that it holds is gone when it ends.",
    options: [Option("topic", value: "NAME", help: "a topic to create, with one partition", repeats: true)],
    examples: [Example("baton embedded-broker --topic test", "for a test")],
    isHidden: true,
    run: { arguments in
      var topics: [String: Int32] = [:]
      for topic in arguments.values("topic") { topics[topic] = 1 }
      if topics.isEmpty, let context = try? Context(arguments) {
        for topic in TopicDeclaration.declarations(for: context.configuration) { topics[topic.name] = 1 }
      }
      let broker = try EmbeddedBroker(topics: topics)
      arguments.output.line(broker.bootstrap)
      arguments.output.flush()
      waitForEndOfInput()
      await broker.close()
      return ExitCode.success
    })
}

/// Blocks until standard input is at its end: the parent has closed it, or is gone.
private func waitForEndOfInput() {
  var byte: UInt8 = 0
  while true {
    let count = read(0, &byte, 1)
    if count == 0 || (count < 0 && errno != EINTR) { return }
  }
}
