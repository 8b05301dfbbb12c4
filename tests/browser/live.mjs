// Open pages follow the world: moves appear within a second of their commit, rows stay where they are, Pause holds, and a page that
// hears nothing says so. run.mjs imports this and gives it what it has: a browser, running pages, and ways to read the database.

const sizes = { desk: { width: 1440, height: 900 } };

/** Waits for `look` in the page, looking every 20 ms; how long it took in milliseconds, or null. */
async function timeUntil(look, ms) {
  const begun = Date.now();
  while (Date.now() - begun < ms) {
    if (await look()) return Date.now() - begun;
    await new Promise((done) => setTimeout(done, 20));
  }
  return null;
}

/**
 * kit: check and signIn of run.mjs; query(sql) gives the rows as arrays of text, execute(sql) changes something;
 * publish(exchange, key, body) sends a message; hint(topics) tells
 * open pages by the broker; freeze() and thaw() stop the server without closing anything; beatMs is its beat.
 */
export async function checkLive(browser, origin, kit) {
  await movesAppear(browser, origin, kit);
  await rowsStay(browser, origin, kit);
  await pauseHolds(browser, origin, kit);
  await silenceIsSaid(browser, origin, kit);
}

/** A device that readers really hear in one room and then in another: its open page and an open list show it within a second. */
async function movesAppear(browser, origin, { check, signIn, query, execute, publish }) {
  await execute(`WITH kind AS (INSERT INTO asset_type (name) VALUES ('Walking frame of the live test') RETURNING id),
      thing AS (INSERT INTO asset (asset_number, asset_type_id, status) SELECT 'LIVE-1', id, 'available' FROM kind RETURNING id),
      label AS (INSERT INTO tag (tag_key, technology, expected_interval_ms) VALUES ('mac:AC233FFFFF01', 'ble', 1000) RETURNING id)
    INSERT INTO tag_assignment (tag_id, asset_id, assigned_at) SELECT label.id, thing.id, now() - interval '1 day' FROM label, thing`);
  const [[id, type]] = await query("SELECT id, asset_type_id FROM asset WHERE asset_number = 'LIVE-1'");
  const readers = await query(`SELECT DISTINCT ON (r.id) r.reader_key, room.name FROM reader r JOIN antenna a ON a.reader_id = r.id JOIN zone z ON z.id = a.zone_id
    JOIN room ON room.id = z.room_id WHERE r.technology = 'ble' AND r.state = 'active' ORDER BY r.id LIMIT 2`);
  /** A second of a beacon that sends four times a second. */
  const heard = (reader) => {
    const s = [750, 500, 250, 0].map((age_ms) => ({ t: "mac:AC233FFFFF01", age_ms, rssi: -45 }));
    return publish("wt.ingest", `s.${reader}`, JSON.stringify({ v: 1, batch_id: crypto.randomUUID(), sent_at_ms: Date.now(), s }));
  };
  const roomIs = async (name) => (await query(`SELECT r.name FROM asset_place p JOIN room r ON r.id = p.room_id WHERE asset_id = ${id}`))[0]?.[0] === name;
  const context = await browser.newContext({ viewport: sizes.desk });
  const [list, page] = [await context.newPage(), await context.newPage()];
  await signIn(list, origin, "walker");
  await list.goto(`${origin}/find?type=${type}`);
  await page.goto(`${origin}/assets/${id}`);
  for (const open of [list, page]) await open.locator("[data-live-beat]").waitFor({ timeout: 5_000 });
  for (const [reader, room] of readers) {
    const hearing = setInterval(() => heard(reader).catch((error) => check(`live: ${reader} is heard`, false, String(error))), 1_000);
    const moved = await timeUntil(() => roomIs(room), 60_000);
    clearInterval(hearing);
    check(`live: the device is in ${room}`, moved !== null);
    const [onPage, onList] = await Promise.all([
      timeUntil(async () => (await page.locator("#now").innerText()).includes(room), 1_000),
      timeUntil(async () => (await list.locator(`[data-row="/assets/${id}"]`).innerText()).includes(room), 1_000),
    ]);
    check("live: a move is on the open page of the asset within 1 s of its commit", onPage !== null, room);
    check("live: a move is on an open list of results within 1 s of its commit", onList !== null, room);
    console.log(`live: a move was on the asset's page after ${onPage} ms, on the results after ${onList} ms`);
  }
  await context.close();
}

/** The keys of the rows, in order. */
async function firstRows(list) {
  return list.locator("[data-live-list] [data-row]").evaluateAll((rows) => rows.map((row) => row.dataset.row));
}

/** Rows say what is new where they stand; none moves while somebody is in the list, and the button brings the new order. */
async function rowsStay(browser, origin, { check, signIn, execute, hint, query }) {
  const page = await browser.newPage({ viewport: sizes.desk });
  await signIn(page, origin, "walker");
  const [[type]] = await query(`SELECT asset_type_id FROM asset WHERE status <> 'retired' GROUP BY asset_type_id HAVING count(*) BETWEEN 4 AND 20 ORDER BY count(*) DESC, 1 LIMIT 1`);
  await page.goto(`${origin}/find?type=${type}`);
  const before = await firstRows(page);
  const id = before[0].split("/").pop();
  const link = page.locator(`[data-row="${before[0]}"] a[href="${before[0]}"]`).first();
  await link.focus();
  const begun = Date.now();
  await execute(`UPDATE asset SET status = 'in_repair' WHERE id = ${id}`);
  await hint(`asset.${id} type.${type}`);
  const chip = page.locator(`[data-row="${before[0]}"]`);
  const shown = await timeUntil(async () => /In repair/.test(await chip.innerText()), 1_000);
  check("live: a row says what is new within 1 s", shown !== null, `${Date.now() - begun} ms`);
  check("live: no row moves while the list has focus", JSON.stringify(await firstRows(page)) === JSON.stringify(before));
  check("live: the focus stays", await link.evaluate((node) => node === document.activeElement));
  const button = page.getByRole("button", { name: /updates?, show/ });
  const offered = await timeUntil(() => button.isVisible(), 1_000);
  check("live: a button offers the new order", offered !== null || (await firstRows(page)).length < 2);
  if (offered !== null) {
    const said = await timeUntil(async () => /updates?, show/.test(await page.locator("[data-live-said]").innerText()), 11_000);
    check("live: the offer is announced politely", said !== null);
    await button.click();
    check("live: pressing it shows the new order", JSON.stringify(await firstRows(page)) !== JSON.stringify(before));
    check("live: the button is gone after it", !(await button.isVisible()));
  }
  await execute(`UPDATE asset SET status = 'available' WHERE id = ${id}`);
  await page.close();
}

async function pauseHolds(browser, origin, { check, signIn, execute, hint, query }) {
  const page = await browser.newPage({ viewport: sizes.desk });
  await signIn(page, origin, "walker");
  const [[id]] = await query("SELECT id FROM asset WHERE status = 'available' ORDER BY id LIMIT 1");
  await page.goto(`${origin}/assets/${id}`);
  await page.getByRole("button", { name: "Pause updates" }).click();
  await execute(`UPDATE asset SET status = 'in_repair' WHERE id = ${id}`);
  await hint(`asset.${id}`);
  const changed = await timeUntil(async () => /In repair/.test(await page.locator("#now").innerText()), 2_000);
  check("live: a paused page stays as it is", changed === null);
  await page.goto(`${origin}/assets/${id}`);
  check("live: Pause is remembered for the tab", await page.getByRole("button", { name: "Go on" }).isVisible());
  await execute(`UPDATE asset SET status = 'available' WHERE id = ${id}`);
  await page.getByRole("button", { name: "Go on" }).click();
  const resumed = await timeUntil(async () => !/In repair/.test(await page.locator("#now").innerText()), 2_000);
  check("live: going on brings the page up to date", resumed !== null);
  await page.close();
}

/** When the server falls silent the page says since when, in the facility's time, and is right again when it is back. */
async function silenceIsSaid(browser, origin, { check, signIn, freeze, thaw, beatMs }) {
  const page = await browser.newPage({ viewport: sizes.desk });
  await signIn(page, origin, "walker");
  await page.goto(`${origin}/`);
  const banner = page.locator("[data-live-off]");
  await page.locator(`[data-live-beat="${beatMs}"]`).waitFor({ timeout: 5_000 });
  const quiet = await timeUntil(async () => !(await banner.isVisible()), 5_000);
  check("live: a page that hears beats says nothing", quiet !== null);
  freeze();
  try {
    const said = await timeUntil(() => banner.isVisible(), beatMs * 2.5 + 3_000);
    check("live: two missed beats and the page says that it is not live", said !== null);
    check("live: it says since when", /not live since \d\d:\d\d/.test(await banner.innerText()), await banner.innerText());
  } finally {
    thaw();
  }
  const back = await timeUntil(async () => !(await banner.isVisible()), 15_000);
  check("live: it is live again when the server is back", back !== null);
  await page.close();
}
