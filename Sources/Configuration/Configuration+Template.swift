extension Configuration {
  /// What `baton init` writes: a commented file that runs as it is, given a database `sample.db` with a table `person`.
  public static let template = #"""
    # What Baton runs, and where. Check it with: baton check
    #
    # Text may refer to the environment, ${NAME} or ${NAME:-default}, and to a file that holds a secret,
    # ${file:/run/secrets/password}. Put text with references in quotes. $$ is a dollar.

    kafka:
      bootstrap: "${BATON_KAFKA:-localhost:9092}" # host:port, several with commas between
      # group: baton    # the consumer group of all workers
      # prefix: baton   # what the topics' names begin with
      properties: {} # any librdkafka property, for example:
      #   security.protocol: sasl_ssl
      #   sasl.mechanisms: SCRAM-SHA-512
      #   sasl.username: baton
      #   sasl.password: "${file:/run/secrets/kafka}"

    # Runs of one queue never overlap and start in the order of their requests.
    queues:
      nightly:
        description: Copies that must not overlap
      reports: {}

    # sqlite:PATH, jsonl:PATH (JSON Lines) or postgres://user@host/database. Paths are relative to this file.
    connections:
      sample: "sqlite:sample.db"
      people: "sqlite:people.db"
      # tis: {url: "postgres://sync@db.example.org/tis", password: "${file:/run/secrets/tis}"}

    jobs:
      # Copies rows chunk by chunk; after a crash it goes on behind the last chunk.
      person-search:
        queue: nightly
        description: Copy persons for the search page
        sync:
          from: sample
          query: SELECT id, given_name, family_name FROM person
          key: [id] # the columns that identify a row
          to: people
          table: person
          mode: upsert # or append, or replace
        chunk: {rows: 5000, bytes: 8MiB}
        memory: 256MiB
        attempts: 5 # failures before the request goes to the dead letters
        backoff: {initial: 5s, max: 5m, factor: 2}
        timeout: 2h # of one attempt
        when-waiting: coalesce # or queue: what a second waiting request becomes
        # schedule: "29 1 * * *" # minute hour day month weekday; or every: 15m
        # zone: Europe/London    # by default scheduler.zone
        # not-after: "06:00"     # a run that could not start by then is skipped
        # catch-up: latest       # or all, or none: what is done about missed fires
        # spread: 5m             # some time after the nominal one, always the same
        # then: [hello]          # asked for when a run has succeeded

      # Starts a program, without a shell: every item is one argument.
      hello:
        queue: reports
        run: ["/bin/echo", "Hello,", "${params.name}"]
        params:
          name: {type: string, default: world}

    # scheduler:
    #   in-workers: true      # every worker proposes what is due; false: only `baton scheduler`
    #   zone: UTC
    #   horizon: 24h          # how far back missed fires are looked for
    #   clock-limit: 1m       # a clock that is further off than this proposes nothing

    # worker:
    #   name: green           # by default the host's name
    #   session-timeout: 6s   # after which the queues of a lost worker go to another
    #   shutdown: 30s         # for handing over when told to end
    #   log: {level: info, format: text}

    """#
}
