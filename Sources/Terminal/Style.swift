/// How a text looks on a terminal that has colours.
public enum Style: Int, Sendable, CaseIterable {
  case bold = 1
  case dim = 2
  case red = 31
  case green = 32
  case yellow = 33
  case cyan = 36

  /// The text between the escapes that turn the styles on and off.
  static func apply(_ styles: [Style], to text: String) -> String {
    guard !styles.isEmpty, !text.isEmpty else { return text }
    return "\u{1B}[" + styles.map { String($0.rawValue) }.joined(separator: ";") + "m" + text + "\u{1B}[0m"
  }
}

extension TerminalOutput {
  /// The text in these styles, or plain where colours are not wanted; what a terminal would act on in the text itself is
  /// made harmless, as `printable` does.
  public func styled(_ text: String, _ styles: Style...) -> String {
    let text = printable(text, keepsLines: true)
    return isStyled ? Style.apply(styles, to: text) : text
  }
}
