// Reads lines `expression TAB zone TAB moment` and prints the next fire after each moment (seconds since 1970, or
// `refused: why`), and at last a line `# nanoseconds: parse N next N rounds N` with the time for all lines.
import Scheduling

struct Question {
  var expression: String
  var zone: TimeZoneRules
  var moment: Int64
}

let rounds = 20
let directory = TimeZoneDirectory.system
var zones: [String: TimeZoneRules] = [:]
var questions: [Question] = []
while let line = readLine() {
  let parts = line.split(separator: "\t").map(String.init)
  guard parts.count == 3, let moment = Int64(parts[2]) else { fatalError("not a question: \(line)") }
  let zone = try zones[parts[1]] ?? directory.rules(named: parts[1])
  zones[parts[1]] = zone
  questions.append(Question(expression: parts[0], zone: zone, moment: moment))
}

let clock = ContinuousClock()
var expressions: [FireTimes?] = []
let parseTime = clock.measure {
  expressions = questions.map { question in
    (try? CronExpression(question.expression)).map { FireTimes(.cron($0), zone: question.zone) }
  }
}
var answers: [Int64?] = []
var sum: Int64 = 0
let nextTime = clock.measure {
  for _ in 0..<rounds {
    answers = zip(expressions, questions).map { times, question in times?.next(after: question.moment) }
    sum &+= answers.last.flatMap { $0 } ?? 0
  }
}
for (answer, question) in zip(answers, questions) {
  if let answer {
    print(answer)
  } else {
    do {
      _ = try CronExpression(question.expression)
      print("never")
    } catch {
      print("refused: \(error)")
    }
  }
}
func nanoseconds(_ duration: Duration) -> Int64 {
  duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
}
print("# nanoseconds: parse \(nanoseconds(parseTime)) next \(nanoseconds(nextTime)) rounds \(rounds)")
