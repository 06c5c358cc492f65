"""Next fires of 1,000 expressions by Scheduling, croniter and cronsim: their answers and their times, in one run."""

import datetime
import subprocess
import sys
import time
from zoneinfo import ZoneInfo

import croniter
import cronsim

from explain import explain
from questions import questions

ROUNDS = 3


def local(moment, zone):
    return datetime.datetime.fromtimestamp(moment, ZoneInfo(zone))


def by_croniter(asked):
    expression, zone, moment = asked
    schedule = croniter.croniter(expression, local(moment, zone), second_at_beginning=True)
    return int(schedule.get_next(datetime.datetime).timestamp())


def by_croniter_as_cron(asked):
    expression, zone, moment = asked
    schedule = croniter.croniter(
        expression, local(moment, zone), second_at_beginning=True, implement_cron_bug=True)
    return int(schedule.get_next(datetime.datetime).timestamp())


def by_cronsim(asked):
    expression, zone, moment = asked
    return int(next(cronsim.CronSim(expression, local(moment, zone))).timestamp())


LIBRARIES = {"croniter": by_croniter, "cronsim": by_cronsim, "croniter as cron does": by_croniter_as_cron}


def answers(library, asked):
    result = []
    for question in asked:
        try:
            result.append(library(question))
        except Exception as error:  # either library has many kinds of them
            result.append(f"refused: {type(error).__name__}: {error}")
    return result


def timed(library, asked):
    """Microseconds for one question of those that the library takes, reading the expression included."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for question in asked:
            library(question)
        best = min(best, time.perf_counter() - start)
    return best / len(asked) * 1e6


def by_scheduling(program, asked):
    lines = "".join("\t".join(map(str, question)) + "\n" for question in asked)
    output = subprocess.run([program], input=lines, capture_output=True, text=True, check=True).stdout.splitlines()
    figures = output.pop().split()
    result = [int(line) if line.lstrip("-").isdigit() else line for line in output]
    parse, following, rounds = int(figures[3]), int(figures[5]), int(figures[7])
    return result, parse / len(asked) / 1e3, following / len(asked) / rounds / 1e3


def show(value, zone):
    return value if isinstance(value, str) else local(value, zone).isoformat()


def main():
    asked = questions()
    ours, parse, following = by_scheduling(sys.argv[1], asked)
    print(f"{len(asked)} expressions, one next fire each")
    print(f"  {'Scheduling':<12} {parse + following:9.2f} us each ({parse:.2f} to read it, {following:.2f} to find the fire)")
    unexplained = 0
    for name in ("croniter", "cronsim"):
        library = LIBRARIES[name]
        theirs = answers(library, asked)
        taken = [question for question, answer in zip(asked, theirs) if isinstance(answer, int)]
        print(f"  {name:<12} {timed(library, taken):9.2f} us each ({len(taken)} that it takes)")
        reasons = {}
        for question, our, their in zip(asked, ours, theirs):
            if our == their:
                reasons.setdefault("the same answer", []).append((question, our, their))
            else:
                reasons.setdefault(explain(name, question, our, their, LIBRARIES), []).append((question, our, their))
        for reason, cases in sorted(reasons.items(), key=lambda item: -len(item[1])):
            print(f"    {len(cases):5} {reason}")
            if reason == "the same answer":
                continue
            limit = 1000 if reason.startswith("UNEXPLAINED") else 2
            for question, our, their in cases[:limit]:
                expression, zone, moment = question
                print(f"            {expression}  {zone}  after {show(moment, zone)}")
                print(f"              here {show(our, zone)}, there {show(their, zone)}")
            if reason.startswith("UNEXPLAINED"):
                unexplained += len(cases)
    if unexplained:
        sys.exit(f"{unexplained} differences are not explained")


main()
