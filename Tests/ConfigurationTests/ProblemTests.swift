import Testing

@testable import Configuration

@Suite("What is wrong, where, and what to do")
struct ProblemTests {
  @Test("the description is one line, in the form of a compiler")
  func description() {
    let errors = #expect(throws: ConfigurationErrors.self) {
      try Configuration.parse(
        text: head + "jobs:\n  person-search:\n    queue: nightly\n    run: [x]\n    chunks: {}\n", file: "baton.yaml",
        environment: [:])
    }
    #expect(
      errors?.description
        == "baton.yaml:8:5: unknown key 'chunks' in job 'person-search'; did you mean 'chunk'?")
  }

  @Test("all errors come at once, in the order of the file")
  func allAtOnce() {
    let text = """
      kafka: {group: "bad group", boostrap: x}
      queues:
        Nightly: {}
        reports: {deduplication: 5}
      connections:
        tis: "mysql://x"
      jobs:
        a:
          queue: report
          sync: {from: tiss, key: [], to: tis, mode: upserts}
          timeout: 0s
        b:
          attempts: "5"
      worker: {log: {level: verbose}}
      extra: 1
      """
    #expect(
      problems(text) == [
        "1:1: kafka has no 'bootstrap'; add it: bootstrap: \"localhost:9092\"",
        "1:16: 'group' in kafka cannot be 'bad group'; use letters, digits, '.', '_' and '-', with a letter or digit first",
        "1:29: unknown key 'boostrap' in kafka; did you mean 'bootstrap'?",
        "3:3: queue name cannot be 'Nightly'; use small letters, digits, '.', '_' and '-', with a letter or digit first",
        "4:28: 'deduplication' in queue 'reports' must be a duration, not '5', which has no unit; write a number and a unit: 500ms, 5s, 5m, 2h or 1d",
        "6:8: connection 'tis' is no connection that Baton knows; write postgres://user@host/database, sqlite:PATH or jsonl:PATH",
        "9:12: job 'a' names the unknown queue 'report'; did you mean 'reports'? known queues: reports",
        "10:18: sync of job 'a' names the unknown connection 'tiss'; did you mean 'tis'? known connections: tis",
        "10:29: 'key' in sync of job 'a' has no column; name the columns that identify a row: [id]",
        "10:48: 'mode' in sync of job 'a' must be one of upsert, append, replace, not 'upserts'; did you mean 'upsert'?",
        "11:14: 'timeout' in job 'a' is 0s; write from 1ms to 10000d",
        "12:3: job 'b' has no 'queue'; add it: queue: reports",
        "12:3: job 'b' has no work; add 'sync: {...}' to copy rows, or 'run: [PROGRAM, ARGUMENT...]' to start a program",
        "13:15: 'attempts' in job 'b' must be a whole number, not '5'; remove the quotes",
        "14:23: 'level' in log of worker must be one of debug, info, warning, error, not 'verbose'; write one of: debug, info, warning, error",
        "15:1: unknown key 'extra' in the configuration; keys here: kafka, queues, connections, jobs, worker, scheduler",
      ])
  }

  @Test(
    "one job, one error",
    arguments: [
      ("queue: nope\nrun: [x]", "1:8: job 'j' names the unknown queue 'nope'; known queues: nightly, reports"),
      (
        "queue: nightly\nrun: /bin/x -v",
        "2:6: 'run' in job 'j' must be a list, not a string; write a list: [\"/bin/sh\", \"-c\", \"...\"]"
      ),
      (
        "queue: nightly\nrun: []",
        "2:6: 'run' in job 'j' names no program; write a list: [\"/bin/sh\", \"-c\", \"...\"]"
      ),
      ("queue: nightly\nrun: ['']", "2:7: the program of 'run' in job 'j' is empty; name the program to start"),
      (
        "queue: nightly\nrun: [x, ~]",
        "2:10: an argument of 'run' in job 'j' must be a string, not nothing; write it in quotes"
      ),
      (
        "queue: nightly\nrun: [x, [y]]",
        "2:10: an argument of 'run' in job 'j' must be a string, not a list; write it in quotes"
      ),
      ("queue: nightly\nrun:", "2:1: 'run' in job 'j' has no value; give it one, or remove the key"),
      (
        "queue: nightly\nrun: [x]\nmemory: 8M",
        "3:9: 'memory' in job 'j' must be a size, not '8M'; write a number and a unit: 8MiB, 256MB, 512KiB, or 1000 for bytes"
      ),
      (
        "queue: nightly\nrun: [x]\nmemory: 256",
        "3:9: 'memory' in job 'j' is 256; write from 1MiB to 1048576GiB; a number without a unit is bytes"
      ),
      (
        "queue: nightly\nrun: [x]\nmemory: [1]",
        "3:9: 'memory' in job 'j' must be a size, such as 8MiB, not a list; write a size, such as 8MiB"
      ),
      (
        "queue: nightly\nrun: [x]\nmemory: 10MiB",
        "3:9: two chunks of 8MiB do not fit the memory of job 'j', 10MiB; raise 'memory', or lower 'bytes' in 'chunk' to at most 5MiB"
      ),
      (
        "queue: nightly\nrun: [x]\nmemory: 1GiB\nchunk: {bytes: 600MiB}",
        "4:16: two chunks of 600MiB do not fit the memory of job 'j', 1GiB; raise 'memory', or lower 'bytes' in 'chunk' to at most 512MiB"
      ),
      (
        "queue: nightly\nrun: [x]\nattempts: 0", "3:11: 'attempts' in job 'j' is 0; write a whole number from 1 to 1000"
      ),
      (
        "queue: nightly\nrun: [x]\nattempts: 1.5",
        "3:11: 'attempts' in job 'j' must be a whole number, not '1.5'; write a whole number from 1 to 1000"
      ),
      (
        "queue: nightly\nrun: [x]\ncrashes: 010",
        "3:10: 'crashes' in job 'j' must be a whole number, not '010'; write a whole number from 1 to 1000"
      ),
      (
        "queue: nightly\nrun: [x]\nattempts: 99999999999999999999",
        "3:11: 'attempts' in job 'j' must be a whole number, not '99999999999999999999'; write a whole number from 1 to 1000"
      ),
      (
        "queue: nightly\nrun: [x]\nbackoff: {factor: 0.5}",
        "3:19: 'factor' in backoff of job 'j' is 0.5; write a number that is at least 1.0"
      ),
      (
        "queue: nightly\nrun: [x]\nbackoff: {factor: '2'}",
        "3:19: 'factor' in backoff of job 'j' must be a number, not '2'; remove the quotes"
      ),
      (
        "queue: nightly\nrun: [x]\nbackoff: {initial: 5m, max: 5s}",
        "3:29: 'max' in backoff of job 'j' is 5s, less than 'initial'; write at least 5m"
      ),
      (
        "queue: nightly\nrun: [x]\nbackoff: 5s",
        "3:10: backoff of job 'j' must be a mapping, not a string; write 'key: value' lines below it"
      ),
      (
        "queue: nightly\nrun: [x]\nexpires: 99999999999999999d",
        "3:10: 'expires' in job 'j' must be a duration, not '99999999999999999d'; write a number and a unit: 500ms, 5s, 5m, 2h or 1d"
      ),
      (
        "queue: nightly\nrun: [x]\nwhen-waiting: coalesc",
        "3:15: 'when-waiting' in job 'j' must be one of queue, coalesce, not 'coalesc'; did you mean 'coalesce'?"
      ),
      (
        "queue: nightly\nrun: [x]\ndescription: 5",
        "3:14: 'description' in job 'j' must be a string, not a number; put it in quotes"
      ),
      (
        "queue: nightly\nrun: [x]\ndescription: true",
        "3:14: 'description' in job 'j' must be a string, not true or false; put it in quotes"
      ),
      (
        "queue: nightly\nrun: [x]\ndescription: {a: b}",
        "3:14: 'description' in job 'j' must be a string, not a mapping; write a string"
      ),
      (
        "queue: nightly\nrun: [x]\nsync: {}",
        "3:1: job 'j' has both 'sync' and 'run'; keep one, and make a second job of the other"
      ),
      (
        "queue: nightly\nrun: [x]\ncron: daily",
        "3:1: unknown key 'cron' in job 'j'; keys here: queue, description, sync, run, params, chunk, memory, attempts, crashes, backoff, timeout, when-waiting, expires, environment, directory, schedule, every, zone, spread, catch-up and 3 more"
      ),
      (
        "queue: nightly\nrun: [x]\nwhen_waiting: queue",
        "3:1: unknown key 'when_waiting' in job 'j'; did you mean 'when-waiting'?"
      ),
      (
        "queue: nightly\nrun: [x]\nenvironment: {A=B: x}",
        "3:15: 'A=B' is no name for an environment variable; use letters, digits and '_'"
      ),
    ])
  func job(body: String, problem: String) {
    #expect(jobProblems(body) == [problem])
  }

  @Test(
    "one sync, one error",
    arguments: [
      (
        "{from: tis, key: [id], to: people, table: t}",
        "2:1: sync of job 'j' has no 'query'; add it: query: \"SELECT id, name FROM person\""
      ),
      (
        "{from: tis, query: q, to: people, table: t}",
        "2:1: sync of job 'j' has no 'key'; add it: key: [id], the columns that identify a row"
      ),
      ("{from: tis, query: q, key: [id], to: people}", "2:1: sync of job 'j' has no 'table'; add it: table: person"),
      ("{query: q, key: [id], to: people, table: t}", "2:1: sync of job 'j' has no 'from'; add it: from: tis"),
      (
        "{from: tis, query: q, key: [id, id], to: people, table: t}",
        "2:39: a column is twice in 'key' in sync of job 'j'; remove one of them"
      ),
      (
        "{from: tis, query: q, key: [1], to: people, table: t}",
        "2:35: a column of 'key' in sync of job 'j' must be a string, not a number; put it in quotes"
      ),
      (
        "{from: tis, query: q, source-file: x, key: [id], to: people, table: t}",
        "2:29: 'source-file' in sync of job 'j' does not fit: 'from' is a connection to a database; write a 'query'"
      ),
      (
        "{from: lines, query: q, key: [id], to: people, table: t}",
        "2:21: 'query' in sync of job 'j' does not fit: 'from' is a connection to JSON Lines; remove it; 'source-file' names a file"
      ),
      (
        "{from: tis, query: q, key: [id], to: people, table: t, file: x}",
        "2:62: 'file' in sync of job 'j' does not fit: 'to' is a connection to a database; write a 'table'"
      ),
      (
        "{from: tis, query: q, key: [id], to: lines, table: t}",
        "2:51: 'table' in sync of job 'j' does not fit: 'to' is a connection to JSON Lines; remove it; 'file' names a file"
      ),
      (
        "{from: tis, query: q, key: [id], to: lines, mode: upsert}",
        "2:57: 'mode' in sync of job 'j' cannot be upsert: lines of a file have no key; write append or replace"
      ),
      (
        "{from: tis, query: '', key: [id], to: people, table: t}",
        "2:26: 'query' in sync of job 'j' is empty; give it a value, or remove the key"
      ),
      (
        "{from: tis, query: \"a ${params.x}\", key: [id], to: people, table: t}",
        "2:29: 'query' in sync of job 'j' has '${params.x}'; write ':name' for the param: it is bound, never made part of the SQL"
      ),
    ])
  func sync(body: String, problem: String) {
    #expect(jobProblems("queue: nightly\nsync: " + body) == [problem])
  }

  @Test("what is for commands only is refused beside a sync")
  func commandKeys() {
    let body =
      "queue: nightly\nsync: {from: tis, query: q, key: [id], to: people, table: t}\ndirectory: x\nenvironment: {}"
    #expect(
      jobProblems(body) == [
        "3:1: 'directory' in job 'j' is for jobs with 'run'; remove it",
        "4:1: 'environment' in job 'j' is for jobs with 'run'; remove it",
      ])
  }

  @Test(
    "one param, one error",
    arguments: [
      (
        "{p: strin}",
        "1:13: param 'p' of job 'j' must be one of string, integer, number, boolean, date, timestamp, not 'strin'; did you mean 'string'?"
      ),
      (
        "{p: {type: [x]}}",
        "1:20: 'type' in param 'p' of job 'j' must be one of string, integer, number, boolean, date, timestamp, not a list; write one of string, integer, number, boolean, date, timestamp"
      ),
      (
        "{p-q: string}",
        "1:10: param 'p-q' of job 'j' is no name for a param; use at most 100 letters, digits and '_', with no digit first"
      ),
      (
        "{p: {type: integer, default: x}}",
        "1:38: 'default' in param 'p' of job 'j' must be a whole number, not 'x'; write a whole number"
      ),
      (
        "{p: {type: string, default: 5}}",
        "1:37: 'default' in param 'p' of job 'j' must be a string, not a number; put it in quotes"
      ),
      (
        "{p: {type: boolean, default: yes}}",
        "1:38: 'default' in param 'p' of job 'j' must be true or false, not 'yes'; write true or false"
      ),
      (
        "{p: {type: boolean, required: 'true'}}",
        "1:39: 'required' in param 'p' of job 'j' must be true or false, not 'true'; remove the quotes"
      ),
      (
        "{p: {type: date, default: 2025-02-29}}",
        "1:35: 'default' in param 'p' of job 'j' is no date; write one that exists as YYYY-MM-DD: 2026-11-24"
      ),
      (
        "{p: {type: timestamp, default: 2025-02-28}}",
        "1:40: 'default' in param 'p' of job 'j' is no timestamp; write it as in RFC 3339: 2026-11-24T01:29:00Z"
      ),
      (
        "{p: {required: true, default: x}}",
        "1:30: param 'p' of job 'j' is required and has a default; remove 'required' or 'default'"
      ),
      (
        "{p: {default: c, allowed: [a, b]}}",
        "1:23: the default of param 'p' of job 'j' is not among its allowed values; use one of them, or add it to 'allowed'"
      ),
      (
        "{p: {type: integer, allowed: [1, b]}}",
        "1:42: an item of 'allowed' in param 'p' of job 'j' must be a whole number, not 'b'; write a whole number"
      ),
      (
        "{p: {allowed: []}}", "1:23: 'allowed' in param 'p' of job 'j' has no value; list the values, or remove the key"
      ),
      (
        "{p: {type: number, allowed: [1, 1.0]}}",
        "1:41: a value is twice in 'allowed' in param 'p' of job 'j'; remove one of them"
      ),
      ("{p: {requird: true}}", "1:14: unknown key 'requird' in param 'p' of job 'j'; did you mean 'required'?"),
    ])
  func param(body: String, problem: String) {
    #expect(jobProblems("params: \(body)\nqueue: nightly\nrun: [x]") == [problem])
  }

  @Test(
    "one connection, one error",
    arguments: [
      (
        "sqlit:people.db",
        "1:18: connection 'c' is no connection that Baton knows; did you mean 'sqlite:'? write postgres://user@host/database, sqlite:PATH or jsonl:PATH"
      ),
      (
        "\"sqlite:\"",
        "1:18: connection 'c' has no path; write sqlite:PATH, such as sqlite:data/people or sqlite:/srv/people"
      ),
      (
        "sqlite:///x.db",
        "1:18: connection 'c' needs the plain path of a file; write sqlite:PATH, such as sqlite:data/people or sqlite:/srv/people"
      ),
      (
        "'sqlite::memory:'",
        "1:18: connection 'c' needs the plain path of a file; write sqlite:PATH, such as sqlite:data/people or sqlite:/srv/people"
      ),
      ("5", "1:18: connection 'c' must be a string, not a number; put it in quotes"),
      ("[a]", "1:18: connection 'c' must be a string, not a list; write a string"),
      ("{password: x}", "1:15: connection 'c' has no 'url'; add it: url: \"postgres://user@host/database\""),
      ("{url: 'sqlite:x', password: x}", "1:36: connection 'c' takes no password; remove it"),
      ("{url: 'postgres://u:p@h/d', password: x}", "1:46: connection 'c' has two passwords; remove the one in the URL"),
      (
        "{url: 'postgres://h/d?a=b&password=p', password: x}",
        "1:57: connection 'c' has two passwords; remove the one in the URL"
      ),
      (
        "'postgres://u:a b@h/d'",
        "1:18: connection 'c' has a space in its URL; write it as '%20', or put the password under 'password'"
      ),
      ("{url: 'postgres://h', pasword: x}", "1:40: unknown key 'pasword' in connection 'c'; did you mean 'password'?"),
    ])
  func connection(value: String, problem: String) {
    #expect(problems("connections: {c: \(value)}\nkafka: {bootstrap: a}") == [problem])
  }

  @Test(
    "a broker list that is none",
    arguments: ["a:", "a:0", "a:99999", "a:b", ":9092", "a,,b", "a b:1"])
  func bootstrap(value: String) {
    #expect(
      problems("kafka: {bootstrap: '\(value)'}") == [
        "1:20: 'bootstrap' in kafka is no list of brokers; write 'host:port', several of them with commas between"
      ])
  }

  @Test("broker lists that are fine", arguments: ["a", "a:1, b:65535", "[::1]:9092", "SSL://a:9092"])
  func bootstrapFine(value: String) {
    #expect(problems("kafka: {bootstrap: '\(value)'}") == [])
  }

  @Test("properties that the guarantees rest on are refused")
  func reserved() {
    #expect(
      problems("kafka: {bootstrap: a, properties: {enable.auto.commit: true, group.id: x, linger.ms: ~}}") == [
        "1:36: property 'enable.auto.commit' is set by Baton; remove it: an offset is committed when its run is complete",
        "1:62: property 'group.id' is set by Baton; use 'group' in kafka",
        "1:86: property 'linger.ms' must be a string, not nothing; write '' for an empty one",
      ])
  }

  @Test("names have a length limit, queues a deduplication limit")
  func limits() {
    let long = String(repeating: "x", count: 101)
    #expect(
      problems("kafka: {bootstrap: a}\nqueues:\n  \(long): {}\n  b: {deduplication: 31d}") == [
        "3:3: queue name has 101 characters; use at most 100",
        "4:22: 'deduplication' in queue 'b' is 31d; write from 1s to 30d",
      ])
  }

  @Test("a thing with a wrong definition is declared all the same")
  func noFalseErrors() {
    let text = """
      kafka: {bootstrap: a}
      queues: {q: {x: 1}}
      connections: {c: "nope:"}
      jobs:
        j: {queue: q, sync: {from: c, query: q, key: [id], to: c, table: t}}
        k: {queue: q, run: [x, "${params.p}"], params: {p: wrong}}
      """
    let found = problems(text)
    #expect(found.map { $0.prefix(4) } == ["2:14", "3:18", "6:54"])
  }
}
