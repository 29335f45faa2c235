// Pictures of every state, to look at: `npm run dev` in one terminal, then
// `node src/dev/shots.mjs <folder> [name...]`. CHROMIUM names the browser.
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const [folder = "shots", ...only] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const base = "http://localhost:5199";
const end = (page) => page.locator("[data-testid=scroller]").evaluate((e) => e.scrollTo(0, 1e6));
const steps = {
  queue: null,
  read: ["queue", end],
  half: ["queue", (page) => page.locator("[data-testid=scroller]").evaluate((e) => e.scrollTo(0, 60))],
  reject: ["queue", (page) => page.locator("[data-testid=reject]").click()],
  rejectTyped: [
    "queue",
    async (page) => {
      await page.locator("[data-testid=reject]").click();
      await page.getByRole("button", { name: "Wrong tone" }).click();
    },
  ],
  keys: ["queue", (page) => page.keyboard.press("?")],
  focus: ["queue", (page) => page.keyboard.press("j")],
  hostileEnd: ["hostile", end],
  ceremonyRead: ["ceremony", end],
  exported: ["history", (page) => page.locator("[data-testid=export-receipt]").click()],
  historyEnd: ["history", (page) => page.locator("[data-testid=past]").evaluate((e) => e.scrollTo(0, 1e6))],
  settingsMid: ["settings", (page) => page.locator("[data-testid=settings]").evaluate((e) => e.scrollTo(0, 420))],
  settingsEnd: ["settings", (page) => page.locator("[data-testid=settings]").evaluate((e) => e.scrollTo(0, 1e6))],
  revoke: ["settings", (page) => page.locator("[data-testid=revoke-agent]").first().click()],
  practice: ["settings", (page) => page.locator("[data-testid=show-mailbox]").click()],
  account: [
    "settings",
    async (page) => {
      await page.locator("[data-testid=add-account]").click();
      await page.locator("[data-testid=account-address]").fill("ines.falk@brightwater.test");
      await page.locator("[data-testid=account-host]").fill("smtp.brightwater.test");
      await page.locator("[data-testid=account-secret]").fill("wrong");
      await page.locator("[data-testid=account-test-button]").click();
    },
  ],
};
for (const scene of [
  "hostile short broken held executing ended endedRejected doubt ceremony elsewhere pairing paused notices empty",
  "history historyRejected historyFailed historyDoubt historyBad settings settingsRemove",
  "welcome1 welcome1open welcome2 welcome2pair welcome2open welcome3 welcome3read offline",
].flatMap((line) => line.split(" "))) {
  steps[scene] = null;
}
const pages = { approve: "", hostile: "", pair: "", first: "", second: "", none: "", expired: "approve&ends=0" };

const sizes = {
  light: { width: 1040, height: 720, scheme: "light", scale: 1.5 },
  dark: { width: 1040, height: 720, scheme: "dark", scale: 1.5 },
  narrow: { width: 360, height: 720, scheme: "light", scale: 2 },
  zoom: { width: 520, height: 360, scheme: "light", scale: 2 },
  forced: { width: 1040, height: 720, scheme: "dark", scale: 1, forced: "active" },
  contrast: { width: 1040, height: 720, scheme: "light", scale: 1, contrast: "more" },
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
for (const [size, { width, height, scheme, scale, forced = "none", contrast = "no-preference" }] of Object.entries(sizes)) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    forcedColors: forced,
    contrast,
    deviceScaleFactor: scale,
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
  });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") console.log(size, message.text());
  });
  page.on("pageerror", (error) => console.log(size, String(error)));
  const shoot = async (name, url, act) => {
    if (only.length > 0 && !only.includes(name) && !only.includes(`${size}/${name}`) && !only.includes(size)) return;
    await page.goto(url);
    await page.locator("h1, h2").first().waitFor({ state: "attached", timeout: 10_000 });
    await page.waitForTimeout(250);
    try {
      await act?.(page);
    } catch (error) {
      console.log(size, name, String(error).split("\n")[0]);
    }
    await page.waitForTimeout(200);
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    if (sideways) console.log(size, name, "is wider than the window");
    await page.screenshot({ path: `${folder}/${size}-${name}.png` });
  };
  page.setDefaultTimeout(2000);
  for (const [name, step] of Object.entries(steps)) {
    await shoot(name, `${base}/dev.html?scene=${step?.[0] ?? name}`, step?.[1]);
  }
  for (const [name, query] of Object.entries(pages)) {
    await shoot(`page-${name}`, `${base}/dev-page.html?scene=${query || name}`);
  }
  await context.close();
}
await browser.close();
