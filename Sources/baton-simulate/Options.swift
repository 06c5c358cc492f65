import Simulation

/// The command line, read by hand: it has six options.
struct Options {
  var seed: UInt64?
  var seeds: UInt64 = 1_000
  var from: UInt64 = 0
  var removed: Protection?
  var isJSON = false
  var asksForHelp = false

  static let help = """
    usage: baton-simulate --seed N [--without PROTECTION]
           baton-simulate [--seeds COUNT] [--from N] [--without PROTECTION] [--json]

    Plays queue machines against a simulated log, group coordinator, runners and sink, with faults, in virtual time.
    A seed gives the same history every time.

      --seed N              play one seed and tell what happens, a line a step
      --seeds COUNT         play so many, on all cores (1000)
      --from N              the first of them (0)
      --without PROTECTION  take one protection away; a promise must then be seen to break
      --json                print the summary as JSON

    protections: \(Protection.allCases.map(\.rawValue).joined(separator: ", "))
    exit status: 0 every promise held, 1 one was broken, 2 the command line is wrong
    """

  init(_ arguments: ArraySlice<String>) throws(Problem) {
    var rest = arguments
    func number(_ name: String) throws(Problem) -> UInt64 {
      guard let text = rest.popFirst(), let value = UInt64(text) else {
        throw Problem(message: "\(name) needs a whole number")
      }
      return value
    }
    while let argument = rest.popFirst() {
      switch argument {
      case "--seed": seed = try number(argument)
      case "--seeds": seeds = try number(argument)
      case "--from": from = try number(argument)
      case "--without":
        let name = rest.popFirst() ?? ""
        guard let protection = Protection(rawValue: name) else {
          throw Problem(message: "there is no protection '\(name)'")
        }
        removed = protection
      case "--json": isJSON = true
      case "--help", "-h": asksForHelp = true
      default: throw Problem(message: "unknown argument '\(argument)'")
      }
    }
  }

  struct Problem: Error {
    var message: String
  }
}
