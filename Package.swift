// swift-tools-version: 6.0
import PackageDescription

// Arrows point down only; Tests/StructureTests holds every target to the list of imports it may have.
let package = Package(
  name: "baton",
  products: [
    .executable(name: "baton", targets: ["baton"]),
    .executable(name: "baton-simulate", targets: ["baton-simulate"]),
    .executable(name: "baton-benchmark", targets: ["baton-benchmark"]),
  ],
  targets: [
    // C libraries as Debian ships them (scripts/install lists the packages).
    .systemLibrary(name: "CRdkafka", path: "Sources/System/CRdkafka", pkgConfig: "rdkafka"),
    .systemLibrary(name: "CPostgres", path: "Sources/System/CPostgres", pkgConfig: "libpq"),
    .systemLibrary(name: "CSQLite", path: "Sources/System/CSQLite", pkgConfig: "sqlite3"),
    .systemLibrary(name: "CYAML", path: "Sources/System/CYAML", pkgConfig: "yaml-0.1"),
    .systemLibrary(name: "CProcess", path: "Sources/System/CProcess"),

    // The pure core.
    .target(name: "Dispatch"),

    .target(name: "Scheduling"),

    // What the core is driven with.
    .target(name: "Telemetry"),
    .target(name: "Terminal"),
    .target(name: "Messages", dependencies: ["Dispatch"]),
    .target(name: "ChunkProtocol", dependencies: ["Dispatch"]),
    .target(name: "Configuration", dependencies: ["Dispatch", "Scheduling", "CYAML"]),
    .target(name: "KafkaLog", dependencies: ["CRdkafka", "Telemetry"]),
    .target(name: "RunnerProcess", dependencies: ["CProcess"]),

    // What is built from them.
    .target(
      name: "Sync",
      dependencies: ["Dispatch", "ChunkProtocol", "CPostgres", "CSQLite"]),
    .target(
      name: "Worker",
      dependencies: [
        "Dispatch", "Messages", "ChunkProtocol", "Configuration", "KafkaLog", "RunnerProcess", "Telemetry",
      ]),
    .target(
      name: "Scheduler",
      dependencies: ["Dispatch", "Scheduling", "Messages", "Configuration", "KafkaLog", "Telemetry", "Worker"]),
    .target(name: "Simulation", dependencies: ["Dispatch", "Scheduling"]),

    .executableTarget(
      name: "baton",
      dependencies: [
        "Dispatch", "Scheduling", "Messages", "ChunkProtocol", "Configuration", "KafkaLog", "RunnerProcess",
        "Telemetry",
        "Terminal", "Worker", "Scheduler", "Sync",
      ]),
    .executableTarget(name: "baton-simulate", dependencies: ["Dispatch", "Simulation", "Terminal"]),
    .executableTarget(
      name: "baton-benchmark",
      dependencies: ["Dispatch", "Messages", "Configuration", "KafkaLog", "RunnerProcess", "Telemetry", "Terminal"]),

    .testTarget(name: "DispatchTests", dependencies: ["Dispatch"]),
    .testTarget(name: "SchedulingTests", dependencies: ["Scheduling"]),
    .testTarget(name: "MessagesTests", dependencies: ["Messages", "Dispatch"]),
    .testTarget(name: "TelemetryTests", dependencies: ["Telemetry"]),
    .testTarget(name: "TerminalTests", dependencies: ["Terminal"]),
    .testTarget(name: "ChunkProtocolTests", dependencies: ["ChunkProtocol", "Dispatch"]),
    .testTarget(name: "ConfigurationTests", dependencies: ["Configuration", "Dispatch", "Scheduling"]),
    .testTarget(name: "KafkaLogTests", dependencies: ["KafkaLog", "Telemetry", "baton"]),
    .testTarget(name: "RunnerProcessTests", dependencies: ["RunnerProcess", "CProcess"]),
    .testTarget(name: "SyncTests", dependencies: ["Sync", "ChunkProtocol", "Dispatch"]),
    .testTarget(
      name: "WorkerTests",
      dependencies: [
        "Worker", "Scheduler", "Scheduling", "Messages", "Dispatch", "Configuration", "KafkaLog", "Telemetry",
        "ChunkProtocol", "baton",
      ]),
    .testTarget(name: "SimulationTests", dependencies: ["Simulation", "Dispatch"]),
    .testTarget(name: "StructureTests"),
    .testTarget(name: "CommandTests", dependencies: ["baton", "Terminal", "KafkaLog", "Telemetry"]),
  ],
  swiftLanguageModes: [.v6]
)
