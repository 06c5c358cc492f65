import Testing

@Suite("Which target imports what")
struct ImportTests {
  /// The arrows of the design: what each target may import of the package. `Package.swift` says the same.
  static let allowed: [String: [String]] = [
    "CRdkafka": [], "CPostgres": [], "CSQLite": [], "CYAML": [], "CProcess": [],
    "Dispatch": [],
    "Scheduling": [],
    "Telemetry": [],
    "Terminal": [],
    "Messages": ["Dispatch"],
    "ChunkProtocol": ["Dispatch"],
    "Configuration": ["Dispatch", "Scheduling", "CYAML"],
    "KafkaLog": ["CRdkafka", "Telemetry"],
    "RunnerProcess": ["CProcess"],
    "Sync": ["Dispatch", "ChunkProtocol", "CPostgres", "CSQLite"],
    "Worker": [
      "Dispatch", "Messages", "ChunkProtocol", "Configuration", "KafkaLog", "RunnerProcess", "Telemetry",
    ],
    "Scheduler": ["Dispatch", "Scheduling", "Messages", "Configuration", "KafkaLog", "Telemetry", "Worker"],
    "Simulation": ["Dispatch", "Scheduling"],
    "baton": [
      "Dispatch", "Scheduling", "Messages", "ChunkProtocol", "Configuration", "KafkaLog", "RunnerProcess", "Telemetry",
      "Terminal", "Worker", "Scheduler", "Sync",
    ],
    "baton-simulate": ["Dispatch", "Simulation", "Terminal"],
    "baton-benchmark": [
      "Dispatch", "Messages", "Configuration", "KafkaLog", "RunnerProcess", "Telemetry", "Terminal",
    ],
    "DispatchTests": ["Dispatch"],
    "SchedulingTests": ["Scheduling"],
    "MessagesTests": ["Messages", "Dispatch"],
    "TelemetryTests": ["Telemetry"],
    "TerminalTests": ["Terminal"],
    "ChunkProtocolTests": ["ChunkProtocol", "Dispatch"],
    "ConfigurationTests": ["Configuration", "Dispatch", "Scheduling"],
    "KafkaLogTests": ["KafkaLog", "Telemetry", "baton"],
    "RunnerProcessTests": ["RunnerProcess", "CProcess"],
    "SyncTests": ["Sync", "ChunkProtocol", "Dispatch"],
    "WorkerTests": [
      "Worker", "Scheduler", "Scheduling", "Messages", "Dispatch", "Configuration", "KafkaLog", "Telemetry",
      "ChunkProtocol", "baton",
    ],
    "SimulationTests": ["Simulation", "Dispatch"],
    "StructureTests": [],
    "CommandTests": ["baton", "Terminal", "KafkaLog", "Telemetry"],
  ]

  /// What comes with the toolchain and may be imported anywhere but in the core.
  static let system = ["Glibc", "FoundationEssentials", "Synchronization"]

  @Test("Package.swift declares these targets with these dependencies")
  func manifest() throws {
    let targets = Manifest(try SourceTree.text("Package.swift")).targets
    #expect(targets.count > 20)
    for target in targets {
      #expect(Self.allowed[target.name] != nil, "\(target.name) is not in the table of this test")
      #expect(
        target.dependencies.sorted() == Self.allowed[target.name, default: []].sorted(), "target \(target.name)")
    }
  }

  @Test("every target has its folder, and every folder its target")
  func folders() throws {
    let manifest = Manifest(try SourceTree.text("Package.swift"))
    for target in manifest.targets {
      let folder =
        switch target.kind {
        case "systemLibrary": "Sources/System/\(target.name)"
        case "testTarget": "Tests/\(target.name)"
        default: "Sources/\(target.name)"
        }
      #expect(SourceTree.isFolder(folder), "\(folder) is missing")
    }
    for file in try SourceTree.swiftFiles("Sources") + SourceTree.swiftFiles("Tests") {
      #expect(Self.allowed[target(of: file)] != nil, "\(file.path) belongs to no target")
    }
  }

  @Test("no file imports what its target may not")
  func imports() throws {
    for file in try SourceTree.swiftFiles("Sources") + SourceTree.swiftFiles("Tests") {
      let target = target(of: file)
      var modules = Self.allowed[target, default: []]
      if target != "Dispatch" { modules += Self.system }
      // Tests need no small binary, and Foundation has processes and a second JSON parser to compare with.
      if file.path.hasPrefix("Tests/") { modules += ["Testing", "Foundation"] }
      for (line, module) in file.imports where !modules.contains(module) {
        Issue.record("\(file.path):\(line): \(target) may not import \(module)")
      }
    }
  }

  @Test("the core imports nothing at all")
  func core() throws {
    let files = try SourceTree.swiftFiles("Sources/Dispatch")
    #expect(!files.isEmpty)
    for file in files { #expect(file.imports.isEmpty, "\(file.path)") }
  }

  @Test("each C library is imported by one module alone")
  func libraries() throws {
    var users: [String: Set<String>] = [:]
    for file in try SourceTree.swiftFiles("Sources") {
      for (_, module) in file.imports where SourceTree.isFolder("Sources/System/\(module)") {
        users[module, default: []].insert(target(of: file))
      }
    }
    for (library, modules) in users { #expect(modules.count == 1, "\(library): \(modules.sorted())") }
    #expect(users["CYAML"] == ["Configuration"])
  }

  @Test(
    "imports are seen however they are written",
    arguments: [
      ("import A", "A"), ("  @testable import A", "A"), ("private import struct A.B", "A"), ("import A.B", "A"),
      ("@preconcurrency public import A // why", "A"), ("import func Glibc.open", "Glibc"),
      ("@_spi(X) import A", "A"),
    ])
  func parsing(line: String, module: String) {
    #expect(SourceFile.importedModule(Substring(line)) == module)
    #expect(SourceFile.importedModule("// \(Substring(line))") == nil)
    #expect(SourceFile.importedModule("important(A)") == nil)
  }

  private func target(of file: SourceFile) -> String {
    String(file.path.split(separator: "/").dropFirst().first ?? "")
  }
}
