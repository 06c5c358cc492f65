// swift-tools-version: 6.0
import PackageDescription

// A package of its own, so that the product need not be built, nor have a command for this.
let package = Package(
  name: "benchmark-schedules",
  targets: [
    .target(name: "Scheduling"),
    .executableTarget(name: "NextFires", dependencies: ["Scheduling"]),
  ],
  swiftLanguageModes: [.v6]
)
