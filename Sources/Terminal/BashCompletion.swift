/// Completions for bash: a table of the commands, and a function that walks the words by it.
struct BashCompletion {
  private let root: Command

  init(_ root: Command) { self.root = root }

  var text: String {
    let table = CompletionTable(root)
    let template = BashCompletion.template.replacing("@tool@", with: root.name)
      .replacing("@function@", with: "_" + root.functionName)
    return template.replacing("@carried@", with: " " + table.carried.joined(separator: " ") + " ")
      .replacing("@rows@", with: table.rows.map(row).joined(separator: "\n"))
  }

  private func row(_ row: CompletionTable.Row) -> String {
    func list(_ words: [String]) -> String { "(" + words.map(shellWord).joined(separator: " ") + ")" }
    let valued = row.valued.flatMap { option in option.spellings.flatMap { [$0, option.completion.code] } }
    return """
        \(shellWord(row.path)))
          subcommands=\(list(row.subcommands.map(\.name)))
          flags=\(list(row.flags.flatMap(\.spellings)))
          valued=\(list(valued))
          arguments=\(list(row.arguments.map(\.completion.code)))
          repeats=\(row.repeats ? 1 : 0)
          rest=\(shellWord(row.rest?.completion.code ?? ""))
          ;;
      """
  }

  private static let template = #"""
    # bash completion for @tool@; put it into /etc/bash_completion.d, or source it.

    # Sets what can stand on the line at the command $1. In valued, each option is followed by the kind of its value.
    @function@_context() {
      case $1 in
    @rows@
      esac
    }

    # Adds the words of kind $1 that begin with $2, each with $3 before it.
    @function@_add() {
      local kind=${1%% *} words=() word
      case $kind in
        values) read -r -a words <<<"${1#* }" ;;
        command)
          local query
          read -r -a query <<<"${1#* }"
          while IFS= read -r word; do words+=("$word"); done \
            < <("${tool/#\~/$HOME}" "${carried[@]}" "${query[@]}" 2>/dev/null </dev/null)
          ;;
        file | directory)
          compopt -o filenames 2>/dev/null
          local action=-f
          [[ $kind == directory ]] && action=-d
          while IFS= read -r word; do words+=("$word"); done < <(compgen "$action" -- "$2")
          ;;
      esac
      for word in "${words[@]}"; do
        [[ $word == "$2"* ]] || continue
        [[ $kind == command && $word == *[[:space:]\'\"\\\$\`\&\;\|\<\>\(\)]* ]] && printf -v word %q "$word"
        COMPREPLY+=("$3$word")
      done
    }

    @function@() {
      COMPREPLY=()
      # bash splits words at = and : too; put them together again.
      local words=() i word glue=0
      for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ ${#words[@]} -gt 1 && ($glue == 1 || $word == [=:]*) && -n $word ]]; then
          words[${#words[@]} - 1]+=$word
        else
          words+=("$word")
        fi
        glue=0
        [[ $word =~ ^[=:]+$ ]] && glue=1
      done
      local last=${COMP_WORDS[COMP_CWORD]}
      local current=${words[${#words[@]} - 1]}

      local tool=${words[0]} path='@tool@' expects='' position=0 ended=0 carried=()
      local subcommands flags valued arguments repeats rest
      @function@_context "$path"
      for ((i = 1; i < ${#words[@]} - 1; i++)); do
        word=${words[i]}
        if [[ -n $expects ]]; then
          [[ '@carried@' == *" $expects "* ]] && carried+=("$expects" "$word")
          expects=''
        elif [[ $ended == 1 ]]; then
          ((position++))
        elif [[ $word == -- ]]; then
          ended=1
        elif [[ $word == --*=* ]]; then
          [[ '@carried@' == *" ${word%%=*} "* ]] && carried+=("$word")
        elif [[ $word == -?* ]]; then
          # Of clustered letters, the last one may want a value.
          [[ $word == --* ]] || word=-${word: -1}
          local j
          for ((j = 0; j < ${#valued[@]}; j += 2)); do [[ ${valued[j]} == "$word" ]] && expects=$word; done
        elif [[ ${#subcommands[@]} -gt 0 ]]; then
          local known=0 subcommand
          for subcommand in "${subcommands[@]}"; do [[ $subcommand == "$word" ]] && known=1; done
          [[ $known == 1 ]] || return 0
          # help is followed by the commands that it is about.
          [[ $path == '@tool@' && $word == help ]] && continue
          path+=" $word"
          @function@_context "$path"
        else
          ((position++))
        fi
      done

      local option=$expects value=$current prefix='' kind=''
      if [[ -z $option && $ended == 0 && $current == --*=* ]]; then
        option=${current%%=*} value=${current#*=} prefix=$option=
      fi
      if [[ -n $option ]]; then
        for ((i = 0; i < ${#valued[@]}; i += 2)); do [[ ${valued[i]} == "$option" ]] && kind=${valued[i + 1]}; done
        @function@_add "$kind" "$value" "$prefix"
      elif [[ $ended == 1 && -n $rest ]]; then
        @function@_add "$rest" "$current" ''
      elif [[ $ended == 0 && $current == -* ]]; then
        local words=("${flags[@]}")
        for ((i = 0; i < ${#valued[@]}; i += 2)); do words+=("${valued[i]}"); done
        for word in "${words[@]}"; do [[ $word == "$current"* ]] && COMPREPLY+=("$word"); done
      elif [[ ${#subcommands[@]} -gt 0 ]]; then
        for word in "${subcommands[@]}"; do [[ $word == "$current"* ]] && COMPREPLY+=("$word"); done
      else
        [[ $repeats == 1 && $position -ge ${#arguments[@]} ]] && position=$((${#arguments[@]} - 1))
        @function@_add "${arguments[position]:-none}" "$current" ''
      fi

      # bash replaces only what stands after the last = or :.
      local replaced=$current
      [[ $last =~ ^[=:]+$ ]] || replaced=${current%"$last"}
      [[ -n $replaced ]] && COMPREPLY=("${COMPREPLY[@]#"$replaced"}")
      return 0
    }

    complete -F @function@ @tool@
    """# + "\n"
}
