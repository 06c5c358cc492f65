/// Rows in aligned columns. On a terminal the widest columns are cut so that a row stays on one line; elsewhere
/// nothing is cut.
public struct Table: Sendable {
  /// Which edge of its column a text stands at.
  public enum Alignment: Sendable {
    case left, right
  }

  /// A column: its title, its alignment, and whether it may be cut when the terminal is narrow.
  public struct Column: Sendable {
    /// Shown in the first line.
    public var title: String
    /// Numbers read best on the right.
    public var alignment: Alignment
    /// Off for what must be copied whole, such as ids.
    public var canBeCut: Bool

    /// Declares a column.
    public init(_ title: String, _ alignment: Alignment = .left, canBeCut: Bool = true) {
      self.title = title
      self.alignment = alignment
      self.canBeCut = canBeCut
    }
  }

  /// A text in the table, with the styles that it has where styles are wanted.
  public struct Cell: Sendable, ExpressibleByStringLiteral {
    let text: String
    let styles: [Style]

    /// A text; line breaks in it become spaces.
    public init(_ text: String, _ styles: Style...) {
      self.text = singleLine(text)
      self.styles = styles
    }

    /// A plain text.
    public init(stringLiteral text: String) { self.init(text) }
  }

  private let columns: [Column]
  private var rows: [[Cell]] = []
  private static let gap = 2
  private static let narrowestCut = 6

  /// An empty table.
  public init(_ columns: [Column]) { self.columns = columns }

  /// Whether it has no rows.
  public var isEmpty: Bool { rows.isEmpty }

  /// Adds a row: one cell a column.
  public mutating func add(_ cells: [Cell]) {
    precondition(cells.count == columns.count, "\(cells.count) cells for \(columns.count) columns")
    rows.append(cells)
  }

  /// Adds a row of plain texts.
  public mutating func add(_ texts: [String]) { add(texts.map { Cell($0) }) }

  /// The table with its titles, a line a row.
  /// - Parameter width: the columns that there are; nil for any number.
  public func render(width: Int? = nil, isStyled: Bool = false) -> String {
    let widths = columnWidths(within: width)
    let titles = columns.map { Cell($0.title, .bold) }
    return ([titles] + rows).map { line($0, widths: widths, isStyled: isStyled) + "\n" }.joined()
  }

  /// Writes the table in the output's width and styles.
  public func write(to output: TerminalOutput) {
    output.write(render(width: output.width, isStyled: output.isStyled))
  }

  private func line(_ cells: [Cell], widths: [Int], isStyled: Bool) -> String {
    var line = ""
    var spaces = 0
    for (index, cell) in cells.enumerated() {
      if index > 0 { spaces += Table.gap }
      let text = truncated(cell.text, toWidth: widths[index])
      let missing = widths[index] - displayWidth(text)
      if columns[index].alignment == .right { spaces += missing }
      // Spaces are held back until a text follows them, so that no line ends in them.
      if !text.isEmpty {
        line += String(repeating: " ", count: spaces) + (isStyled ? Style.apply(cell.styles, to: text) : text)
        spaces = 0
      }
      if columns[index].alignment == .left || text.isEmpty && missing == 0 { spaces += missing }
    }
    return line
  }

  /// As wide as the widest cell; then, while a row is too long, the widest column that may be cut gives way.
  private func columnWidths(within width: Int?) -> [Int] {
    var widths = columns.indices.map { index in
      max(displayWidth(columns[index].title), rows.map { displayWidth($0[index].text) }.max() ?? 0)
    }
    guard let width else { return widths }
    var excess = widths.reduce(0, +) + Table.gap * max(0, widths.count - 1) - width
    while excess > 0 {
      let cuttable = columns.indices.filter { columns[$0].canBeCut && widths[$0] > Table.narrowestCut }
      guard let widest = cuttable.max(by: { widths[$0] < widths[$1] }) else { break }
      widths[widest] -= 1
      excess -= 1
    }
    return widths
  }
}
