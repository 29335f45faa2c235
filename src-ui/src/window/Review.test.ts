import { fireEvent, render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { setScene, state } from "../dev/core";
import { heldItem, long } from "../dev/fixtures";
import type { Item } from "../types/Item";
import { forgetReading } from "./reading.svelte";
import Review from "./Review.svelte";
import { session } from "./session.svelte";

let full = 1000;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(400);
  vi.spyOn(HTMLElement.prototype, "scrollHeight", "get").mockImplementation(() => full);
  full = 1000;
  forgetReading();
  setScene("queue");
  await session.refresh();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const approve = () => screen.getByTestId("approve");
const asleep = () => approve().getAttribute("aria-disabled") === "true";
const asked = (command: string) => state.asked.filter(([name]) => name === command);

async function scroll(top: number) {
  const scroller = screen.getByTestId("scroller");
  scroller.scrollTop = top;
  await fireEvent.scroll(scroller);
}

async function open(item: Item) {
  const result = render(Review, { item });
  await tick();
  return result;
}

test("Approve sleeps until the end was on screen", async () => {
  await open(long);
  await vi.advanceTimersByTimeAsync(2000);
  expect(asleep()).toBe(true);
  await fireEvent.click(approve());
  expect(asked("begin_approval")).toEqual([]);

  await scroll(200);
  expect(asleep()).toBe(true);
  expect(screen.getByTestId("reading-status").textContent).toContain("60 % read");

  await scroll(600);
  expect(asleep()).toBe(false);
  await fireEvent.click(approve());
  expect(asked("begin_approval")).toEqual([["begin_approval", { id: "long" }]]);
});

test("What has been read stays read", async () => {
  const first = await open(long);
  await scroll(200);
  await scroll(0);
  expect(screen.getByTestId("reading-status").textContent).toContain("60 % read");
  first.unmount();
  await open(long);
  expect(screen.getByTestId("reading-status").textContent).toContain("60 % read");
});

test("Other content starts anew", async () => {
  const first = await open(long);
  await scroll(600);
  expect(asleep()).toBe(false);
  first.unmount();
  await open({ ...long, digest: "b".repeat(64) });
  expect(asleep()).toBe(true);
});

test("Content that fits counts as read after it was in view for 600 ms", async () => {
  full = 400;
  await open(long);
  await vi.advanceTimersByTimeAsync(599);
  expect(asleep()).toBe(true);
  await vi.advanceTimersByTimeAsync(1);
  await tick();
  expect(asleep()).toBe(false);
});

test("Approve ignores input in the first 600 ms", async () => {
  await open(long);
  await scroll(600);
  await vi.advanceTimersByTimeAsync(599);
  await fireEvent.click(approve());
  expect(asked("begin_approval")).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  await fireEvent.click(approve());
  expect(asked("begin_approval")).toHaveLength(1);
});

test("Approve ignores input in the first 600 ms after the window came to the front", async () => {
  await open(long);
  await scroll(600);
  await vi.advanceTimersByTimeAsync(5000);
  session.front = performance.now();
  await tick();
  await fireEvent.click(approve());
  expect(asked("begin_approval")).toEqual([]);
});

test("A proposal that no longer matches the log cannot be approved", async () => {
  await open({ ...long, broken: "The stored bytes do not match entry 4." });
  await scroll(600);
  expect(screen.queryByTestId("approve")).toBeNull();
  expect(screen.getByTestId("broken").textContent).toContain("do not match entry 4");
});

test("Reject needs a reason", async () => {
  await open(long);
  await fireEvent.click(screen.getByTestId("reject"));
  await fireEvent.click(screen.getByTestId("reject-confirm"));
  expect(asked("reject")).toEqual([]);

  await fireEvent.input(screen.getByTestId("reject-reason"), { target: { value: "   " } });
  await fireEvent.click(screen.getByTestId("reject-confirm"));
  expect(asked("reject")).toEqual([]);

  await fireEvent.input(screen.getByTestId("reject-reason"), { target: { value: " Never promise a date. " } });
  await fireEvent.keyDown(screen.getByTestId("reject-reason"), { key: "Enter", ctrlKey: true });
  expect(asked("reject")).toEqual([["reject", { id: "long", reason: "Never promise a date." }]]);
});

test("A reason of more than 2000 characters is not sent", async () => {
  await open(long);
  await fireEvent.click(screen.getByTestId("reject"));
  await fireEvent.input(screen.getByTestId("reject-reason"), { target: { value: "x".repeat(2001) } });
  await fireEvent.click(screen.getByTestId("reject-confirm"));
  expect(asked("reject")).toEqual([]);
});

test("The foot counts down while the mail is held, and Undo takes it back", async () => {
  await open(heldItem);
  expect(screen.getByTestId("foot").textContent).toContain("Leaves in 7 seconds");
  await vi.advanceTimersByTimeAsync(3000);
  expect(screen.getByTestId("ring").textContent).toBe("4");
  await fireEvent.click(screen.getByTestId("undo"));
  expect(asked("undo")).toEqual([["undo", { id: "held" }]]);
});

test("While the page is open the foot shows its two words", async () => {
  setScene("ceremony");
  await session.refresh();
  await open(long);
  expect(screen.getByTestId("code-words").textContent).toBe("copper heron");
  await fireEvent.click(screen.getByTestId("cancel-ceremony"));
  expect(asked("cancel_ceremony")).toHaveLength(1);
});

test("What leaves comes before the agent's words", async () => {
  await open(long);
  const paper = screen.getByTestId("paper");
  const said = screen.getByTestId("agent-words");
  expect(paper.compareDocumentPosition(said) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
});
