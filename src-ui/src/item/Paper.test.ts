import { render, screen } from "@testing-library/svelte";
import { expect, test } from "vitest";
import { hostileMail, longMail } from "../dev/fixtures";
import { words } from "../words";
import Paper from "./Paper.svelte";

test("An address stands before the name that claims it", () => {
  render(Paper, { display: longMail });
  const to = screen.getByTestId("address-to");
  expect(to.textContent?.replaceAll(/\s+/g, " ").trim()).toBe("mara.olsen@northquay.test Mara Olsen");
  expect(to.querySelector("strong")?.textContent).toBe("northquay.test");
});

test("A hidden character is shown as a mark with its code point, and a warning stands beside it", () => {
  const { container } = render(Paper, { display: hostileMail });
  const marks = [...container.querySelectorAll("[data-hidden]")].map((mark) => mark.getAttribute("data-hidden"));
  expect(marks).toEqual(["U+200B", "U+202E", "U+200B", "U+200B", "U+202E"]);
  expect(container.textContent).toContain(words.item.hiddenTitle(2));
  expect(container.textContent).not.toMatch(/[\u202E\u200B]/);
});

test("Markup in a mail stays text", () => {
  const { container } = render(Paper, { display: hostileMail });
  expect(container.querySelector("img, b")).toBeNull();
  expect(container.textContent).toContain("<img src=x onerror=alert(1)>");
});

test("Every line of the text finds its own direction", () => {
  render(Paper, { display: hostileMail });
  for (const line of screen.getByTestId("body").querySelectorAll(":scope > p")) {
    expect(line.getAttribute("dir")).toBe("auto");
  }
});

test("An attachment shows its whole hash", () => {
  render(Paper, { display: longMail });
  const shown = screen.getByTestId("attachment").textContent?.replaceAll(/\s+/g, "");
  expect(shown).toContain("6b1f0c9e52a7d41893be60fa17c2855de04b71a63f98cd20b85a164e7d03f29b");
});

test("Nothing of the display is left out, and its order is kept", () => {
  const { container } = render(Paper, { display: longMail });
  const whole = container.textContent ?? "";
  const places = ["ines.falk@", "mara.olsen@", "t.reyes@", "per.lund@", "Quay 4 survey", "Dear Mara", "rev-C.pdf"].map(
    (part) => whole.indexOf(part),
  );
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(places).not.toContain(-1);
});
