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
