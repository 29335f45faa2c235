import { describe, expect, test } from "vitest";
import { age, byDay, day, left, moment, secondsLeft, shareLeft } from "./time";

const at = (text: string) => new Date(text).getTime();
const NOW = at("2026-11-19T14:06:15");

describe("Ages", () => {
  test("are counted from the app's clock in the largest whole unit", () => {
    expect(age(NOW - 59_000, NOW)).toBe("now");
    expect(age(NOW - 4 * 60_000, NOW)).toBe("4 min");
    expect(age(NOW - 119 * 60_000, NOW)).toBe("1 h");
    expect(age(NOW - 71 * 3_600_000, NOW)).toBe("2 d");
  });

  test("never lie in the future", () => {
    expect(age(NOW + 5000, NOW)).toBe("now");
  });

  test("say how long is left", () => {
    expect(left(NOW + 3 * 86_400_000 - 60_000, NOW)).toBe("3 d left");
    expect(left(NOW + 20 * 3_600_000, NOW)).toBe("20 h left");
    expect(left(NOW + 30_000, NOW)).toBe("under 1 min left");
    expect(left(NOW - 1, NOW)).toBe("ending");
  });
});

describe("The ring", () => {
  test("counts whole seconds down to the end of the hold", () => {
    expect(secondsLeft(NOW + 10_000, NOW)).toBe(10);
    expect(secondsLeft(NOW + 9_999, NOW)).toBe(10);
    expect(secondsLeft(NOW + 1, NOW)).toBe(1);
    expect(secondsLeft(NOW - 1, NOW)).toBe(0);
  });

  test("is full at the start of the hold and empty at its end", () => {
    expect(shareLeft(NOW + 10_000, NOW, 10_000)).toBe(1);
    expect(shareLeft(NOW + 7_000, NOW, 10_000)).toBeCloseTo(0.7);
    expect(shareLeft(NOW - 1, NOW, 10_000)).toBe(0);
    expect(shareLeft(NOW + 20_000, NOW, 10_000)).toBe(1);
  });
});

describe("Grouping by day", () => {
  test("names today and yesterday, and dates the rest", () => {
    const rows = ["2026-11-19T00:01", "2026-11-18T23:59", "2026-11-15T12:00", "2025-01-03T12:00"].map(at);
    expect(byDay(rows, (row) => row, NOW).map((group) => group.day)).toEqual([
      "Today",
      "Yesterday",
      "Sun 15 Nov",
      "3 Jan 2025",
    ]);
  });

  test("keeps one group for one day and the order within it", () => {
    const rows = ["2026-11-19T14:00", "2026-11-19T09:00"].map(at);
    expect(byDay(rows, (row) => row, NOW)).toEqual([{ day: "Today", rows }]);
  });

  test("survives the end of summer time", () => {
    expect(day(at("2026-10-24T23:30"), at("2026-10-25T23:30"))).toBe("Yesterday");
  });
});

test("A moment is exact, with its day unless it is today", () => {
  expect(moment(at("2026-11-19T14:02"), NOW)).toBe("14:02");
  expect(moment(at("2026-11-22T14:02"), NOW)).toBe("Sun 22 Nov, 14:02");
  expect(moment(at("2026-11-19T14:02:07"), NOW, true)).toBe("14:02:07");
});
