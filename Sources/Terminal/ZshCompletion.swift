/// Completions for zsh: a table of the commands with their descriptions, and a function that walks the words by it.
struct ZshCompletion {
  private let root: Command

  init(_ root: Command) { self.root = root }

  var text: String {
    let table = CompletionTable(root)
    let template = ZshCompletion.template.replacing("@tool@", with: root.name)
      .replacing("@function@", with: "_" + root.functionName)
    return template.replacing("@carried@", with: " " + table.carried.joined(separator: " ") + " ")
      .replacing("@rows@", with: table.rows.map(row).joined(separator: "\n"))
  }

  private func row(_ row: CompletionTable.Row) -> String {
    func list(_ words: [String]) -> String { "(" + words.map(shellWord).joined(separator: " ") + ")" }
    func described(_ name: String, _ text: String) -> String { name.replacing(":", with: "\\:") + ":" + text }
    let options = row.options.flatMap { option in option.spellings.map { described($0, option.help) } }
    let valued = row.valued.flatMap { option in option.spellings.flatMap { [$0, option.completion.code] } }
    return """
        (\(shellWord(row.path)))
          subcommands=\(list(row.subcommands.map { described($0.name, $0.summary) }))
          options=\(list(options))
          valued=\(list(valued))
          arguments=\(list(row.arguments.map(\.completion.code)))
          repeats=\(row.repeats ? 1 : 0)
          rest=\(shellWord(row.rest?.completion.code ?? ""))
          ;;
      """
  }

  private static let template = #"""
    #compdef @tool@
    # zsh completion for @tool@; put it into a folder of $fpath under the name _@tool@, or source it after compinit.

    # Sets what can stand on the line at the command $1. In valued, each option is followed by the kind of its value.
    @function@_context() {
      case $1 in
    @rows@
      esac
    }

    # Offers the words of kind $1.
    @function@_add() {
      local -a found query
      case ${1%% *} in
        (values) compadd -- ${=1#* } ;;
        (command)
          query=(${=1#* })
          found=("${(@f)$("${tool/#\~/$HOME}" "${carried[@]}" "${query[@]}" 2>/dev/null </dev/null)}")
          found=(${found:#})
          (( $#found )) && compadd -- "${found[@]}"
          ;;
        (file) _files ;;
        (directory) _files -/ ;;
      esac
    }

    @function@() {
      local -a subcommands options arguments carried
      local -A valued
      local word option repeats rest tool=${(Q)words[1]} line='@tool@' expects='' position=1 ended=0 i
      @function@_context "$line"
      for ((i = 2; i < CURRENT; i++)); do
        word=${(Q)words[i]}
        if [[ -n $expects ]]; then
          [[ '@carried@' == *" $expects "* ]] && carried+=("$expects" "$word")
          expects=''
        elif (( ended )); then
          (( position++ ))
        elif [[ $word == -- ]]; then
          ended=1
        elif [[ $word == --*=* ]]; then
          [[ '@carried@' == *" ${word%%=*} "* ]] && carried+=("$word")
        elif [[ $word == -?* ]]; then
          # Of clustered letters, the last one may want a value.
          [[ $word == --* ]] || word=-${word[-1]}
          (( ${+valued[$word]} )) && expects=$word
        elif (( $#subcommands )); then
          # help is followed by the commands that it is about.
          [[ $line == '@tool@' && $word == help ]] && continue
          (( ${subcommands[(I)${(b)word}:*]} )) || return 1
          line+=" $word"
          @function@_context "$line"
        else
          (( position++ ))
        fi
      done

      word=${(Q)words[CURRENT]}
      if [[ -n $expects ]]; then
        @function@_add "${valued[$expects]}"
      elif [[ $ended == 0 && $word == --*=* ]]; then
        option=${word%%=*}
        compset -P '*='
        @function@_add "${valued[$option]}"
      elif [[ $ended == 1 && -n $rest ]]; then
        @function@_add "$rest"
      elif [[ $ended == 0 && $word == -* ]]; then
        _describe -o option options
      elif (( $#subcommands )); then
        _describe command subcommands
      else
        (( repeats && position > $#arguments )) && position=$#arguments
        @function@_add "${arguments[position]:-none}"
      fi
    }

    # Loaded from $fpath, the file is the function; sourced, it says whose it is.
    if [[ ${funcstack[1]} == _@tool@ ]]; then
      @function@ "$@"
    else
      compdef @function@ @tool@
    fi
    """# + "\n"
}
