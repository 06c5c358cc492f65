/// How many columns a text takes on a terminal, roughly: most East Asian characters and emoji take two, combining
/// marks and controls none.
public func displayWidth(_ text: String) -> Int {
  // Most texts are plain ASCII, where every byte is a column.
  if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text.utf8.count }
  return text.reduce(0) { $0 + displayWidth($1) }
}

/// The columns of one character with its marks: 0, 1 or 2.
func displayWidth(_ character: Character) -> Int {
  guard let first = character.unicodeScalars.first else { return 0 }
  if character.unicodeScalars.contains("\u{FE0F}") { return 2 }
  return displayWidth(first)
}

private func displayWidth(_ scalar: Unicode.Scalar) -> Int {
  if scalar.value < 0x7F { return scalar.value < 0x20 ? 0 : 1 }
  switch scalar.properties.generalCategory {
  case .nonspacingMark, .enclosingMark, .control, .format, .lineSeparator, .paragraphSeparator: return 0
  default: break
  }
  if scalar.properties.isEmojiPresentation { return 2 }
  switch scalar.value {
  case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
    0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F5FF, 0x1F900...0x1F9FF,
    0x20000...0x3FFFD:
    return 2
  default:
    return 1
  }
}

/// The text cut to at most so many columns, with `…` in place of what is cut off.
public func truncated(_ text: String, toWidth width: Int) -> String {
  guard displayWidth(text) > width else { return text }
  guard width > 0 else { return "" }
  var kept = ""
  var used = 0
  for character in text {
    let columns = displayWidth(character)
    if used + columns > width - 1 { break }
    kept.append(character)
    used += columns
  }
  return kept + "…"
}

/// The text with spaces up to so many columns.
func padded(_ text: String, toWidth width: Int, onTheLeft: Bool = false) -> String {
  let spaces = String(repeating: " ", count: max(0, width - displayWidth(text)))
  return onTheLeft ? spaces + text : text + spaces
}

/// The text on one line, with nothing in it that moves the cursor.
func singleLine(_ text: String) -> String {
  guard text.unicodeScalars.contains(where: isControl) else { return text }
  var line = ""
  for scalar in text.unicodeScalars {
    line.unicodeScalars.append(isControl(scalar) ? (scalar.properties.isWhitespace ? " " : "\u{FFFD}") : scalar)
  }
  return line
}

/// The words of a text in lines of at most so many columns; a longer word stands alone. Empty lines separate
/// paragraphs, and lines that begin with a space keep their shape.
func wrapped(_ text: String, toWidth width: Int) -> [String] {
  var lines: [String] = []
  var current = ""
  func end() {
    if !current.isEmpty { lines.append(current) }
    current = ""
  }
  for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
    if line.hasPrefix(" ") || line.isEmpty {
      end()
      lines.append(String(line))
      continue
    }
    for word in line.split(separator: " ") {
      if !current.isEmpty, displayWidth(current) + 1 + displayWidth(String(word)) > width { end() }
      current += current.isEmpty ? String(word) : " " + word
    }
  }
  end()
  return lines
}
