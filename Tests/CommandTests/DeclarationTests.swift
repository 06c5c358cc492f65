import Terminal
import Testing

@testable import baton

@Suite("What the tool declares")
struct DeclarationTests {
  @Test("the declaration is sound")
  func declaration() { #expect(Command.baton.declarationProblems() == []) }

  /// Every command that does something, with the words that call it.
  private static func leaves(_ command: Command, _ path: [String]) -> [(command: Command, path: [String])] {
    if command.isHidden { return [] }
    if command.subcommands.isEmpty { return [(command, path)] }
    return command.subcommands.flatMap { leaves($0, path + [$0.name]) }
  }

  static let paths = leaves(.baton, []).map(\.path)

  @Test("every command has a help with an example", arguments: paths)
  func help(_ path: [String]) async throws {
    let tool = try Tool()
    defer { tool.remove() }
    let outcome = try await tool.shell("$baton \(path.joined(separator: " ")) --help")
    #expect(outcome.status == 0 && outcome.errors.isEmpty)
    #expect(outcome.output.hasPrefix("baton \(path.joined(separator: " ")): "), "\(outcome.output.prefix(100))")
    #expect(outcome.output.contains("Examples:"), "\(path) has no example")
    let command = Self.leaves(.baton, []).first { $0.path == path }?.command
    for example in command?.examples ?? [] {
      let words = "baton \(path.joined(separator: " "))"
      #expect(example.commandLine.contains(words) || path == ["sync"], "\(example.commandLine)")
    }
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  @Test("examples are understood by the parser")
  func examples() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    for (command, _) in Self.leaves(.baton, []) {
      for example in command.examples {
        for part in example.commandLine.replacing("&&", with: ";").split(separator: ";") {
          // Not run, but read: an unknown word or option ends with 2 before anything is done.
          let outcome = try await tool.shell(part.replacing("baton ", with: "$baton ", maxReplacements: 1) + " --help")
          #expect(outcome.status == 0, "\(example.commandLine): \(outcome.errors)")
        }
      }
    }
  }

  @Test("the manual and the completions name every command")
  func manual() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    let manual = try await tool("manual")
    #expect(manual.status == 0)
    for path in Self.paths where path != ["sync"] {
      #expect(manual.output.contains(path.joined(separator: " ")), "\(path)")
    }
    for shell in ["bash", "zsh", "fish"] {
      let completions = try await tool("completions", shell)
      #expect(completions.status == 0 && completions.output.contains("enqueue"), "\(shell)")
      #expect(!completions.output.contains("process-guard"), "\(shell)")
    }
  }
}
