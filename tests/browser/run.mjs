// Walks the pages in headless Chromium as people would: phone and desk, light and dark, once without JavaScript.
//
// It starts `wardtrack dev` and `wardtrack simulate` on the servers of the environment (scripts/test and scripts/screenshots do),
// in a database and a virtual host of its own, and stops them. WARDTRACK_BIN names the program, WARDTRACK_CHROMIUM the browser.
// With a folder as argument it also saves a picture of every page there.

import { spawn, execFileSync } from "node:child_process";
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { chromium } from "playwright-core";
import { walkJourneys } from "./journey.mjs";
import { checkLive } from "./live.mjs";
import { walkSessionEnd, walkStates } from "./states.mjs";
import { walkSupplies } from "./supplies.mjs";

const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const bin = process.env.WARDTRACK_BIN;
const browserPath = process.env.WARDTRACK_CHROMIUM ?? "/usr/bin/chromium";
const pictures = process.argv[2];
const sizes = { phone: { width: 390, height: 844 }, desk: { width: 1440, height: 900 } };
const all = Object.keys(sizes).flatMap((label) => ["light", "dark"].map((scheme) => [label, scheme]));
const password = `walk-through-${randomBytes(9).toString("hex")}`;
let passed = 0;
const failures = [];

function check(what, ok, detail = "") {
  if (ok) {
    passed += 1;
  } else {
    failures.push(`${what}${detail ? `: ${detail}` : ""}`);
    console.log(`FAIL ${what} ${detail}`);
  }
}

async function waitFor(what, condition, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    if (await condition()) return;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error(`waited ${seconds} s in vain until ${what}`);
}

// A database and a virtual host beside those of the other tests, removed at the end.
const mark = `wtt_${process.pid}_${randomBytes(8).toString("hex")}`;
const serverUrl = readFileSync(process.env.WARDTRACK_DATABASE_URL_FILE, "utf8").trim();
const ownUrl = serverUrl.replace(/\/[^/]*$/, `/${mark}`);
const env = {
  ...process.env,
  WARDTRACK_DATABASE_URL: ownUrl,
  WARDTRACK_VHOST: mark,
  WARDTRACK_INTERNAL_BIND: "127.0.0.1:0",
  WARDTRACK_BIND: "127.0.0.1:0",
  WARDTRACK_LIVE_BEAT_MS: "1000",
};
delete env.WARDTRACK_DATABASE_URL_FILE;

const sql = (text) => execFileSync("psql", ["-q", "-d", serverUrl, "-c", text], { stdio: ["ignore", "ignore", "inherit"] });
const wardtrack = (...args) => execFileSync(bin, args, { env, stdio: ["ignore", "ignore", "inherit"] });
/** Rows of the private database as arrays of text. */
const query = async (text) => execFileSync("psql", ["-q", "-A", "-t", "-F", "\t", "-d", ownUrl, "-c", text], { encoding: "utf8" })
  .split("\n").filter(Boolean).map((line) => line.split("\t"));
/** Sends a message as the broker's administrator, who may use any key. */
const publish = (exchange, key, payload) => management("POST", `exchanges/${mark}/${exchange}/publish`, {
  properties: { content_type: "application/json" }, routing_key: key, payload, payload_encoding: "string",
});
/** Tells open pages by the broker that something changed, as another process would. */
const hint = (topics) => publish("wt.changes", "hint", topics);
async function management(method, path, body) {
  const user = process.env.WARDTRACK_BROKER_ADMIN_USER;
  const secret = readFileSync(process.env.WARDTRACK_BROKER_ADMIN_PASSWORD_FILE, "utf8").trim();
  const authorization = `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`;
  const answer = await fetch(`${process.env.WARDTRACK_MANAGEMENT_URL}/api/${path}`, { method, headers: { authorization, "content-type": "application/json" }, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}
const deleteVhost = () => management("DELETE", `vhosts/${mark}`);

const children = [];
function start(...args) {
  const child = spawn(bin, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  child.log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (child.log += chunk));
  children.push(child);
  return child;
}
async function stop(child) {
  if (child.exitCode !== null) return;
  const ended = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  await Promise.race([ended, new Promise((done) => setTimeout(done, 40_000))]);
  if (child.exitCode === null) child.kill("SIGKILL");
}

async function signIn(page, origin, name) {
  await page.goto(`${origin}/sign-in`);
  await page.getByLabel("Sign-in name").fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
}

/** What every page must hold: no violation found by axe, no sideways scroll at 320 px, no breach of the content policy. */
async function checkPage(page, name, label, size) {
  await page.addScriptTag({ path: axePath }).catch(() => page.evaluate(readFileSync(axePath, "utf8")));
  const found = await page.evaluate(async () => (await window.axe.run(document, { resultTypes: ["violations"] })).violations);
  const words = found.map((v) => `${v.id} (${v.nodes.map((n) => n.target.join(" ")).slice(0, 3).join("; ")})`);
  check(`${name} ${label}: accessible`, found.length === 0, words.join(", "));
  check(`${name} ${label}: one h1`, (await page.locator("h1").count()) === 1);
  if (pictures) await page.screenshot({ path: join(pictures, `${name}-${label}.png`), fullPage: true });
  await page.setViewportSize({ width: 320, height: 800 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(`${name} ${label}: fits 320 px`, wide <= 0, `${wide} px too wide`);
  await page.setViewportSize(size);
}

async function walk(browser, origin, options, label) {
  const size = options.viewport;
  // axe needs to be evaluated by the page, which the policy rightly forbids to outsiders; breaches are looked for without it.
  const context = await browser.newContext({ ...options, bypassCSP: true });
  const page = await context.newPage();
  await page.goto(`${origin}/sign-in`);
  await checkPage(page, "sign-in", label, size);
  await signIn(page, origin, "walker");
  await checkPage(page, "home", label, size);
  await page.getByRole("searchbox").fill("infusion pump");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/find/);
  await checkPage(page, "results", label, size);
  check(`results ${label}: pumps are listed`, (await page.locator("tbody tr").count()) > 5);
  await page.locator("tbody a[href^='/assets/']").first().click();
  await page.waitForURL(/\/assets\//);
  await checkPage(page, "asset", label, size);
  const word = /Confirmed|Likely|Last seen|Unknown/;
  check(`asset ${label}: says how sure it is`, word.test(await page.locator("main").innerText()));
  for (const [name, path] of Object.entries({ nothing: "/find?q=zzzzqqq", missing: "/no-such-page" })) {
    await page.goto(origin + path);
    await checkPage(page, name, label, size);
  }
  await walkPlan(page, origin, label, size);
  await context.close();
}

/** One page of every kind that links lead to, from the start page on: a page that is added is checked without anybody naming it here. */
async function walkEveryPage(browser, origin, options, label, user = "walker") {
  const context = await browser.newContext({ ...options, bypassCSP: true });
  const page = await context.newPage();
  await signIn(page, origin, user);
  const kind = (path) => path.replace(/\/\d+/g, "/0");
  const waiting = ["/"];
  const known = new Set(["/", "/sign-in", "/live/events"]);
  while (waiting.length) {
    const address = waiting.shift();
    // By the page itself: requests of the context would not send the session's cookie, which is for secure places only.
    const answer = await page.evaluate(async (path) => {
      const { ok, status, headers } = await fetch(path);
      return { ok, status, type: headers.get("content-type") ?? "" };
    }, address);
    check(`${address} ${label}: can be opened`, answer.ok, String(answer.status));
    if (!answer.type.startsWith("text/html")) continue;
    await page.goto(origin + address);
    const path = new URL(page.url()).pathname;
    await checkPage(page, kind(path).slice(1).replaceAll("/", "-") || "start", label, options.viewport);
    const links = await page.$$eval("a[href^='/']", (list) => list.map((link) => link.getAttribute("href")));
    for (const link of links) {
      const next = kind(link.split(/[?#]/)[0]);
      if (known.has(next) || next.startsWith("/static/")) continue;
      known.add(next);
      waiting.push(link.split("#")[0]);
    }
  }
  check(`${label}: all kinds of pages were reached`, known.size > 15, [...known].join(" "));
  console.log(`${label}: ${known.size} kinds of addresses: ${[...known].join(" ")}`);
  await context.close();
}

/** The plan of a floor: rooms are links, buttons and a drag change what is shown, and the address keeps it. */
async function walkPlan(page, origin, label, size) {
  await page.goto(`${origin}/plan`);
  await page.waitForURL(/\/plan\/\d+/);
  await checkPage(page, "plan", label, size);
  const box = () => page.locator("#plan-svg").getAttribute("viewBox");
  check(`plan ${label}: rooms are links`, (await page.locator("#plan-svg a[href^='/rooms/']").count()) > 30);
  const whole = await box();
  await page.getByRole("link", { name: "Zoom in", exact: true }).click();
  await page.waitForURL(/[?&]w=\d/);
  const near = await box();
  check(`plan ${label}: zooming in shows less`, Number(near.split(" ")[2]) < Number(whole.split(" ")[2]), `${whole} to ${near}`);
  await checkPage(page, "plan-near", label, size);
  // A live update that was asked for before the drag comes after it: it must not move the plan back.
  let answer;
  const held = new Promise((resolve) => (answer = resolve));
  const isPoll = (request) => "wardtrack-poll" in request.headers();
  await page.route(/\/plan\/\d+/, async (route) => {
    if (isPoll(route.request())) await held;
    await route.continue();
  });
  const asked = await page.waitForRequest(isPoll);
  await page.waitForFunction((width) => window.innerWidth === width, size.width);
  await page.locator("#plan-svg").scrollIntoViewIfNeeded();
  const drawn = await page.locator("#plan-svg").boundingBox();
  const from = { x: Math.min(drawn.x + drawn.width / 2, size.width - 60), y: drawn.y + drawn.height / 2 };
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move(from.x - 40, from.y, { steps: 4 });
  await page.mouse.up();
  const dragged = await box();
  check(`plan ${label}: dragging moves it and opens no room`, dragged !== near && /\/plan\//.test(page.url()), `${near} to ${dragged}`);
  answer();
  await (await asked.response()).finished();
  await page.unroute(/\/plan\/\d+/);
  await page.waitForURL((url) => Number(url.searchParams.get("x")) === Math.round(Number(dragged.split(" ")[0])));
  check(`plan ${label}: an older answer does not move it back`, (await box()) === dragged, `${dragged} to ${await box()}`);
  await page.goto(`${origin}/plan`);
  await page.getByLabel("Equipment", { exact: true }).selectOption({ label: "Infusion pump" });
  await page.getByRole("button", { name: "Show" }).click();
  await page.waitForURL(/type=\d/);
  check(`plan ${label}: a type shows pins`, (await page.locator("#plan-svg .pin").count()) > 0);
  await checkPage(page, "plan-pins", label, size);
  await page.goto(`${page.url().split("?")[0]}/import`);
  await checkPage(page, "plan-import", label, size);
}

/** The same task by keyboard only. */
async function walkByKeyboard(browser, origin) {
  const page = await browser.newPage({ viewport: sizes.desk });
  await page.goto(`${origin}/sign-in`);
  const tabTo = async (what, reached) => {
    for (let presses = 0; presses < 40; presses += 1) {
      if (await page.evaluate(reached)) return true;
      await page.keyboard.press("Tab");
    }
    check(`keyboard: ${what} can be reached`, false);
    return false;
  };
  await tabTo("the sign-in name", () => document.activeElement?.matches("input[autocomplete='username']"));
  await page.keyboard.type("walker");
  await page.keyboard.press("Tab");
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === "/");
  await tabTo("the search box", () => document.activeElement?.matches("input[type='search']"));
  await page.keyboard.type("wheelchair");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/find/);
  await tabTo("a result", () => document.activeElement?.matches("tbody a[href^='/assets/']"));
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/assets\//);
  check("keyboard: from sign-in to an asset", true);
  await page.close();
}

/** The same task without JavaScript. */
async function walkWithoutScripts(browser, origin) {
  const context = await browser.newContext({ viewport: sizes.phone, javaScriptEnabled: false });
  const page = await context.newPage();
  await signIn(page, origin, "walker");
  await page.getByRole("searchbox").fill("wheelchair");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/find/);
  await page.locator("tbody a[href^='/assets/']").first().click();
  await page.waitForURL(/\/assets\//);
  check("no JavaScript: from sign-in to an asset", true);
  await context.close();
}

/** With the policy in force: nothing on any page breaks it (S-23), and an open page follows the world. */
async function watchLive(browser, origin) {
  const page = await browser.newPage({ viewport: sizes.desk });
  const breaches = [];
  page.on("console", (message) => /content security policy/i.test(message.text()) && breaches.push(message.text()));
  page.on("pageerror", (error) => breaches.push(String(error)));
  await signIn(page, origin, "walker");
  for (const path of ["/", "/find?q=infusion+pump", "/rooms", "/readers", "/quarantine", "/status"]) await page.goto(origin + path);
  await page.goto(`${origin}/find?q=infusion+pump`);
  // The stream of the next page opens late: what changes meanwhile must not be lost.
  let open;
  const changed = new Promise((done) => (open = done));
  await page.route("**/live/events*", async (route) => {
    await changed;
    await route.continue();
  });
  await page.locator("tbody a[href^='/assets/']").first().click();
  await page.waitForURL(/\/assets\//);
  const asked = page.waitForRequest((request) => request.url() === page.url() && request.headers()["wardtrack-poll"] === "1", { timeout: 10_000 });
  await hint(`asset.${page.url().split("/").pop()}`);
  open();
  await asked.then(() => check("an open page asks again by itself", true), () => check("an open page asks again by itself", false));
  check("no page breaks the content policy", breaches.length === 0, breaches.slice(0, 3).join(" | "));
  await page.close();
}

const folder = mkdtempSync(join(tmpdir(), "wardtrack-browser-"));
if (pictures) mkdirSync(pictures, { recursive: true });
let browser;
try {
  sql(`CREATE DATABASE ${mark}`);
  wardtrack("migrate", "run");
  wardtrack("topology", "apply");
  writeFileSync(join(folder, "password"), password, { mode: 0o600 });
  wardtrack("admin", "user", "add", "walker", "--role", "admin", "--password-file", join(folder, "password"));
  wardtrack("admin", "user", "add", "nurse", "--role", "nurse", "--password-file", join(folder, "password"));
  const dev = start("dev");
  await waitFor("the pages are served", () => /serving pages at (http:\S+)/.test(dev.log));
  const origin = dev.log.match(/serving pages at (http:\S+)/)[1];
  const simulated = start("simulate", "--seed", "7");
  browser = await chromium.launch({
    executablePath: browserPath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  const page = await browser.newPage();
  await signIn(page, origin, "walker");
  await waitFor("equipment is placed", async () => {
    await page.goto(`${origin}/find?q=infusion+pump`);
    return /Likely/.test(await page.locator("main").innerText());
  }, 60);
  await page.close();
  // Nobody else may take what the nurse is about to take.
  await stop(simulated);
  await walkJourneys(browser, origin, { check, signIn, query, user: "nurse" }, sizes);
  start("simulate", "--seed", "7");
  for (const [label, colorScheme] of all) await walk(browser, origin, { viewport: sizes[label], colorScheme }, `${label}-${colorScheme}`);
  // Both themes and both sizes; all four pairings where somebody wants to look at them.
  // Two at a time: most of it is the checker at work in a page of its own.
  const crawls = [
    ...(pictures ? all : all.filter(([label, scheme]) => (label === "phone") === (scheme === "light"))).map((pairing) => [...pairing, "walker"]),
    // What a nurse sees is less and other; in the pairing that the administrator did not have.
    ["phone", "dark", "nurse"],
  ];
  const crawl = async () => {
    for (let next = crawls.shift(); next; next = crawls.shift()) {
      const [label, colorScheme, user] = next;
      const name = user === "nurse" ? `nurse-${label}-${colorScheme}` : `${label}-${colorScheme}`;
      await walkEveryPage(browser, origin, { viewport: sizes[label], colorScheme }, name, user);
    }
  };
  await Promise.all([crawl(), crawl()]);
  const execute = async (text) => void (await query(text));
  for (const [label, colorScheme] of [["phone", "dark"], ["desk", "light"]]) {
    await walkStates(browser, origin, { viewport: sizes[label], colorScheme }, `${label}-${colorScheme}`, { check, signIn, checkPage, query, execute });
  }
  await walkSupplies(browser, origin, { check, signIn, query, execute, publish, user: "walker" }, sizes);
  await walkSessionEnd(browser, origin, { check, signIn, checkPage }, sizes.desk);
  await walkByKeyboard(browser, origin);
  await walkWithoutScripts(browser, origin);
  await watchLive(browser, origin);
  await checkLive(browser, origin, {
    check, signIn, query, publish, hint, beatMs: 1000,
    execute,
    freeze: () => dev.kill("SIGSTOP"),
    thaw: () => dev.kill("SIGCONT"),
  });
} catch (error) {
  failures.push(String(error));
  console.log(`FAIL ${error.stack ?? error}`);
  for (const child of children) console.log(child.log.split("\n").slice(-15).join("\n"));
} finally {
  await browser?.close();
  for (const child of children.reverse()) await stop(child);
  sql(`DROP DATABASE IF EXISTS ${mark} WITH (FORCE)`);
  await deleteVhost();
  rmSync(folder, { recursive: true, force: true });
}
console.log(`browser: ${passed} passed, ${failures.length} failed`);
process.exit(failures.length ? 1 : 0);
