/// Completions for fish: one `complete` for every option, command and argument, each with the place where it holds.
struct FishCompletion {
  private let root: Command

  init(_ root: Command) { self.root = root }

  var text: String {
    let table = CompletionTable(root)
    let template = FishCompletion.template.replacing("@tool@", with: root.name)
      .replacing("@function@", with: "__" + root.functionName)
    let valued = table.rows.map { row in
      "    case " + fishWord(row.path) + "\n      string join \\n -- "
        + row.valued.flatMap(\.spellings).map(fishWord).joined(separator: " ")
    }
    return
      template
      .replacing("@carried@", with: table.carried.map(fishWord).joined(separator: " "))
      .replacing("@paths@", with: table.rows.map { fishWord($0.path) }.joined(separator: " "))
      .replacing("@valued@", with: valued.joined(separator: "\n"))
      + table.rows.flatMap(entries).joined(separator: "\n") + "\n"
  }

  private func entries(_ row: CompletionTable.Row) -> [String] {
    let function = "__" + root.functionName
    let start = "complete -c " + fishWord(root.name)
    func entry(_ place: String, _ what: String, _ text: String) -> String {
      let condition = fishWord(function + "_at " + fishWord(row.path) + " " + place)
      return start + " -n " + condition + " " + what + (text.isEmpty ? "" : " -d " + fishWord(text))
    }
    var entries = row.subcommands.map { entry("0", "-a " + fishWord($0.name), $0.summary) }
    for option in row.options {
      let names = "-l " + fishWord(option.name) + (option.short.map { " -s " + fishWord(String($0)) } ?? "")
      entries.append(entry("any", names + (option.isFlag ? "" : value(option.completion)), option.help))
    }
    for (index, argument) in row.arguments.enumerated() {
      guard let words = words(argument.completion) else { continue }
      entries.append(entry((argument.repeats ? "from " : "") + String(index), words, argument.help))
    }
    return entries
  }

  private func value(_ completion: Completion) -> String {
    if case .file = completion { return " -r -F" }
    return words(completion).map { " -x " + $0 } ?? " -x"
  }

  private func words(_ completion: Completion) -> String? {
    switch completion {
    case .none: nil
    case .file: "-F"
    case .directory: "-a '(__fish_complete_directories)'"
    case .values(let words): "-a " + fishWord(words.joined(separator: " "))
    case .command(let words): "-a " + fishWord("(__" + root.functionName + "_words " + words + ")")
    }
  }

  private static let template = #"""
    # fish completion for @tool@; put it into ~/.config/fish/completions/@tool@.fish.

    # The options of the command $argv that are followed by a value.
    function @function@_valued
      switch "$argv"
    @valued@
      end
    end

    # Prints the command on the line so far, how many arguments follow it, and the options to pass on, a line each.
    function @function@_state
      set -l paths @paths@
      set -l carried @carried@
      set -l line '@tool@'
      set -l position 0
      set -l expects ''
      set -l ended 0
      set -l passed
      set -l words (commandline -opc)
      for word in $words[2..-1]
        if test -n "$expects"
          contains -- $expects $carried; and set -a passed $expects $word
          set expects ''
        else if test $ended = 1
          set position (math $position + 1)
        else if test "$word" = --
          set ended 1
        else if string match -q -- '--*=*' $word
          contains -- (string replace -r '=.*' '' -- $word) $carried; and set -a passed $word
        else if string match -q -- '-?*' $word
          # Of clustered letters, the last one may want a value.
          string match -q -- '--*' $word; or set word -(string sub -s -1 -- $word)
          contains -- $word (@function@_valued $line); and set expects $word
        else if contains -- "$line $word" $paths
          set line "$line $word"
        else if not test "$line $word" = '@tool@ help'
          set position (math $position + 1)
        end
      end
      string join \n -- $line $position $passed
    end

    # Whether the line is at the command $argv[1], and there at the argument $argv[2], "any" one, or "from" $argv[3] on.
    function @function@_at
      set -l state (@function@_state)
      test "$state[1]" = "$argv[1]"; or return 1
      switch $argv[2]
        case any
          return 0
        case from
          test $state[2] -ge $argv[3]
        case '*'
          test $state[2] = $argv[2]
      end
    end

    # The words that the tool prints when it is asked for them.
    function @function@_words
      set -l words (commandline -opc)
      set -l state (@function@_state)
      $words[1] $state[3..-1] $argv 2>/dev/null </dev/null
    end

    complete -c '@tool@' -f

    """#
}
