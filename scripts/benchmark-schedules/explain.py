"""Why two libraries differ: each cause is tested by asking the other library the same in words that avoid the cause."""

import datetime
import itertools
import re
from zoneinfo import ZoneInfo

NAMES = {name: str(number) for number, name in enumerate("SUN MON TUE WED THU FRI SAT".split())}
BOUNDS = [(0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 6)]


def split(expression):
    """The fields before the day of the month, that one, the month and the day of the week."""
    fields = expression.split()
    return fields[:-3], *fields[-3:]


def without_single_ranges(expression):
    return [re.sub(r"\b(\d+)-\1(/\d+)?(?![\d-])", r"\1", expression)]


def without_question_marks(expression):
    return [expression.replace("?", "*")]


def with_l_first(expression):
    return [re.sub(r"\b([0-7])L$", r"L\1", expression)]


def without_wrapping(expression):
    fields = expression.split()
    bounds = BOUNDS[-len(fields):]
    for index, (low, high) in enumerate(bounds):
        text = fields[index]
        if (len(fields) - index) == 1:
            text = "-".join(NAMES.get(part, part) for part in text.split("-"))
        match = re.fullmatch(r"(\d+)-(\d+)(?:/(\d+))?", text)
        if match and int(match[1]) > int(match[2]):
            numbers = list(range(int(match[1]), high + 1)) + list(range(low, int(match[2]) + 1))
            fields[index] = ",".join(map(str, numbers[::int(match[3] or 1)]))
    return [" ".join(fields)]


def days_one_by_one(expression):
    """By the day of the month alone, and by the day of the week alone: the earlier is due."""
    time, day, month, weekday = split(expression)
    if day[0] in "*?" or weekday[0] in "*?":
        return [expression]
    return [" ".join([*time, day, month, "*"]), " ".join([*time, "*", month, weekday])]


REWRITES = {
    "croniter": {
        "croniter reads the range 11-11 as *": without_single_ranges,
        "croniter has no ? there": without_question_marks,
        "croniter writes L5 for 5L": with_l_first,
        "croniter does not take the other day field into account beside W, L or #": days_one_by_one,
        "croniter has no ranges over the end": without_wrapping,
    },
    "cronsim": {
        "cronsim has no ?": without_question_marks,
        "cronsim has no ranges over the end (22-2, FRI-MON)": without_wrapping,
    },
}


def lacks(name, expression):
    """What cannot be said in the other library at all."""
    _, day, _, _ = split(expression)
    signs = {"croniter": [r"LW", r"L-\d+"], "cronsim": [r"\d+W", r"L-\d+"]}[name]
    for sign, word in zip(signs, {"croniter": ["LW", "L-3"], "cronsim": ["15W", "L-3"]}[name]):
        if re.search(sign, day):
            return f"{name} has no {word}"
    return None


def is_end_of_gap(moment, zone):
    info = ZoneInfo(zone)

    def offset(at):
        return datetime.datetime.fromtimestamp(at, info).utcoffset()

    return offset(moment) > offset(moment - 1)


def is_shown_twice(moment, zone):
    time = datetime.datetime.fromtimestamp(moment, ZoneInfo(zone))
    return time.replace(fold=0).utcoffset() != time.replace(fold=1).utcoffset() and not is_end_of_gap(moment, zone)


def explain(name, question, our, their, libraries):
    """The cause of a difference in words; it begins with UNEXPLAINED if none is found."""
    expression, zone, moment = question

    def ask(expressions, library=None):
        answers = []
        for rewritten in expressions:
            try:
                answers.append((library or libraries[name])((rewritten, zone, moment)))
            except Exception:  # refused again: another cause
                return None
        return min(answers)

    if isinstance(our, str):
        return "both refuse it: it never fires" if isinstance(their, str) and "never" in our else f"UNEXPLAINED: {our}"
    if isinstance(their, str) and lacks(name, expression):
        return lacks(name, expression)
    for count in (1, 2, 3):
        for chosen in itertools.combinations(REWRITES[name].items(), count):
            expressions = [expression]
            for _, rewrite in chosen:
                expressions = [new for old in expressions for new in rewrite(old)]
            if expressions != [expression] and ask(expressions) == our:
                return "; ".join(reason for reason, _ in chosen)
    if name == "croniter" and ask([expression], libraries["croniter as cron does"]) == our:
        return "croniter takes */2 in a day field for a restriction: either field is enough, not both needed"
    if isinstance(their, str):
        return f"UNEXPLAINED: {their}"
    if is_end_of_gap(our, zone) and our < their:
        return f"a skipped time: at the end of the gap here, by {name} later or not at all"
    if is_end_of_gap(their, zone) and their < our:
        return f"a skipped time: not made up for here, because the job is due every hour; by {name} at the end of the gap"
    if is_shown_twice(their, zone) and their < our:
        return f"a repeated time: the first time only here, by {name} again"
    if is_shown_twice(our, zone) and our < their:
        return f"a repeated time: again here, because the job is due every hour; by {name} not"
    if name == "cronsim" and zone == "Australia/Lord_Howe" and our < their and ask([expression], libraries["croniter"]) == our:
        return "cronsim goes on by whole hours after a change by half an hour, and misses the first half of the hour"
    return "UNEXPLAINED"
