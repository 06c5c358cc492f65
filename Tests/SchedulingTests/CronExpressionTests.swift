import Testing

@testable import Scheduling

@Suite struct CronExpressionTests {
  /// Two ways to write the same.
  @Test(arguments: [
    ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"), ("@Monthly", "0 0 1 * *"), ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"), ("@hourly", "0 * * * *"),
    ("0 0 * * 7", "0 0 * * SUN"), ("0 0 * * 0", "0 0 * * sun"), ("0 0 * JAN,feb Mon", "0 0 * 1,2 1"),
    ("0 0 * * 1-5", "0 0 * * MON-FRI"), ("0 0 * * 5-7", "0 0 * * FRI,SAT,SUN"), ("0 0 * * 0-7", "0 0 * * 0-6"),
    ("0 0 * * FRI-MON", "0 0 * * 5,6,0,1"), ("0 0 * * 7-2", "0 0 * * 0,1,2"), ("0 0 * * 6-0", "0 0 * * 6,7"),
    ("0 0 * * SUN-SAT", "0 0 * * 0-6"), ("0 22-2 * * *", "0 22,23,0,1,2 * * *"),
    ("0 22-2/2 * * *", "0 22,0,2 * * *"), ("50-10/5 * * * *", "50,55,0,5,10 * * * *"),
    ("0 0 * NOV-FEB *", "0 0 * 11,12,1,2 *"), ("0 0 25-5 * *", "0 0 25-31,1-5 * *"),
    ("*/15 * * * *", "0,15,30,45 * * * *"), ("5/15 * * * *", "5,20,35,50 * * * *"), ("7/60 * * * *", "7 * * * *"),
    ("1-10/3 * * * *", "1,4,7,10 * * * *"), ("0 */7 * * *", "0 0,7,14,21 * * *"), ("*/60 * * * *", "0 * * * *"),
    ("0 0 * * */2", "0 0 ? * */2"), ("0 0 * * */7", "0 0 * * */7"), ("0 0 */31 * *", "0 0 */31 * ?"),
    ("0 0 ? * ?", "0 0 * * *"), ("0 0 ? * MON", "0 0 * * MON"), ("  5\t4 * *  * ", "5 4 * * *"),
    ("0 5 4 * * *", "5 4 * * *"), ("0 0 * * 5L", "0 0 * * fril"), ("0 0 * * 7L", "0 0 * * 0L"),
    ("0 0 * * MON#2", "0 0 * * 1#2"), ("0 0 * * 7#1", "0 0 * * SUN#1"), ("0 0 l * *", "0 0 L-0 * *"),
    ("0 0 lw * *", "0 0 LW * *"), ("0 0 1-1 * *", "0 0 1 * *"), ("0 0 01 * *", "0 0 1 * *"),
  ])
  func sameMeaning(a: String, b: String) throws {
    #expect(try CronExpression(a) == CronExpression(b))
  }

  @Test(arguments: [
    ("0 0 1 * *", "0 0 2 * *"), ("0 0 * * 0", "0 0 * * 1"), ("0 0 1 * MON", "0 0 */30 * MON"),
    ("0 0 L * *", "0 0 31 * *"), ("0 0 15W * *", "0 0 15 * *"), ("0 0 * * 5L", "0 0 * * 5"),
  ])
  func otherMeaning(a: String, b: String) throws {
    #expect(try CronExpression(a) != CronExpression(b))
  }

  /// The days of a month in which an expression is due at midnight.
  @Test(arguments: [
    // February 2026 begins on a Sunday and has 28 days; August 2026 begins on a Saturday and has 31.
    ("0 0 L * *", 2026, 2, [28]), ("0 0 L * *", 2028, 2, [29]), ("0 0 L-3 * *", 2026, 8, [28]),
    ("0 0 1,L * *", 2026, 4, [1, 30]), ("0 0 L-27 * *", 2026, 2, [1]), ("0 0 L-28 * *", 2026, 2, []),
    ("0 0 1W * *", 2026, 8, [3]), ("0 0 1W * *", 2026, 2, [2]), ("0 0 15W * *", 2026, 8, [14]),
    ("0 0 16W * *", 2026, 8, [17]), ("0 0 17W * *", 2026, 8, [17]), ("0 0 31W * *", 2026, 5, [29]),
    ("0 0 30W * *", 2026, 5, [29]), ("0 0 31W * *", 2026, 4, []), ("0 0 31W * *", 2026, 8, [31]),
    ("0 0 LW * *", 2026, 5, [29]), ("0 0 LW * *", 2026, 2, [27]), ("0 0 LW * *", 2026, 8, [31]),
    ("0 0 * * 5L", 2026, 8, [28]), ("0 0 * * FRIL", 2026, 7, [31]), ("0 0 * * MON#1", 2026, 8, [3]),
    ("0 0 * * MON#5", 2026, 8, [31]), ("0 0 * * TUE#5", 2026, 8, []), ("0 0 * * SAT#1,SAT#3", 2026, 8, [1, 15]),
    ("0 0 * * MON", 2026, 8, [3, 10, 17, 24, 31]), ("0 0 * * MON,FRI#2", 2026, 8, [3, 10, 14, 17, 24, 31]),
    // Either day field, if neither begins with a star.
    ("0 0 13 * FRI", 2026, 8, [7, 13, 14, 21, 28]), ("0 0 L * SUNL", 2026, 8, [30, 31]),
    ("0 0 1-31 * MON", 2026, 2, Array(1...28)), ("0 0 13 * 0-6", 2026, 2, Array(1...28)),
    // Both, if one does: `*/2` is every second day that is also the weekday.
    ("0 0 */2 * MON", 2026, 8, [3, 17, 31]), ("0 0 13 * */2", 2026, 8, [13]), ("0 0 14 * */2", 2026, 8, []),
    ("0 0 */10 * *", 2026, 8, [1, 11, 21, 31]), ("0 0 ? * MON", 2026, 8, [3, 10, 17, 24, 31]),
    ("0 0 *,5 * MON", 2026, 8, [3, 10, 17, 24, 31]), ("0 0 13 * ?", 2026, 8, [13]),
    ("0 0 * * MON-FRI", 2026, 2, [2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 23, 24, 25, 26, 27]),
    ("0 0 30,31 * *", 2026, 4, [30]), ("0 0 29 2 *", 2026, 2, []), ("0 0 29 2 *", 2028, 2, [29]),
    ("0 0 1 1-6 *", 2026, 8, []), ("0 0 30 2 SUN", 2026, 2, [1, 8, 15, 22]),
  ])
  func daysOfAMonth(expression: String, year: Int, month: Int, days: [Int]) throws {
    let first = CivilTime(year: year, month: month, day: 1).seconds
    let length = Calendar.length(ofMonth: month, year: year)
    let fires = try fireTimes(expression).fires(after: first - 1, through: first + Int64(length) * 86_400 - 1)
    #expect(fires.map { CivilTime(seconds: $0).day } == days)
    #expect(fires.allSatisfy { $0 % 86_400 == 0 })
  }

  @Test func theFirstOfSixFieldsIsTheSecond() throws {
    let times = try fireTimes("*/20 59 23 * * *")
    let fires = times.fires(after: try moment("2026-11-24T23:59:10Z"), through: .max, limit: 4)
    #expect(
      fires.map(text) == [
        "2026-11-24T23:59:20Z", "2026-11-24T23:59:40Z", "2026-11-25T23:59:00Z", "2026-11-25T23:59:20Z",
      ])
    #expect(try CronExpression("*/20 59 23 * * *").hasSeconds)
    #expect(try !CronExpression("59 23 * * *").hasSeconds)
  }

  @Test func followsElapsedTimeIfAllHoursAreNamed() throws {
    for text in ["* * * * *", "0 * * * *", "30 0-23 * * MON", "5 */1 1 * *", "0 12-11 * * *", "@hourly"] {
      #expect(try CronExpression(text).followsElapsedTime, "\(text)")
    }
    for text in ["* 1 * * *", "0 */2 * * *", "0 0-22 * * *", "@daily"] {
      #expect(try !CronExpression(text).followsElapsedTime, "\(text)")
    }
  }
}
