import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { pages } from "../dev/fixtures";
import { words } from "../words";
import Page from "./Page.svelte";

const credential = { id: "AQ", toJSON: () => ({ id: "AQ", type: "public-key" }) };
const ask = vi.fn();
const post = vi.fn();

beforeEach(() => {
  vi.stubGlobal("PublicKeyCredential", class {});
  vi.stubGlobal("fetch", post);
  Object.defineProperty(navigator, "credentials", { configurable: true, value: { get: ask, create: ask } });
  ask.mockReset().mockResolvedValue(credential);
  post.mockReset();
});
afterEach(() => vi.unstubAllGlobals());

const reply = (body: unknown, status = 200) =>
  post.mockResolvedValue(new Response(JSON.stringify(body), { status }));
const given = pages["approve"] ?? null;

test("The two words come first, and what leaves comes before the agent's words", () => {
  const { container } = render(Page, { given });
  expect(screen.getByTestId("words").textContent).toBe("copper heron");
  const order = [...container.querySelectorAll("[data-testid]")].map((one) => one.getAttribute("data-testid"));
  expect(order.indexOf("words")).toBeLessThan(order.indexOf("paper"));
  expect(order.indexOf("paper")).toBeLessThan(order.indexOf("agent-words"));
  expect(order.indexOf("agent-words")).toBeLessThan(order.indexOf("fingerprint"));
});

test("A confirmation hands the answer over with the page's secret, and says so", async () => {
  reply({ status: "done", message: "Leaves in 10 seconds. Undo is in the window." });
  render(Page, { given });
  await fireEvent.click(screen.getByTestId("confirm"));
  await waitFor(() => expect(screen.getByTestId("page-status").textContent).toContain("Leaves in 10 seconds."));
  expect(screen.getByTestId("page-status").textContent).toContain(words.page.done);
  const [path, sent] = post.mock.calls[0] as [string, RequestInit];
  expect(path).toBe("/finish");
  expect(JSON.parse(String(sent.body))).toEqual({ secret: given?.secret, credential: { id: "AQ", type: "public-key" } });
  expect(screen.queryByTestId("confirm")).toBeNull();
});

test("A cancelled gesture says that nothing was approved and can be repeated", async () => {
  ask.mockRejectedValueOnce(new DOMException("", "NotAllowedError"));
  reply({ status: "done", message: "" });
  render(Page, { given });
  await fireEvent.click(screen.getByTestId("confirm"));
  await waitFor(() => expect(screen.getByTestId("page-status").textContent).toContain(words.page.notAllowed));
  expect(post).not.toHaveBeenCalled();
  await fireEvent.click(screen.getByTestId("confirm"));
  await waitFor(() => expect(post).toHaveBeenCalledOnce());
});

test("A refusal keeps its words and closes the button", async () => {
  reply({ code: "expired", message: "It no longer works, and nothing was approved.", next: "Open the item." }, 410);
  render(Page, { given });
  await fireEvent.click(screen.getByTestId("confirm"));
  await waitFor(() => expect(screen.getByTestId("page-status").textContent).toContain("It no longer works"));
  expect(screen.getByTestId("confirm").getAttribute("aria-disabled")).toBe("true");
});

test("A second gesture draws the next page with its own words", async () => {
  reply({ status: "next", page: { ...pages["second"], words: "amber otter" } });
  render(Page, { given: pages["first"] ?? null });
  await fireEvent.click(screen.getByTestId("confirm"));
  await waitFor(() => expect(screen.getByTestId("words").textContent).toBe("amber otter"));
  expect(screen.getByTestId("confirm").textContent).toContain(words.page.buttonNext);
});

test("A page that is left undecided ends the gesture, also when the browser keeps the page", async () => {
  post.mockResolvedValue(new Response(null, { status: 204 }));
  render(Page, { given });
  window.dispatchEvent(new Event("pagehide"));
  const [path, sent] = post.mock.calls[0] as [string, RequestInit];
  expect([path, JSON.parse(String(sent.body))]).toEqual(["/cancel", { secret: given?.secret }]);
  await waitFor(() => expect(screen.queryByTestId("confirm")).toBeNull());
});

test("An expired page asks for nothing", async () => {
  render(Page, { given: given && { ...given, expires: Date.now() - 1000 } });
  await fireEvent.click(screen.getByTestId("confirm"));
  expect(ask).not.toHaveBeenCalled();
  expect(screen.getByTestId("page-status").textContent).toContain(words.page.expired);
});

test("A page opened a second time says so", () => {
  render(Page, { given: null });
  expect(screen.getByRole("heading").textContent).toBe(words.page.empty);
});
