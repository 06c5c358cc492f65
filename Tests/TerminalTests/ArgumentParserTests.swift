import Testing

@testable import Terminal

@Suite struct ArgumentParserTests {
  @Test(arguments: [
    ["--config", "x.yaml", "enqueue", "job"], ["--config=x.yaml", "enqueue", "job"],
    ["enqueue", "-c", "x.yaml", "job"],
    ["enqueue", "job", "-cx.yaml"], ["enqueue", "job", "-c=x.yaml"], ["enqueue", "--config", "x.yaml", "--", "job"],
    ["-vc", "x.yaml", "enqueue", "job"], ["enqueue", "-wvcx.yaml", "job"],
  ])
  func sharedOptionsAreReadInEveryFormAndPlace(line: [String]) throws {
    let arguments = try parse(line)
    #expect(arguments.value("config") == "x.yaml")
    #expect(arguments.argument("JOB") == "job")
    #expect(arguments.commandPath == ["baton", "enqueue"])
    #expect(arguments.flag("wait") == line.contains("-wvcx.yaml"))
  }

  @Test func valuesCanBeEmptyHaveEqualsSignsAndLookLikeNumbersOrUnknownOptions() throws {
    #expect(try parse("enqueue", "j", "--config=").value("config") == "")
    #expect(try parse("enqueue", "j", "--config=a=b").value("config") == "a=b")
    #expect(try parse("enqueue", "j", "--priority", "-5").integer("priority") == -5)
    #expect(try parse("enqueue", "j", "--config", "-").value("config") == "-")
    #expect(try parse("enqueue", "j", "--config", "--strange").value("config") == "--strange")
    #expect(try parse("enqueue", "j", "--config=--json").value("config") == "--json")
  }

  @Test func positionalsMayBeDashesNumbersAndWhatFollowsTwoDashes() throws {
    #expect(try parse("enqueue", "-").argument("JOB") == "-")
    #expect(try parse("enqueue", "-5").argument("JOB") == "-5")
    #expect(try parse("enqueue", "-.5").argument("JOB") == "-.5")
    #expect(try parse("enqueue", "--", "--json").argument("JOB") == "--json")
    #expect(try parse("topics", "apply", "a", "--", "-b", "--").arguments("TOPIC") == ["a", "-b", "--"])
    #expect(try parse("enqueue", "").argument("JOB") == "")
  }

  @Test func repeatedOptionsKeepTheirOrderAndFlagsCount() throws {
    let arguments = try parse("-v", "enqueue", "-p", "b=1", "j", "-vv", "--param=a=2", "--json")
    #expect(arguments.values("param") == ["b=1", "a=2"])
    #expect(arguments.count("verbose") == 3)
    #expect(arguments.flag("json"))
    #expect(!arguments.flag("wait"))
    #expect(try arguments.pairs("param").map { $0.key + ":" + $0.value } == ["b:1", "a:2"])
  }

  @Test func whatIsNotGivenHasItsDefault() throws {
    let arguments = try parse("enqueue", "j")
    #expect(arguments.value("config") == nil)
    #expect(arguments.values("param") == [])
    #expect(try arguments.integer("priority") == 5)
    #expect(try arguments.number("weight") == nil)
    #expect(arguments.value("origin") == "cli")
    #expect(try parse("topics", "apply").arguments("TOPIC") == [])
    #expect(try parse("topics", "apply").optionalArgument("TOPIC") == nil)
  }

  @Test func restIsWhatFollowsTwoDashes() throws {
    let arguments = try parse("exec", "single", "--", "ls", "-l", "--", "x")
    #expect(arguments.rest == ["ls", "-l", "--", "x"])
    #expect(arguments.argument("SHAPE") == "single")
    #expect(arguments.optionalArgument("FILE") == nil)
    #expect(usageError(["exec", "single"])?.message == "COMMAND is missing after --")
    #expect(usageError(["exec", "single", "--"])?.message == "COMMAND is missing after --")
  }

  @Test(
    arguments: [
      (["enqeue", "j"], #"unknown command "enqeue""#, "did you mean baton enqueue?"),
      (["topics", "paln"], #"unknown command "paln""#, "did you mean baton topics plan?"),
      (["topics", "zzz"], #"unknown command "zzz""#, "commands: plan, apply"),
      (["help", "enq"], #"unknown command "enq""#, "did you mean baton enqueue?"),
      ([], "baton needs a command", "commands: enqueue, topics, exec, manual, completions"),
      (["topics"], "baton topics needs a command", "commands: plan, apply"),
      (["enqueue", "j", "--jsn"], #"unknown option "--jsn" for baton enqueue"#, "did you mean --json?"),
      (["enqueue", "j", "--hlep"], #"unknown option "--hlep" for baton enqueue"#, "did you mean --help?"),
      (["enqueue", "j", "--zzzzzz=1"], #"unknown option "--zzzzzz" for baton enqueue"#, nil),
      (["enqueue", "j", "--secre=1"], #"unknown option "--secre" for baton enqueue"#, nil),
      (["enqueue", "j", "-wz"], #"unknown option "-z" for baton enqueue"#, nil),
      (
        ["--json", "enqueue", "j"], #"unknown option "--json" for baton"#,
        "write it after its command: baton enqueue --json"
      ),
      (["enqueue", "j", "--config"], "--config needs a value", "write --config FILE"),
      (["enqueue", "j", "-c"], "-c needs a value", "write --config FILE"),
      (["enqueue", "j", "--config", "--json"], "--config needs a value", "write --config FILE"),
      (["enqueue", "--config", "--", "j"], "--config needs a value", "write --config FILE"),
      (["enqueue", "--config", "-w", "j"], "--config needs a value", "write --config FILE"),
      (["enqueue", "--config", "--help"], "--config needs a value", "write --config FILE"),
      (["enqueue", "j", "--json=yes"], "--json takes no value", "write --json alone, or leave it out"),
      (["-ca", "enqueue", "j", "-cb"], "--config is given twice", "give it once"),
      (["enqueue", "j", "--origin", "appi"], #"--origin: unknown value "appi""#, "did you mean api?"),
      (["enqueue", "j", "--origin", "x"], #"--origin: unknown value "x""#, "give one of cli, api, chain"),
      (["enqueue"], "JOB is missing", "usage: baton enqueue [OPTIONS] JOB"),
      (["enqueue", "a", "b"], #"unexpected argument "b""#, "usage: baton enqueue [OPTIONS] JOB"),
      (["exec", "Single", "--", "x"], #"SHAPE: unknown value "Single""#, "did you mean single?"),
      (["\u{1B}[2J\n"], #"unknown command "\u{1b}[2J\n""#, "commands: enqueue, topics, exec, manual, completions"),
    ] as [([String], String, String?)])
  func whatIsWrongIsSaidWithItsRemedy(line: [String], message: String, remedy: String?) {
    let error = usageError(line)
    #expect(error?.message == message)
    #expect(error?.remedy == remedy)
    #expect(error?.exitCode == 2)
    #expect(error?.commandPath.first == "baton")
  }

  @Test func numbersAreCheckedWithTheirPlaceAndRange() throws {
    func message(_ value: String, _ read: (ParsedArguments) throws -> Any?) throws -> String? {
      let arguments = try parse("enqueue", "j", "--priority", value, "--weight", value)
      do {
        _ = try read(arguments)
        return nil
      } catch let error as UsageError {
        #expect(error.commandPath == ["baton", "enqueue"])
        return error.message + "; " + (error.remedy ?? "")
      }
    }
    for text in ["many", "", "1.5", "9999999999999999999", " 1"] {
      #expect(
        try message(text) { try $0.integer("priority") }
          == "--priority: \"\(text)\" is not a whole number; give it as in --priority 100")
    }
    #expect(try message("7") { try $0.integer("priority", in: 0...9) } == nil)
    #expect(
      try message("10") { try $0.integer("priority", in: 0...9) }
        == "--priority: 10 is out of range; give a number from 0 to 9")
    #expect(
      try message("0") { try $0.integer("priority", in: 1...Int.max) }
        == "--priority: 0 is out of range; give a number of at least 1")
    for text in ["x", "inf", "nan", ""] {
      #expect(
        try message(text) { try $0.number("weight") }
          == "--weight: \"\(text)\" is not a number; give it as in --weight 0.5")
    }
    #expect(try parse("enqueue", "j", "--weight", "2.5").number("weight") == 2.5)
  }

  @Test func pairsAreChecked() throws {
    let pairs = try parse("enqueue", "j", "-p", "a=", "-p", "b=c=d").pairs("param")
    #expect(pairs.map(\.key) == ["a", "b"])
    #expect(pairs.map(\.value) == ["", "c=d"])
    for bad in [["-p", "a"], ["-p", "=a"], ["-p", "a=1", "-p", "a=2"]] {
      #expect(throws: UsageError.self) { try parse(["enqueue", "j"] + bad).pairs("param") }
    }
  }

  @Test func aNearerOptionHidesTheFartherOne() throws {
    let inner = Command(
      "inner", summary: "s",
      options: [
        Option("level", short: "l", value: "X", help: "near", defaultValue: "near"),
        Option("high", short: "h", help: "takes the letter of help"),
      ], run: { _ in 0 })
    let root = Command(
      "tool", summary: "s",
      options: [
        Option("level", value: "X", help: "far", defaultValue: "far"), Option("long", short: "l", help: "far"),
      ], subcommands: [inner])
    let arguments = try parse(["inner", "-l", "1", "--long", "-h"], of: root)
    #expect(arguments.value("level") == "1")
    #expect(arguments.flag("long"))
    #expect(arguments.flag("high"))
    #expect(try parse(["inner"], of: root).value("level") == "near")
  }

  @Test func askingForWhatIsNotDeclaredTraps() async {
    await #expect(processExitsWith: .failure) { _ = try parse("enqueue", "j").flag("undeclared") }
    await #expect(processExitsWith: .failure) { _ = try parse("enqueue", "j").value("json") }
    await #expect(processExitsWith: .failure) { _ = try parse("enqueue", "j").flag("config") }
    await #expect(processExitsWith: .failure) { _ = try parse("enqueue", "j").arguments("RUN") }
  }

  @Test(
    arguments: [
      ("enqueu", "enqueue"), ("neqeuue", "enqueue"), ("nqeeuue", nil), ("enq", "enqueue"), ("ENQUEUE", "enqueue"),
      ("reusme", "resume"),
      ("x", nil), ("", nil), ("completely-different", nil), ("paus", "pause"), ("la", "lag"),
      (String(repeating: "a", count: 10_000), nil),
    ] as [(String, String?)])
  func theNearestWordIsSuggestedWhenItIsNear(word: String, expected: String?) {
    #expect(nearest(to: word, among: ["enqueue", "pause", "resume", "lag", "dead"]) == expected)
  }

  @Test(arguments: [("", "", 0), ("a", "", 1), ("abc", "acb", 1), ("kitten", "sitting", 3), ("ab", "ab", 0)])
  func typingDistanceCountsSlips(a: String, b: String, distance: Int) {
    #expect(typingDistance(Array(a), Array(b)) == distance)
    #expect(typingDistance(Array(b), Array(a)) == distance)
  }
}
