import Testing

@testable import Scheduling

@Suite struct ExplanationTests {
  @Test(arguments: [
    ("29 1 * * 1-5", "at 01:29 on Monday to Friday"),
    ("29 1 * * *", "at 01:29 every day"),
    ("0 6,18 * * *", "at 06:00 and 18:00 every day"),
    ("* * * * *", "every minute"),
    ("*/15 * * * *", "every 15 minutes"),
    ("0 * * * *", "every hour, on the hour"),
    ("5,35 * * * *", "at minutes 5 and 35 of every hour"),
    ("*/7 * * * *", "at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour"),
    ("*/15 9-17 * * MON-FRI", "every 15 minutes from 09:00 to 17:45 on Monday to Friday"),
    ("*/15 22-2 * * *", "every 15 minutes from 22:00 to 02:45"),
    ("* 1 * * *", "every minute from 01:00 to 01:59"),
    ("5,10,20 1,3 * * *", "at minutes 5, 10 and 20 of the hours 01:00 and 03:00"),
    ("*/15 1,3 * * *", "every 15 minutes of the hours 01:00 and 03:00"),
    ("0 */2 * * *", "at the full hour of every 2nd hour"),
    ("0 8-17 * * *", "at the full hour of the hours 08:00 to 17:00"),
    ("*/10 * * * * *", "every 10 seconds"),
    ("* * * * * *", "every second"),
    ("30 0 2 * * *", "at 02:00:30 every day"),
    ("5 * * * * *", "at second 5 of every minute"),
    ("*/10 0 * * * *", "every 10 seconds of minute 0 of every hour"),
    ("* 30 2 * * *", "every second of minute 30 of the hour 02:00"),
    ("*/10 */15 * * * *", "every 10 seconds of minutes 0, 15, 30 and 45 of every hour"),
    ("5 */15 * * * *", "at second 5 of minutes 0, 15, 30 and 45 of every hour"),
    ("1,2,9 5 */6 * * *", "at seconds 1, 2 and 9 of minute 5 of every 6th hour"),
    ("* 0 */2 * * MON", "every second of minute 0 of every 2nd hour on Monday"),
    ("* * 1 * * *", "every second from 01:00:00 to 01:59:59"),
    ("*/20 * 22-2 * * *", "every 20 seconds from 22:00:00 to 02:59:40"),
    ("*/20 * 1,3 * * *", "every 20 seconds of the hours 01:00 and 03:00"),
    ("5 * 1 * * *", "at second 5 of every minute from 01:00 to 01:59"),
    ("5,6 * 1,3 * * *", "at seconds 5 and 6 of every minute of the hours 01:00 and 03:00"),
    ("*/30 0-9 8-17 * * *", "every 30 seconds of minutes 0 to 9 of the hours 08:00 to 17:00"),
    ("5 * */2 * * *", "at second 5 of every minute of every 2nd hour"),
    ("* * */2 * * *", "every second of every 2nd hour"),
    ("0 0 1,15 * *", "at 00:00 on days 1 and 15 of the month"),
    ("0 0 L * *", "at 00:00 on the last day of the month"),
    ("0 0 L-3 * *", "at 00:00 on the 3rd day before the last of the month"),
    ("0 0 LW * *", "at 00:00 on the last weekday (Monday to Friday) of the month"),
    ("0 0 15W * *", "at 00:00 on the weekday (Monday to Friday) nearest to the 15th"),
    ("0 0 * * MON#2", "at 00:00 on the second Monday of the month"),
    ("0 0 * * FRIL", "at 00:00 on the last Friday of the month"),
    ("0 0 * * FRI-MON", "at 00:00 on Friday to Monday"),
    ("0 0 * * 6,0", "at 00:00 on Sunday and Saturday"),
    ("0 0 13 * FRI", "at 00:00 on day 13 of the month, and also on Friday"),
    (
      "0 0 */2 * FRI",
      "at 00:00 on days 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29 and 31 of the month, if that is Friday"
    ),
    ("0 0 1 1 *", "at 00:00 on day 1 of the month in January"),
    ("0 0 * NOV-FEB *", "at 00:00 in November to February"),
    ("@weekly", "at 00:00 on Sunday"),
  ])
  func inWords(expression: String, words: String) throws {
    #expect(try CronExpression(expression).explanation == words)
  }

  @Test(arguments: [
    ("15m", "every 15 minutes"), ("1h", "every hour"), ("90m", "every 90 minutes"), ("60s", "every minute"),
    ("7d", "every 7 days"), ("1s", "every second"), ("86400s", "every day"),
  ])
  func intervalInWords(interval: String, words: String) throws {
    #expect(try Interval(interval).explanation == words)
  }
}
