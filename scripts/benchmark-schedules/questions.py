"""1,000 mixed expressions, each with a zone and a moment: the same ones in every run."""

import datetime
import random
from zoneinfo import ZoneInfo

ZONES = [
    "UTC", "Europe/London", "America/New_York", "Australia/Lord_Howe", "America/St_Johns",
    "Africa/Casablanca", "Pacific/Apia", "Asia/Kathmandu", "America/Santiago", "Europe/Dublin",
]
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


def number(rng, low, high):
    """A field of a time of day."""
    a, b = sorted((rng.randint(low, high), rng.randint(low, high)))
    return rng.choices(
        ["*", str(a), f"{a},{b}" if a != b else str(a), f"*/{rng.choice([2, 3, 5, 7, 10, 15])}", f"{a}-{b}",
         f"{a}-{b}/{rng.choice([2, 3, 4])}", f"{b}-{a}" if a != b else str(a)],
        weights=[25, 35, 10, 15, 8, 5, 2])[0]


def day_of_month(rng):
    return rng.choices(
        ["*", str(rng.randint(1, 31)), f"{rng.randint(1, 10)},{rng.randint(11, 28)}", "L", f"*/{rng.choice([2, 3, 10])}",
         f"{rng.randint(1, 10)}-{rng.randint(11, 31)}", "LW", f"{rng.randint(1, 28)}W", f"L-{rng.randint(1, 5)}", "?"],
        weights=[55, 15, 5, 5, 5, 5, 3, 3, 2, 2])[0]


def month(rng):
    a, b = sorted(rng.sample(range(12), 2))
    return rng.choices(
        ["*", str(a + 1), MONTHS[b], f"{MONTHS[a]}-{MONTHS[b]}", f"*/{rng.choice([2, 3, 4])}", f"{a + 1},{b + 1}"],
        weights=[70, 8, 6, 6, 5, 5])[0]


def day_of_week(rng):
    a, b = sorted(rng.sample(range(7), 2))
    return rng.choices(
        ["*", str(a), "7", WEEKDAYS[b], "MON-FRI", f"{WEEKDAYS[a]}-{WEEKDAYS[b]}", f"{a},{b}", "*/2",
         f"{WEEKDAYS[a]}#{rng.randint(1, 5)}", f"{a}L", "FRI-MON"],
        weights=[55, 8, 2, 6, 10, 4, 5, 2, 4, 2, 2])[0]


def questions(count=1000, seed=2026):
    """Triples of expression, zone and seconds since 1970. Every third moment is near a change of the zone's clocks."""
    rng = random.Random(seed)
    result = []
    while len(result) < count:
        fields = [number(rng, 0, 59), number(rng, 0, 23), day_of_month(rng), month(rng), day_of_week(rng)]
        if rng.random() < 0.15:
            fields.insert(0, number(rng, 0, 59))
        if len(fields) == 5 and rng.random() < 0.3:
            fields[1] = str(rng.randint(0, 3))  # the hours in which clocks change
        zone = rng.choice(ZONES)
        moment = int(datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc).timestamp())
        moment += rng.randrange(5 * 366 * 86400)
        if len(result) % 3 == 0:
            moment = near_change(rng, zone, moment)
            if rng.random() < 0.6:  # due on that day, in the hours in which clocks change
                hour = rng.choice(["0", "1", "2", "3", "1-3", "0,2", "*/2", "*", "23,1", "0-23"])
                fields = [number(rng, 0, 59), hour, "*", "*", "*"]
        result.append((" ".join(fields), zone, moment))
    return result


def near_change(rng, zone, moment):
    """A moment within a day before the next change of the zone's clocks, if there is one within a year."""
    info = ZoneInfo(zone)

    def offset(at):
        return datetime.datetime.fromtimestamp(at, info).utcoffset()

    for hour in range(0, 366 * 24):
        if offset(moment + hour * 3600) != offset(moment + (hour + 1) * 3600):
            return moment + hour * 3600 - rng.randrange(86400)
    return moment
