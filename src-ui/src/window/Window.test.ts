import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { beforeEach, expect, test, vi } from "vitest";
import { setScene, state } from "../dev/core";
import { tell } from "../dev/event";
import { words } from "../words";
import { session } from "./session.svelte";
import Window from "./Window.svelte";

beforeEach(() => {
  session.snapshot = null;
  session.offline = false;
  session.view = "queue";
  session.open = null;
  session.past = null;
  session.starting = true;
});

function open(scene: string) {
  setScene(scene);
  return render(Window);
}

test("Without a passkey there is the welcome and no way past it", async () => {
  open("welcome1");
  await screen.findByTestId("make-passkey");
  expect(screen.queryByTestId("tab-queue")).toBeNull();
  await fireEvent.keyDown(window, { key: "2" });
  expect(screen.getByTestId("welcome")).toBeTruthy();
});

test("An agent that asks to connect shows its code, and the codes are compared by a person", async () => {
  open("welcome2pair");
  expect((await screen.findByTestId("pair-code")).textContent).toContain("4821");
  await fireEvent.click(screen.getByTestId("pair-confirm"));
  expect((await screen.findByTestId("code-words")).textContent).toBe("copper heron");
  expect(state.asked).toContainEqual(["begin_pairing", { id: "pair" }]);
});

test("The first proposal is read from the welcome", async () => {
  open("welcome3read");
  await fireEvent.click(await screen.findByTestId("read-it"));
  expect(await screen.findByTestId("paper")).toBeTruthy();
  expect(screen.queryByTestId("welcome")).toBeNull();
});

test("A change in the app reaches the window", async () => {
  open("queue");
  await screen.findByTestId("paper");
  state.snapshot = { ...state.snapshot, queue: state.snapshot.queue.slice(1) };
  tell("changed", null);
  await waitFor(() => expect(screen.getByTestId("queue-count").textContent).toBe("4"));
});

test("The app can point to an entry", async () => {
  open("queue");
  await screen.findByTestId("paper");
  tell("go", { view: "history", id: "rejected" });
  expect((await screen.findByTestId("rejection")).textContent).toContain("Never promise a date.");
});

test("Keys move in the list and go from view to view", async () => {
  open("queue");
  await screen.findByTestId("paper");
  await fireEvent.keyDown(window, { key: "j" });
  await waitFor(() => expect(session.open).toBe("hostile"));
  await fireEvent.keyDown(window, { key: "3" });
  expect(await screen.findByTestId("settings")).toBeTruthy();
});

test("Keys do nothing while a person types", async () => {
  open("queue");
  await fireEvent.click(await screen.findByTestId("reject"));
  await fireEvent.keyDown(screen.getByTestId("reject-reason"), { key: "3" });
  expect(session.view).toBe("queue");
});

test("Settling has two equal answers and records the one that is given", async () => {
  open("historyDoubt");
  await fireEvent.click(await screen.findByTestId("settle-not-done"));
  expect(state.asked).toContainEqual(["settle", { id: "doubt", happened: false }]);
});

test("A receipt lists the failed check first", async () => {
  open("historyBad");
  const checks = await screen.findAllByTestId("check");
  expect(checks[0]?.dataset["holds"]).toBe("false");
  expect(checks).toHaveLength(7);
});

test("An exported receipt says where it is", async () => {
  open("history");
  await fireEvent.click(await screen.findByTestId("export-receipt"));
  expect((await screen.findByTestId("receipt-path")).textContent).toContain("receipt-9f2c41d7a0be6e13.json");
});

test("Revoking an agent asks once more, in place", async () => {
  open("settings");
  await fireEvent.click((await screen.findAllByTestId("revoke-agent"))[0] as HTMLElement);
  expect(state.asked.map(([name]) => name)).not.toContain("revoke_agent");
  await fireEvent.click(screen.getByTestId("revoke-agent-confirm"));
  expect(state.asked).toContainEqual(["revoke_agent", { id: "g1" }]);
});

test("An account that does not work shows the step at which it failed", async () => {
  open("settings");
  await fireEvent.click(await screen.findByTestId("add-account"));
  for (const [field, value] of [
    ["address", "ines@brightwater.test"],
    ["host", "smtp.brightwater.test"],
    ["secret", "wrong"],
  ]) {
    await fireEvent.input(screen.getByTestId(`account-${field}`), { target: { value } });
  }
  await fireEvent.click(screen.getByTestId("account-test-button"));
  const steps = await screen.findAllByTestId("account-step");
  expect(steps.map((step) => step.dataset["holds"])).toEqual(["true", "false"]);
});

test("Paused agents are said and can be resumed", async () => {
  open("paused");
  await fireEvent.click(await screen.findByTestId("resume"));
  await waitFor(() => expect(screen.queryByTestId("paused")).toBeNull());
});

test("A silent app is said, and nothing pretends", async () => {
  open("offline");
  expect((await screen.findByTestId("offline")).textContent).toContain(words.offline.title);
});

test("An answer that is lost does not stop the window: it asks again", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  try {
    open("queue");
    await screen.findByTestId("paper");
    state.scene = "silent";
    tell("changed", null);
    await vi.advanceTimersByTimeAsync(5000);
    expect((await screen.findByTestId("offline")).textContent).toContain(words.offline.title);
    state.scene = "queue";
    await vi.advanceTimersByTimeAsync(2000);
    await waitFor(() => expect(screen.queryByTestId("offline")).toBeNull());
  } finally {
    vi.useRealTimers();
  }
});
