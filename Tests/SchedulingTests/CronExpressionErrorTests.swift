import Testing

@testable import Scheduling

/// An expression that is refused, where, and a part of what is said about it.
struct RefusedExpression: Sendable, CustomTestStringConvertible {
  var text: String
  var kind: CronExpressionError.Kind
  var field: CronField?
  var column: Int
  var words: String

  var testDescription: String { text }

  init(_ text: String, _ kind: CronExpressionError.Kind, _ field: CronField?, column: Int, _ words: String) {
    self.text = text
    self.kind = kind
    self.field = field
    self.column = column
    self.words = words
  }

  static let all: [RefusedExpression] = [
    .init("", .fieldCount, nil, column: 1, "empty"),
    .init("   ", .fieldCount, nil, column: 1, "empty"),
    .init("0 0 * *", .fieldCount, nil, column: 8, "only 4 of five"),
    .init("0 0 0 * * * 2026", .fieldCount, nil, column: 13, "field for years"),
    .init("0 0 0 0 * * * *", .fieldCount, nil, column: 13, "six at most"),
    .init("0 0 0 * * MON, TUE", .fieldCount, nil, column: 11, "without blanks"),
    .init("@dayly", .unknownName, nil, column: 1, "@daily"),
    .init("@every 5m", .syntax, nil, column: 8, "nothing may follow"),
    .init("@reboot", .unknownName, nil, column: 1, "goes by the clock"),
    .init("60 * * * *", .outOfRange, .minute, column: 1, "write 0 for the full hour"),
    .init("0 24 * * *", .outOfRange, .hour, column: 3, "write 0 for midnight"),
    .init("0 0 0 * *", .outOfRange, .dayOfMonth, column: 5, "L for the last"),
    .init("0 0 32 * *", .outOfRange, .dayOfMonth, column: 5, "1 to 31"),
    .init("0 0 1 13 *", .outOfRange, .month, column: 7, "1 to 12"),
    .init("0 0 1 0 *", .outOfRange, .month, column: 7, "1 to 12"),
    .init("0 0 * * 8", .outOfRange, .dayOfWeek, column: 9, "0 to 7"),
    .init("60 0 0 * * *", .outOfRange, .second, column: 1, "full minute"),
    .init("0 0 1-32 * *", .outOfRange, .dayOfMonth, column: 7, "32 is not in"),
    .init("0,99999999999999999999 0 * * *", .outOfRange, .minute, column: 3, "0 to 59"),
    .init("*/0 * * * *", .step, .minute, column: 3, "step of zero"),
    .init("0 0-12/0 * * *", .step, .hour, column: 8, "step of zero"),
    .init("*/90 * * * *", .step, .minute, column: 3, "every: 90m"),
    .init("0 */36 * * *", .step, .hour, column: 5, "every: 36h"),
    .init("*/99999999999999999999 * * * *", .step, .minute, column: 3, "longer"),
    .init("*/x * * * *", .syntax, .minute, column: 3, "not a number"),
    .init("*/ * * * *", .syntax, .minute, column: 3, "not a number"),
    .init("*/5/5 * * * *", .syntax, .minute, column: 5, "second step"),
    .init("0 MON * * *", .wrongField, .hour, column: 3, "belongs in the day-of-week field"),
    .init("0 0 * MON *", .wrongField, .month, column: 7, "name such as FEB"),
    .init("0 0 * * JUL", .wrongField, .dayOfWeek, column: 9, "belongs in the month field"),
    .init("0 0 * * MON,jan", .wrongField, .dayOfWeek, column: 13, "belongs in the month field"),
    .init("0 0 * * MONDAY", .unknownName, .dayOfWeek, column: 9, "write MON"),
    .init("0 0 * SEPT *", .unknownName, .month, column: 7, "write SEP"),
    .init("0 0 * * MOM", .unknownName, .dayOfWeek, column: 9, "write MON"),
    .init("0 0 * * XYZ", .unknownName, .dayOfWeek, column: 9, "SUN, MON"),
    .init("a 0 * * *", .syntax, .minute, column: 1, "0 to 59"),
    .init("-5 0 * * *", .syntax, .minute, column: 1, "not a range"),
    .init("1-2-3 0 * * *", .syntax, .minute, column: 1, "not a range"),
    .init("5- 0 * * *", .syntax, .minute, column: 1, "not a range"),
    .init("5,,6 0 * * *", .syntax, .minute, column: 3, "comma"),
    .init("5, 0 * * *", .syntax, .minute, column: 3, "comma"),
    .init("*5 0 * * *", .syntax, .minute, column: 1, "cannot be"),
    .init("*-5 0 * * *", .syntax, .minute, column: 1, "cannot be"),
    .init("٣ 0 * * *", .syntax, .minute, column: 1, "cannot be"),
    .init("0 ? * * *", .wrongField, .hour, column: 3, "write *"),
    .init("0 0 ?,1 * *", .syntax, .dayOfMonth, column: 5, "part of a list"),
    .init("0 0 ?/2 * *", .syntax, .dayOfMonth, column: 5, "cannot be"),
    .init("L 0 * * *", .wrongField, .minute, column: 1, "belongs in the day-of-month"),
    .init("0 0 * L *", .wrongField, .month, column: 7, "belongs in the day-of-month"),
    .init("0 0 * * L", .syntax, .dayOfWeek, column: 9, "FRIL"),
    .init("0 0 * * L5", .syntax, .dayOfWeek, column: 9, "write 5L"),
    .init("0 0 * * 8L", .outOfRange, .dayOfWeek, column: 9, "0 to 7"),
    .init("0 0 L-31 * *", .outOfRange, .dayOfMonth, column: 7, "L-30"),
    .init("0 0 L-3W * *", .syntax, .dayOfMonth, column: 5, "15W or LW"),
    .init("0 0 5L * *", .syntax, .dayOfMonth, column: 5, "cannot be"),
    .init("0 0 W * *", .syntax, .dayOfMonth, column: 5, "15W"),
    .init("0 0 1-5W * *", .syntax, .dayOfMonth, column: 5, "15W"),
    .init("0 0 32W * *", .outOfRange, .dayOfMonth, column: 5, "1 to 31"),
    .init("0 0 * * MON#6", .outOfRange, .dayOfWeek, column: 9, "MON#1 to MON#5"),
    .init("0 0 * * MON#", .outOfRange, .dayOfWeek, column: 9, "MON#1 to MON#5"),
    .init("0 0 * * MON-FRI#2", .syntax, .dayOfWeek, column: 9, "is a range"),
    .init("0 0 * * MON-FRIL", .syntax, .dayOfWeek, column: 9, "is a range"),
    .init("0 0 2#1 * *", .wrongField, .dayOfMonth, column: 5, "belongs in the day-of-week"),
    .init("H 0 * * *", .unknownName, .minute, column: 1, "spread"),
    .init("30 2 31 2 *", .neverFires, .dayOfMonth, column: 6, "February never has a day 31"),
    .init("0 0 30,31 FEB *", .neverFires, .dayOfMonth, column: 5, "February never has a day 30 or 31"),
    .init("0 30 2 31 2,4 ?", .neverFires, .dayOfMonth, column: 8, "February and April never have a day 31"),
    .init("0 0 L-29 2 *", .neverFires, .dayOfMonth, column: 5, "no day of any year"),
    .init("0 0 31W 6 *", .neverFires, .dayOfMonth, column: 5, "no day of any year"),
  ]
}

@Suite struct CronExpressionErrorTests {
  @Test(arguments: RefusedExpression.all)
  func refused(row: RefusedExpression) throws {
    let error = try #require(throws: CronExpressionError.self) { try CronExpression(row.text) }
    #expect(error.kind == row.kind)
    #expect(error.field == row.field)
    #expect(error.column == row.column)
    #expect("\(error.reason); \(error.remedy)".contains(row.words), "\(error)")
    #expect(!error.remedy.isEmpty)
  }

  @Test func aFieldIsToldByItsPlaceToo() throws {
    let five = try #require(throws: CronExpressionError.self) { try CronExpression("0 0 * 13 *") }
    #expect(five.fieldIndex == 3)
    let six = try #require(throws: CronExpressionError.self) { try CronExpression("0 0 0 * 13 *") }
    #expect(six.fieldIndex == 4)
    let never = try #require(throws: CronExpressionError.self) { try CronExpression("0 0 0 31 2 *") }
    #expect(never.fieldIndex == 3)
  }

  @Test func aMessageSaysWhatWhereAndWhatToDo() throws {
    let error = try #require(throws: CronExpressionError.self) { try CronExpression("0 24 * * *") }
    #expect("\(error)" == "24 is not in the hour field's 0 to 23 (column 3 of '0 24 * * *'); write 0 for midnight")
  }
}
