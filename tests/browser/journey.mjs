// The nurse's way, from a misspelt name to a clean device: find it, not there, the next best, take it, soiled, cleaning, cleaned. Once on a
// phone, once on a desk, once by keyboard only, once without JavaScript. run.mjs imports this; nothing else moves equipment meanwhile.

/**
 * kit: check and signIn of run.mjs; query(sql) gives the rows as arrays of text; user is the nurse's sign-in name.
 */
export async function walkJourneys(browser, origin, kit, sizes) {
  for (const [label, viewport] of Object.entries(sizes)) await journey(browser, origin, kit, label, { viewport }, byPointer);
  await journey(browser, origin, kit, "without JavaScript", { viewport: sizes.phone, javaScriptEnabled: false }, byPointer);
  await journey(browser, origin, kit, "by keyboard", { viewport: sizes.desk }, byKeyboard);
}

/** Pointer and typing, as most people do it. */
const byPointer = {
  search: async (page, text) => {
    await page.getByRole("searchbox").fill(text);
    await page.getByRole("button", { name: "Find", exact: true }).click();
  },
  press: (page, locator) => locator.click(),
};

/** Tab and Enter only: what cannot be reached that way cannot be used. */
const byKeyboard = {
  search: async (page, text) => {
    await page.keyboard.press("Control+k");
    await page.keyboard.press("Control+a");
    await page.keyboard.type(text);
    await page.keyboard.press("Enter");
  },
  press: async (page, locator) => {
    const wanted = await locator.elementHandle();
    for (let presses = 0; presses < 200; presses += 1) {
      if (await wanted.evaluate((element) => element === document.activeElement)) return page.keyboard.press("Enter");
      await page.keyboard.press("Tab");
    }
    throw new Error(`not reached by Tab: ${await wanted.evaluate((element) => element.outerHTML)}`);
  },
};

/** Waits until the page says it. */
const says = (page, text) => page.locator("main", { hasText: text }).waitFor({ timeout: 10_000 });

async function journey(browser, origin, { check, signIn, query, user }, label, options, by) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const name = `journey ${label}`;
  const seen = (what, ok, detail) => check(`${name}: ${what}`, ok, detail);
  await signIn(page, origin, user);
  // Where she stands is what she says: the label on the door.
  const [[room]] = await query("SELECT id FROM room WHERE kind = 'nurse_station' ORDER BY id LIMIT 1");
  await by.search(page, `wt:room:${room}`);
  await page.locator(".done").first().waitFor();
  await by.search(page, "infusoin pmup");
  await page.waitForURL(/\/find/);
  await says(page, "Showing results for Infusion pump");
  seen("a misspelt name is corrected aloud", true);
  const rows = page.locator("#results tbody tr");
  const numbers = async () => (await rows.locator(".c-what .code").allInnerTexts()).slice(0, 8);
  /** Ready ones first, nearest first: gives the metres to the first row. */
  const nearest = async (what) => {
    const statuses = (await rows.locator(".c-stat").allInnerTexts()).map((text) => text.trim());
    const ready = statuses.lastIndexOf("Ready") + 1;
    seen(`${what}ready ones come first`, ready > 1 && statuses.slice(0, ready).every((word) => word === "Ready"), statuses.join());
    const far = (await rows.locator(".c-far").allInnerTexts()).slice(0, ready).map((text) => Number(text.match(/(\d+) m/)?.[1] ?? "0"));
    seen(`${what}the nearest comes first`, far.every((metres, at) => at === 0 || far[at - 1] <= metres), far.join());
    return far;
  };
  const before = await nearest("");
  const [first] = await numbers();
  await by.press(page, rows.first().getByRole("button", { name: /Not here/ }));
  await says(page, `${first}: its place is unknown now`);
  const after = await nearest("after \"not here\", ");
  const [second] = await numbers();
  seen("the next best is shown at once", !(await numbers()).includes(first) && after[0] <= before[1], `${first}, then ${await numbers()}`);
  const [[place, tasks]] = await query(`SELECT coalesce(a.room_id::text, 'unknown'), (SELECT count(*) FROM task t WHERE t.asset_id = a.id AND t.state = 'open')
    FROM asset a WHERE a.asset_number = '${first}'`);
  seen("its place is unknown and one task to look for it is open", place === "unknown" && tasks === "1", `${place}, ${tasks}`);
  await by.press(page, rows.first().getByRole("button", { name: /Take it/ }));
  await says(page, `${second} is in use now.`);
  seen("it can be taken back for half a minute", await page.getByRole("button", { name: "Undo" }).isVisible());
  await by.search(page, second);
  await page.waitForURL(/\/assets\//);
  for (const [button, answer] of [
    ["Soiled: to be cleaned", "is soiled now"],
    ["Start cleaning", "is in cleaning now"],
    ["Cleaned: ready again", "is clean and available again"],
  ]) {
    await by.press(page, page.getByRole("button", { name: button }));
    await says(page, `${second} ${answer}`);
  }
  const [[status]] = await query(`SELECT status FROM asset WHERE asset_number = '${second}'`);
  seen("taken, soiled, in cleaning, cleaned", status === "available", status);
  await context.close();
}
