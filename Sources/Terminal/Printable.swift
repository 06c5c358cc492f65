/// Text that came from elsewhere, as it can be shown: nothing in it moves the cursor, colours what follows, or turns the
/// direction of the text around it.
/// - Parameter keepsLines: for a block of several lines, whose breaks and tabs stay; otherwise they are shown as `\n` and
///   `\t`, so that no sender can write a line of its own.
public func printable(_ text: String, keepsLines: Bool = false) -> String {
  guard text.unicodeScalars.contains(where: isControl) else { return text }
  var shown = ""
  var previous: Unicode.Scalar?
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\n" where keepsLines && previous == "\r":
      // The \r was shown as the line's end that it is a part of.
      break
    case "\n", "\t", "\r":
      if keepsLines {
        shown += scalar == "\t" ? "\t" : "\n"
      } else {
        shown += scalar == "\n" ? "\\n" : scalar == "\t" ? "\\t" : "\\r"
      }
    case _ where isControl(scalar): shown.unicodeScalars.append("\u{FFFD}")
    default: shown.unicodeScalars.append(scalar)
    }
    previous = scalar
  }
  return shown
}

/// JSON text whose strings have no character that a terminal would act on, each being written as its escape.
/// - Parameter text: valid JSON, in which such characters stand in strings only, and those below U+0020 not at all.
public func printableJSON(_ text: String) -> String {
  guard text.unicodeScalars.contains(where: isControl) else { return text }
  var shown = ""
  for scalar in text.unicodeScalars {
    guard isControl(scalar) else {
      shown.unicodeScalars.append(scalar)
      continue
    }
    let hexadecimal = String(scalar.value, radix: 16)
    shown += "\\u" + String(repeating: "0", count: max(0, 4 - hexadecimal.count)) + hexadecimal
  }
  return shown
}

/// The text as one word of a POSIX shell, quoted only where it must be.
public func printableShellWord(_ text: String) -> String {
  let isPlain = text.unicodeScalars.allSatisfy { scalar in
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
      || "._-/:@,".unicodeScalars.contains(scalar)
  }
  return isPlain && !text.isEmpty ? text : shellWord(text)
}
