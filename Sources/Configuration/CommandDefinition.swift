import Dispatch

/// A program to run, without a shell.
public struct CommandDefinition: Sendable, Hashable {
  /// The program and its arguments; at least one.
  public var arguments: [Argument]
  /// Added to the worker's own environment. Values may be secrets.
  public var environment: [String: Secret]
  /// The absolute path of the folder to run in; nil for the worker's own.
  public var directory: String?
  /// Values of the params that a request may leave out.
  public var defaults: [String: JSONValue]

  /// A definition.
  public init(
    arguments: [Argument], environment: [String: Secret] = [:], directory: String? = nil,
    defaults: [String: JSONValue] = [:]
  ) {
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
    self.defaults = defaults
  }

  /// A definition of literal arguments.
  public init(_ arguments: [String]) {
    self.init(arguments: arguments.map { Argument(pieces: [.literal($0)]) })
  }

  /// The arguments of one run. A param becomes part of its own argument only, whatever it holds; one that is neither
  /// given nor has a default becomes the empty string.
  public func resolve(params: [String: JSONValue]) -> [String] {
    arguments.map { argument in
      argument.pieces.map { piece in
        switch piece {
        case .literal(let text): return text
        case .secret(let secret): return secret.reveal()
        case .parameter(let name):
          let value = params[name].flatMap { $0 == .null ? nil : $0 } ?? defaults[name]
          return value?.plainText ?? ""
        }
      }.joined()
    }
  }

  /// One argument, put together when a run starts.
  public struct Argument: Sendable, Hashable, CustomStringConvertible {
    /// In order; none for the empty argument.
    public var pieces: [Piece]

    /// An argument.
    public init(pieces: [Piece]) { self.pieces = pieces }

    /// As text, with `${params.name}` for params and what came from the environment or a file hidden.
    public var description: String {
      pieces.map { piece in
        switch piece {
        case .literal(let text): text
        case .secret(let secret): secret.description
        case .parameter(let name): "${params.\(name)}"
        }
      }.joined()
    }
  }

  /// A part of an argument.
  public enum Piece: Sendable, Hashable {
    /// As the file has it.
    case literal(String)
    /// From the environment or a file.
    case secret(Secret)
    /// The value of a declared param.
    case parameter(String)
  }
}
