import Simulation

/// The command line, read by hand: it has seven options.
struct Options {
  var seed: UInt64?
  var seeds: UInt64 = 1_000
  var from: UInt64 = 0
  /// Schedulers are played instead of workers.
  var areSchedulers = false
  var removed: Protection?
  var removedOfSchedulers: SchedulerProtection?
  var isJSON = false
  var asksForHelp = false

  static let help = """
    usage: baton-simulate [--schedulers] --seed N [--without PROTECTION]
           baton-simulate [--schedulers] [--seeds COUNT] [--from N] [--without PROTECTION] [--json]

    Plays queue machines against a simulated log, group coordinator, runners and sink, with faults, in virtual time.
    With --schedulers, plays several scheduler machines and one queue's instead, in virtual weeks in which clocks change.
    A seed gives the same history every time.

      --seed N              play one seed and tell what happens, a line a step
      --seeds COUNT         play so many, on all cores (1000)
      --from N              the first of them (0)
      --without PROTECTION  take one protection away; a promise must then be seen to break
      --json                print the summary as JSON

    protections: \(Protection.allCases.map(\.rawValue).joined(separator: ", "))
    of schedulers: \(SchedulerProtection.allCases.map(\.rawValue).joined(separator: ", "))
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
    var without: String?
    while let argument = rest.popFirst() {
      switch argument {
      case "--seed": seed = try number(argument)
      case "--seeds": seeds = try number(argument)
      case "--from": from = try number(argument)
      case "--without": without = rest.popFirst() ?? ""
      case "--schedulers": areSchedulers = true
      case "--json": isJSON = true
      case "--help", "-h": asksForHelp = true
      default: throw Problem(message: "unknown argument '\(argument)'")
      }
    }
    guard let without else { return }
    if areSchedulers { removedOfSchedulers = SchedulerProtection(rawValue: without) }
    if !areSchedulers { removed = Protection(rawValue: without) }
    guard removed != nil || removedOfSchedulers != nil else {
      throw Problem(message: "there is no protection '\(without)'")
    }
  }

  struct Problem: Error {
    var message: String
  }
}
