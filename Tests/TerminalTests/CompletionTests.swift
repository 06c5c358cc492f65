import Foundation
import Testing

@testable import Terminal

@Suite struct CompletionTests {
  /// Runs bash as it runs when the tabulator is pressed after these words.
  private func bash(_ words: [String], setup: String = "", of root: Command = tool) throws -> [String] {
    try withTemporaryFolder { folder in
      try CompletionCase.prepare(folder)
      let quoted = words.map(shellWord).joined(separator: " ")
      let script =
        root.completionScript(for: .bash) + """
          set -u
          cd \(shellWord(folder.path())); PATH="$PWD/bin:$PATH"; \(setup)
          COMP_WORDS=(\(quoted)) COMP_CWORD=\(words.count - 1)
          _baton
          printf '%s\\n' "${COMPREPLY[@]}"
          """
      let file = folder.appending(path: "script")
      try Data(script.utf8).write(to: file)
      let result = try runShell("/bin/bash", ["--norc", file.path()])
      #expect(result.errors == "")
      return result.output.split(separator: "\n").map(String.init)
    }
  }

  /// As bash itself splits a line, at = and : too.
  private func split(_ line: [String]) -> [String] {
    line.flatMap { word in
      var parts = [""]
      for character in word {
        if character == "=" || character == ":" {
          parts += [String(character), ""]
        } else {
          parts[parts.count - 1].append(character)
        }
      }
      return parts.count == 1 ? parts : parts.filter { !$0.isEmpty }
    }
  }

  @Test(arguments: CompletionCase.all) func bashOffers(completion: CompletionCase) throws {
    #expect(try bash(["baton"] + split(completion.line)).sorted() == completion.offered.sorted())
  }

  @Test(arguments: [
    (["baton", "enqueue", "--origin", "=", "c"], ["cli", "chain"]),
    (["baton", "enqueue", "--origin", "="], ["cli", "api", "chain"]),
    (["baton", "--config", "=", "ba"], ["baton.yaml"]),
    (["baton", "topics", "apply", "--directory", "="], ["bin", "topics"]),
    (["baton", "topics", "apply", "-d", "to"], ["topics"]),
    // Where = does not split words, the whole word is replaced.
    (["baton", "enqueue", "--origin=c"], ["--origin=cli", "--origin=chain"]),
    (["baton", "unknown", ""], []),
    (["baton", "topics", "apply", "a", "b", "c"], []),
  ]) func bashOffersInTheFormsThatItSplits(words: [String], offered: [String]) throws {
    #expect(try bash(words).sorted() == offered.sorted())
  }

  @Test func bashCompletesWordsWithColonsAndSpecialCharacters() throws {
    let odd =
      "mkdir odd; printf '#!/bin/sh\\nprintf \"run@01:29\\\\nrun@01:33\\\\ntwo words\\\\n\"' > odd/baton; chmod +x odd/baton; PATH=\"$PWD/odd:$PATH\""
    #expect(try bash(["baton", "enqueue", "run@01", ":", "2"], setup: odd) == ["29"])
    #expect(try bash(["baton", "enqueue", "run@01", ":"], setup: odd) == ["29", "33"])
    #expect(try bash(["baton", "enqueue", "run"], setup: odd) == ["run@01:29", "run@01:33"])
    #expect(try bash(["baton", "enqueue", "tw"], setup: odd) == ["two\\ words"])
  }

  @Test func bashKnowsTheToolUnderAPathToo() throws {
    #expect(try bash(["./bin/baton", "enqueue", "rep"]) == ["report"])
  }

  /// zsh's own functions are stood in for by ones that print what they are given and keep what begins with the word.
  @Test(.enabled(if: installed("zsh") != nil), arguments: CompletionCase.all)
  func zshOffers(completion: CompletionCase) throws {
    try withTemporaryFolder { folder in
      try CompletionCase.prepare(folder)
      let words = (["baton"] + completion.line).map(shellWord).joined(separator: " ")
      let script = """
        compdef() { : }
        compadd() { shift; print -rl -- "$@" }
        compset() { words[CURRENT]=${words[CURRENT]#*=} }
        _files() { [[ ${1-} == -/ ]] && print -rl -- *(/N) || print -rl -- *(N) }
        _describe() { print -rl -- "${(@)${(@P)@[-1]}%%:*}" }

        """ + tool.completionScript(for: .zsh) + """

          setopt err_return no_unset
          cd \(shellWord(folder.path())); path=($PWD/bin $path)
          words=(\(words)) CURRENT=$#words
          _baton | while read -r word; do [[ $word == "${words[CURRENT]}"* ]] && print -r -- "$word" || true; done
          """
      let file = folder.appending(path: "script")
      try Data(script.utf8).write(to: file)
      let result = try runShell(try #require(installed("zsh")), ["-f", file.path()])
      #expect(result.errors == "")
      #expect(
        result.output.split(separator: "\n").map(String.init).sorted() == completion.offered.sorted())
    }
  }

  @Test(.enabled(if: installed("fish") != nil), arguments: CompletionCase.all)
  func fishOffers(completion: CompletionCase) throws {
    try withTemporaryFolder { folder in
      try CompletionCase.prepare(folder)
      let file = folder.appending(path: "completion.fish")
      try Data(tool.completionScript(for: .fish).utf8).write(to: file)
      let line = (["baton"] + completion.line).joined(separator: " ")
      let script = """
        cd \(fishWord(folder.path())); set -x PATH $PWD/bin $PATH; source \(fishWord(file.path()))
        complete -C \(fishWord(line))
        """
      let result = try runShell(
        try #require(installed("fish")), ["--no-config", "-c", script], environment: ["HOME": folder.path()])
      #expect(result.errors == "")
      let offered = result.output.split(separator: "\n").compactMap { $0.split(separator: "\t").first.map(String.init) }
      #expect(offered.sorted() == completion.offered.sorted())
    }
  }

  @Test(arguments: Shell.allCases) func everyShellKnowsTheVisibleAndNothingHidden(shell: Shell) {
    let script = tool.completionScript(for: shell)
    for path in ["baton topics plan", "baton enqueue", "baton completions"] {
      #expect(script.contains("'\(path)'") || script.contains("\\'\(path)\\'"), "\(path)")
    }
    #expect(script.contains("list-jobs"))
    #expect(!script.contains("'baton list-jobs'"))
    #expect(!script.contains("secret"))
    #expect(!script.contains(/@[a-z]+@/), "a place in the template was left empty")
  }

  @Test(arguments: Shell.allCases) func textThatShellsWouldExpandIsQuoted(shell: Shell) throws {
    let odd = Command(
      "baton", summary: "s",
      subcommands: [
        Command(
          "run", summary: "it's $(touch pwned) `touch pwned` \"x\" [y]: \\",
          options: [Option("odd", short: "o", help: "don't $HOME [a]: \\", completion: .none)], run: { _ in 0 })
      ])
    let script = odd.completionScript(for: shell)
    switch shell {
    case .bash: #expect(try bash(["baton", "ru"], of: odd) == ["run"])
    case .zsh: #expect(script.contains(#"'run:it'\''s $(touch pwned)"#))
    case .fish: #expect(script.contains(#"-d 'it\'s $(touch pwned)"#))
    }
    if let program = installed(shell.rawValue) {
      try withTemporaryFolder { folder in
        let file = folder.appending(path: "script")
        try Data(script.utf8).write(to: file)
        let result = try runShell(program, ["-n", file.path()])
        #expect(result.status == 0)
        #expect(result.errors == "")
      }
    }
  }
}
