// Pages that only come about by doing something: refused acts, forms with mistakes, reports, steps in between. Each is held to what
// every page must hold. And the warning before a screen signs out. run.mjs imports this.

/** kit: check, signIn and checkPage of run.mjs; query(sql) gives rows, execute(sql) changes something. */
export async function walkStates(browser, origin, options, label, kit) {
  const { check, signIn, checkPage, query, execute } = kit;
  const size = options.viewport;
  const context = await browser.newContext({ ...options, bypassCSP: true });
  const page = await context.newPage();
  const hold = (name) => checkPage(page, name, label, size);

  await page.goto(`${origin}/sign-in`);
  await page.getByLabel("Sign-in name").fill("walker");
  await page.getByLabel("Password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").first().waitFor();
  await hold("sign-in-wrong");
  await signIn(page, origin, "walker");

  /** Sends a form although the browser sees what is missing: the server has to say it too. */
  const send = async (path, button) => {
    await page.goto(origin + path);
    await page.locator("main form").evaluateAll((forms) => forms.forEach((form) => (form.noValidate = true)));
    await Promise.all([page.waitForNavigation(), page.locator("main").getByRole("button", { name: button }).last().click()]);
  };
  for (const [name, path, button] of [
    ["asset-mistakes", "/equipment/add", /Add|Save/],
    ["type-mistakes", "/equipment/types/add", /Add|Save/],
    ["model-mistakes", "/equipment/models/add", /Add|Save/],
    ["target-mistakes", "/board/par/new", /Add|Save/],
    ["import-without-file", "/equipment/import", /Check/],
  ]) {
    await send(path, button);
    check(`${name} ${label}: the mistakes are named`, (await page.locator("main .error, main [role='alert'], main .problems, main .note").count()) > 0);
    await hold(name);
  }

  await page.goto(`${origin}/equipment/import`);
  await page.getByLabel("CSV file").setInputFiles({
    name: "pumps.csv", mimeType: "text/csv",
    buffer: Buffer.from("asset_number,type,service_due_on\nSTATE-1,Infusion pump,2027-03-31\nSTATE-2,Infusoin pump,soon\n"),
  });
  await Promise.all([page.waitForNavigation(), page.getByRole("button", { name: "Check the file" }).click()]);
  await page.getByRole("heading", { name: "What this file would do" }).waitFor();
  await hold("import-report");

  const [[id, other]] = await query(`SELECT a.id, (SELECT t.tag_key FROM tag_assignment ta JOIN tag t ON t.id = ta.tag_id JOIN asset o ON o.id = ta.asset_id
    WHERE ta.ended_at IS NULL AND o.status = 'available' AND o.id > a.id ORDER BY o.id LIMIT 1)
    FROM asset a JOIN asset_place p ON p.asset_id = a.id WHERE a.status = 'available' AND p.not_here_at IS NULL ORDER BY a.id LIMIT 1`);
  await page.goto(`${origin}/assets/${id}`);
  await page.getByRole("button", { name: "Not here" }).click();
  await page.getByRole("heading", { name: "Next best" }).waitFor();
  await hold("next-best");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.waitForURL((url) => url.pathname === `/assets/${id}`);

  await page.getByLabel("Scan the tag").fill(other);
  await page.getByRole("button", { name: "Put on" }).click();
  await page.waitForURL(/tag-on/);
  await hold("tag-step");

  await page.goto(`${origin}/assets/${id}`);
  await page.getByRole("button", { name: "Pause updates" }).click();
  await execute(`UPDATE asset SET status = 'in_use' WHERE id = ${id}`);
  await page.getByRole("button", { name: /Take it/ }).click();
  await page.getByText("somebody else was faster").waitFor();
  await hold("refused");
  await execute(`UPDATE asset SET status = 'available' WHERE id = ${id}`);

  await page.goto(`${origin}/assets/${id}`);
  await page.getByRole("button", { name: "Go on" }).click();
  await page.locator("summary", { hasText: "Broken" }).click();
  await page.locator("input[name='reason']").first().check();
  await page.locator("details[open] button").click();
  await page.locator("#fault-link").click();
  await page.waitForURL(/\/labels\/fault\//);
  await hold("fault-tag");
  await execute(`UPDATE asset SET status = 'available' WHERE id = ${id}`);
  await context.close();
}

/** A minute before an unused screen is signed out it says so, and one press keeps it. */
export async function walkSessionEnd(browser, origin, { check, signIn, checkPage }, size) {
  const context = await browser.newContext({ viewport: size, bypassCSP: true });
  const page = await context.newPage();
  await signIn(page, origin, "walker");
  await page.clock.install();
  await page.goto(`${origin}/help`);
  const note = page.locator("[data-session-idle]");
  await page.clock.fastForward("13:30");
  check("session: nothing is said while there is time", !(await note.isVisible()));
  await page.clock.fastForward("00:45");
  check("session: it is said a minute before", await note.isVisible());
  check("session: with the time", /signs out at \d\d:\d\d:\d\d/.test(await note.innerText()), await note.innerText());
  await checkPage(page, "session-ends", "desk-light", size);
  await note.getByRole("button", { name: "Stay signed in" }).click();
  await note.waitFor({ state: "hidden" });
  await page.clock.fastForward("14:30");
  check("session: it is said again", await note.isVisible());
  await page.clock.fastForward("01:00");
  check("session: and when it is over", /is signed out/.test(await note.innerText()), await note.innerText());
  await context.close();
}
