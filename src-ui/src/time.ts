const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const LOCALE = "en-GB";
const clock = new Intl.DateTimeFormat(LOCALE, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const clockExact = new Intl.DateTimeFormat(LOCALE, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const dayOfYear = new Intl.DateTimeFormat(LOCALE, { weekday: "short", day: "numeric", month: "short" });
const dayOfAnyYear = new Intl.DateTimeFormat(LOCALE, { day: "numeric", month: "short", year: "numeric" });

/** "14:02", or "14:02:22" to the second. */
export function timeOfDay(at: number, seconds = false): string {
  return (seconds ? clockExact : clock).format(at);
}

/** "Today", "Yesterday", "Sun 15 Nov", "3 Jan 2025". */
export function day(at: number, now: number): string {
  const apart = daysApart(at, now);
  if (apart === 0) return "Today";
  if (apart === 1) return "Yesterday";
  return plainDay(at, now);
}

/** Exact: "14:02" today, "Sun 22 Nov, 14:02" on another day. */
export function moment(at: number, now: number, seconds = false): string {
  const time = timeOfDay(at, seconds);
  return daysApart(at, now) === 0 ? time : `${plainDay(at, now)}, ${time}`;
}

/** "2 Sep 2026" */
export function date(at: number): string {
  return shortMonth(dayOfAnyYear.format(at));
}

/** How long ago, for lists: "now", "4 min", "2 h", "3 d". */
export function age(at: number, now: number): string {
  const past = Math.max(0, now - at);
  return past < MINUTE ? "now" : roughly(past, Math.floor);
}

/** How long still: "3 d left", "20 h left", "under 1 min left". */
export function left(until: number, now: number): string {
  const rest = until - now;
  if (rest <= 0) return "ending";
  return rest < MINUTE ? "under 1 min left" : `${roughly(rest, Math.round)} left`;
}

/** Whole seconds that a hold still lasts; never below 0, and never above the hold itself. */
export function secondsLeft(leaves: number, now: number, hold = Infinity): number {
  const rest = Math.min(Math.max(0, leaves - now), hold);
  return Math.ceil(rest / SECOND);
}

/** What of a hold is left, from 1 down to 0. */
export function shareLeft(leaves: number, now: number, hold: number): number {
  if (hold <= 0) return 0;
  return Math.min(1, Math.max(0, (leaves - now) / hold));
}

/** Rows in runs of one day, in the order in which they come. */
export function byDay<T>(rows: T[], at: (row: T) => number, now: number): { day: string; rows: T[] }[] {
  const groups: { day: string; rows: T[] }[] = [];
  for (const row of rows) {
    const name = day(at(row), now);
    const last = groups.at(-1);
    if (last?.day === name) last.rows.push(row);
    else groups.push({ day: name, rows: [row] });
  }
  return groups;
}

function roughly(span: number, round: (n: number) => number): string {
  if (span < HOUR) return `${round(span / MINUTE)} min`;
  if (span < DAY) return `${round(span / HOUR)} h`;
  return `${round(span / DAY)} d`;
}

function plainDay(at: number, now: number): string {
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return shortMonth((sameYear ? dayOfYear : dayOfAnyYear).format(at)).replace(",", "");
}

/** All months in three letters. */
function shortMonth(text: string): string {
  return text.replace("Sept", "Sep");
}

function daysApart(at: number, now: number): number {
  return Math.round((midnight(now) - midnight(at)) / DAY);
}

function midnight(at: number): number {
  const start = new Date(at);
  start.setHours(0, 0, 0, 0);
  return start.getTime();
}
