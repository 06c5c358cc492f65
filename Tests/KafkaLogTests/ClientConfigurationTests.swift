import Testing

@testable import KafkaLog

@Suite struct ClientConfigurationTests {
  private func value(of property: String, _ properties: [String: String] = [:]) -> String? {
    ClientConfiguration(
      KafkaSettings(bootstrap: "127.0.0.1:1", properties: properties), own: [("fetch.wait.max.ms", "10")],
      doing: "test"
    ).value(of: property)
  }

  @Test func aBrokerThatIsBackIsTriedWithinASecond() {
    #expect(value(of: "reconnect.backoff.max.ms") == "1000")
  }

  @Test func theUsersPropertiesOverrideAll() {
    #expect(value(of: "reconnect.backoff.max.ms", ["reconnect.backoff.max.ms": "7000"]) == "7000")
    #expect(value(of: "fetch.wait.max.ms", ["fetch.wait.max.ms": "20"]) == "20")
    #expect(value(of: "linger.ms") == nil)
  }
}
