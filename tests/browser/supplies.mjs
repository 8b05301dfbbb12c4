// The supply technician's way: an alert, the work list, how the number is made, approve, send, receive, set right; and an empty bin that
// makes a draft on a page that somebody else has open. run.mjs imports this. The items are its own, so that nobody else touches them.

/** kit: check, signIn, query and execute of run.mjs; user looks after supplies. */
export async function walkSupplies(browser, origin, kit, sizes) {
  for (const [label, viewport] of Object.entries(sizes)) {
    const made = await makeStock(kit, label);
    await journey(browser, origin, kit, label, viewport, made);
    await scanPath(browser, origin, kit, label, viewport, made);
    await lostScans(browser, origin, kit, label, viewport, made);
  }
  await watchDrafts(browser, origin, kit, sizes, await makeStock(kit, "bins"));
  await watchBoard(browser, origin, kit, sizes, await makeStock(kit, "board"));
}

/** A place with a round of its own, and two items: one with a reorder point, one in two bins. */
async function makeStock({ query, execute }, label) {
  const insert = async (text) => (await query(text))[0][0];
  const round = await insert(`INSERT INTO supply_round (name) VALUES ('Round ${label}') RETURNING id`);
  const place = await insert(`INSERT INTO stock_place (kind, name, room_id, supply_round_id)
    VALUES ('room', 'Store ${label}', (SELECT min(id) FROM room), ${round}) RETURNING id`);
  const bin = (name) => insert(`INSERT INTO bin (stock_place_id, name) VALUES (${place}, '${name}') RETURNING id`);
  const item = (name) => insert(`INSERT INTO item (item_number, name) VALUES ('${name}', '${name}') RETURNING id`);
  const [first, second, third] = [await bin("A-01"), await bin("A-02"), await bin("A-03")];
  const [tape, swab] = [await item(`Tape ${label}`), await item(`Swab ${label}`)];
  await execute(`INSERT INTO item_pack (item_id, name, units, is_ordered) VALUES (${tape}, 'box', 10, true)`);
  await execute(`INSERT INTO stocking (item_id, stock_place_id, bin_id, reorder_point, par, pack_units) VALUES (${tape}, ${place}, ${first}, 5, 20, 10)`);
  await execute(`INSERT INTO stocking (item_id, stock_place_id, bin_id, second_bin_id, fixed_quantity) VALUES (${swab}, ${place}, ${second}, ${third}, 30)`);
  const stock = (item, bin, quantity) => execute(`WITH l AS (INSERT INTO lot (item_id, first_received_at) VALUES (${item}, now())
    ON CONFLICT (item_id, lot_number, expires_on) DO UPDATE SET lot_number = '' RETURNING id)
    INSERT INTO stock_move (reason, item_id, lot_id, bin_id, stock_place_id, quantity, happened_at, recorded_at)
    SELECT 'count', ${item}, id, ${bin}, ${place}, ${quantity}, now(), now() FROM l`);
  await stock(tape, first, 7);
  for (const one of [second, third]) await stock(swab, one, 30);
  // Codes of a box of ten and of one piece, with their check digits.
  const [gtin, piece] = [gtin13(`40063${tape}`), `PIECE-${tape}`];
  await execute(`INSERT INTO item_code (code, item_id, item_pack_id) SELECT '0${gtin}', ${tape}, id FROM item_pack WHERE item_id = ${tape}`);
  await execute(`INSERT INTO item_code (code, item_id) VALUES ('${piece}', ${tape})`);
  return { round, place, placeName: `Store ${label}`, tape, swab, name: `Tape ${label}`, gtin, gtin14: `0${gtin}`, piece };
}

/** Thirteen digits that begin so, the last one their check digit. */
function gtin13(start) {
  const digits = start.padEnd(12, "7").slice(0, 12);
  const sum = [...digits].reverse().reduce((sum, digit, place) => sum + Number(digit) * (place % 2 ? 1 : 3), 0);
  return digits + ((10 - (sum % 10)) % 10);
}

/** Waits until the page says it. */
const says = (page, text) => page.locator("main", { hasText: text }).waitFor({ timeout: 10_000 });

async function journey(browser, origin, { check, signIn, query, user }, label, viewport, made) {
  const page = await browser.newPage({ viewport });
  const seen = (what, ok, detail) => check(`supplies ${label}: ${what}`, ok, detail);
  const here = `${origin}/supplies/items/${made.tape}?place=${made.place}`;
  const onHand = async () => Number((await query(`SELECT sum(on_hand) FROM stock_level WHERE item_id = ${made.tape}`))[0][0]);
  await signIn(page, origin, user);
  await page.goto(here);
  await page.locator("#issue-n").fill("3");
  await page.locator("#act-issue button").click();
  await says(page, "Issued: 3.");
  await page.goto(`${origin}/alerts?kind=reorder`);
  await page.locator(`main a[href*="/supplies/items/${made.tape}"]`).first().click();
  await page.waitForURL(/\/supplies\/items\//);
  await says(page, "Below reorder point");
  seen("an alert leads to the item, which says why", true);
  await page.goto(`${origin}/reorder?state=suggested&round=${made.round}`);
  const draft = page.locator(".draft", { hasText: made.name });
  await draft.getByText("How the number is made").click();
  await draft.getByRole("link", { name: /All inputs/ }).click();
  await says(page, "Position 4 is below the reorder point of 5.");
  await says(page, "Target 20 - position 4 = 16. Rounded up to whole packs of 10: 20.");
  seen("the number is explained", true);
  await page.goto(`${origin}/reorder?state=suggested&round=${made.round}`);
  await draft.getByRole("button", { name: /^Approve/ }).click();
  await says(page, "Approved: Tape");
  await page.goto(`${origin}/reorder?state=approved&round=${made.round}`);
  await page.getByRole("button", { name: "Mark all shown as sent" }).click();
  await says(page, "Marked as sent: 1 line.");
  seen("approved and sent", true);
  // The order is received on its own page: 2 boxes, of which one piece is broken.
  await page.goto(`${origin}/reorder?state=sent&round=${made.round}`);
  await page.getByRole("link", { name: /^Order \d+/ }).click();
  await page.waitForURL(/\/orders\/\d+/);
  await page.locator("summary", { hasText: "Receive" }).click();
  await page.getByLabel("Lot number").fill("L7");
  await page.getByLabel("Use by").fill("2090-01-31");
  await page.getByLabel(/^Damaged, of those/).fill("1");
  await page.getByRole("button", { name: /^Receive/ }).click();
  await says(page, "1 of it was damaged and is written off.");
  await says(page, "Nothing of this order is to come any more.");
  seen("the delivery is in the books", (await onHand()) === 23, `${await onHand()}`);
  await page.goto(here);
  await countPlace(page, origin, seen, made);
  seen("what was counted is in the books", (await onHand()) === 22, `${await onHand()}`);
  await page.goto(here);
  const [[open]] = await query(`SELECT count(*) FROM alert WHERE item_id = ${made.tape} AND is_active`);
  seen("the alert has ended", open === "0", open);
  await page.locator("#lots").getByRole("link", { name: "L7" }).click();
  await page.waitForURL(/\/supplies\/lots\/\d+/);
  await page.getByLabel("It is", { exact: true }).selectOption({ label: "Recalled by its maker" });
  await page.getByLabel("Why", { exact: true }).fill("letter of the maker");
  await page.getByRole("button", { name: "Say so" }).click();
  await says(page, "The lot is now: Recalled.");
  const [[again]] = await query(`SELECT count(*) FROM alert WHERE item_id = ${made.tape} AND is_active AND kind = 'reorder'`);
  seen("a recalled lot is on the work list at once", again === "1", again);
  await page.close();
}

/** Counts the place with the keyboard of a scanner: the bin's label, packs, a number; then the difference is posted with a reason. */
async function countPlace(page, origin, seen, made) {
  await page.goto(`${origin}/supplies/places/${made.place}`);
  await page.getByRole("button", { name: "Count" }).click();
  await page.getByRole("button", { name: "Start counting" }).click();
  await says(page, "3 lines.");
  await wedge(page, "A-01");
  await says(page, "Counting bin A-01.");
  for (const pack of [1, 2]) {
    await wedge(page, made.gtin);
    await says(page, `${pack}0`);
    await page.locator("#scan-log li").nth(pack - 1).waitFor();
  }
  const line = page.locator(".rows > li", { hasText: made.name }).first();
  seen("a count shows what was scanned and not what the books hold", (await line.innerText()).includes("20") && !(await page.locator("main").innerText()).includes("By the books"));
  // Who types at a line is not disturbed by the field of the scanner.
  await line.getByLabel(/^Pieces/).fill("22");
  await line.getByRole("button", { name: /^Save/ }).click();
  await page.locator("#scan-log li", { hasText: `22 of ${made.name}` }).waitFor();
  for (const bin of ["A-02", "A-03"]) {
    await page.locator(".rows > li", { hasText: bin }).first().getByLabel(/^Pieces/).fill("30");
    await page.getByRole("button", { name: new RegExp(`^Save.*${bin}`) }).click();
    await page.locator("#scan-log li", { hasText: `in bin ${bin}` }).waitFor();
  }
  await page.getByRole("button", { name: "Look at the differences" }).click();
  await says(page, "Within what is allowed: 3 of 3 counted lines.");
  await page.getByLabel("Why are there differences?").fill("one was torn");
  await page.getByRole("button", { name: "Set the books right" }).click();
  await says(page, "The books were set right: one was torn");
  seen("a count is blind, looked at and posted", true);
}

/** Types as a scanner does, into the field or wherever the focus is: fast, and Enter at the end. A bar stands for the separator of GS1. */
async function wedge(page, code, intoField = true) {
  if (intoField) await page.waitForFunction(() => document.activeElement?.id === "code");
  for (const sign of code) await page.keyboard.press(sign === "|" ? "Control+]" : sign);
  await page.keyboard.press("Enter");
}

/** A scanner and nothing else: issue, an unknown code, the same again, undo; then bins. The focus is on the page, not in a field. */
async function scanPath(browser, origin, { check, signIn, query, user }, label, viewport, made) {
  const page = await browser.newPage({ viewport });
  const seen = (what, ok, detail) => check(`scanner ${label}: ${what}`, ok, detail);
  const onHand = async (item) => Number((await query(`SELECT coalesce(sum(on_hand), 0) FROM stock_level WHERE item_id = ${item}`))[0][0]);
  const heard = async (sounds) => {
    await page.waitForFunction((count) => window.heard.length >= count, sounds);
    return page.evaluate(() => window.heard.splice(0).join(" "));
  };
  await page.addInitScript(() => { window.heard = []; document.addEventListener("wt:scan-sound", (event) => window.heard.push(event.detail)); });
  await signIn(page, origin, user);
  await page.goto(`${origin}/scan/issue`);
  await page.getByLabel("Place", { exact: true }).selectOption({ label: made.placeName });
  await page.getByRole("button", { name: "Go" }).click();
  await page.getByLabel("Scan what you take").waitFor();
  const before = await onHand(made.tape);
  seen("the field has the focus", await page.evaluate(() => document.activeElement.id) === "code");
  await wedge(page, made.piece);
  await says(page, `Issued: 1 of ${made.name}.`);
  // The focus is elsewhere: what a scanner types is a scan all the same.
  await page.evaluate(() => document.activeElement.blur());
  await wedge(page, made.piece, false);
  const sounds = await heard(2);
  seen("two scans are two pieces", (await onHand(made.tape)) === before - 2, `${await onHand(made.tape)} of ${before}`);
  seen("each is heard", sounds === "hit hit", sounds);
  await wedge(page, "NOBODY-7");
  await says(page, "Nobody knows the code NOBODY-7.");
  seen("a miss sounds otherwise", (await heard(1)) === "miss");
  await page.locator("#scan-log").getByRole("button", { name: /^Undo/ }).first().click();
  await says(page, "Taken back.");
  seen("an entry of the log is taken back", (await onHand(made.tape)) === before - 1);
  await heard(1);
  await page.goto(`${origin}/scan/receive?place=${made.place}`);
  await wedge(page, `01${made.gtin14}10L9|17700131305`);
  // The order has come in full a moment ago, so it is asked whether this is more; the label goes with the answer.
  await says(page, "Is this more than was ordered");
  await page.getByRole("button", { name: "More came: book them all" }).click();
  await says(page, "Received: 5 of");
  const [[lot, day]] = await query(`SELECT lot_number, expires_on FROM lot WHERE item_id = ${made.tape} AND lot_number = 'L9'`);
  seen("a GS1 label says lot, day and count", lot === "L9" && day === "2070-01-31", `${lot} ${day}`);
  await page.goto(`${origin}/scan/bins?place=${made.place}`);
  await wedge(page, "A-03");
  await says(page, "Bin A-03 is empty:");
  await wedge(page, "A-03");
  await says(page, "known to be empty already");
  seen("a card that is read twice is told so", (await heard(2)) === "hit duplicate");
  await page.locator("li", { hasText: "Bin A-03" }).getByRole("button", { name: /^Not empty/ }).click();
  await says(page, "No bin is empty here.");
  seen("the last scans stand as text", (await page.locator("[data-scan-list] li").count()) >= 2);
  await page.close();
}

/** What is typed beside a code outlives a miss; and the connection goes while scans wait: none is lost unheard, none is booked twice. */
async function lostScans(browser, origin, { check, signIn, query, user }, label, viewport, made) {
  const page = await browser.newPage({ viewport });
  const seen = (what, ok, detail) => check(`scanner ${label}: ${what}`, ok, detail);
  const onHand = async () => Number((await query(`SELECT coalesce(sum(on_hand), 0) FROM stock_level WHERE item_id = ${made.tape}`))[0][0]);
  const heard = async (sounds) => {
    await page.waitForFunction((count) => window.heard.length >= count, sounds);
    return page.evaluate(() => window.heard.splice(0).join(" "));
  };
  await page.addInitScript(() => { window.heard = []; document.addEventListener("wt:scan-sound", (event) => window.heard.push(event.detail)); });
  await signIn(page, origin, user);
  await page.goto(`${origin}/scan/issue?place=${made.place}`);
  const before = await onHand();
  const number = page.locator("#scan-n");
  await number.fill("2");
  await page.locator("#code").focus();
  await wedge(page, "NOBODY-8");
  await says(page, "Nobody knows the code NOBODY-8.");
  seen("how many stands there still after a miss", (await number.inputValue()) === "2", await number.inputValue());
  await wedge(page, made.piece);
  await says(page, `Issued: 2 of ${made.name}.`);
  seen("and is one again after a hit", (await number.inputValue()) === "1", await number.inputValue());
  await heard(2);
  // The server books the first one, and its answer is lost; two more are scanned meanwhile. One was to be three of it.
  let cut;
  const lost = new Promise((done) => { cut = done; });
  await page.route("**/scan/issue", async (route) => {
    const request = route.request();
    const headers = Object.entries(await request.allHeaders()).filter(([name]) => !name.startsWith(":") && !["content-length", "connection", "host"].includes(name));
    const answer = await fetch(request.url(), { method: "POST", headers: Object.fromEntries(headers), body: request.postData(), redirect: "manual" });
    seen("the first one has reached the server", answer.status === 303, `${answer.status}`);
    await lost;
    await route.abort("connectionreset");
  });
  await number.fill("3");
  await page.locator("#code").focus();
  await wedge(page, made.piece);
  await wedge(page, made.gtin);
  await wedge(page, "NOBODY-9");
  cut();
  const sounds = await heard(3);
  seen("each scan that was lost is heard", sounds === "miss miss miss", sounds);
  const rows = (await page.locator("[data-scan-list] li").allInnerTexts()).slice(0, 3);
  seen("and stands in the list", rows.every((row) => row.includes("Not sent")) && ["NOBODY-9", made.gtin, made.piece].every((code, n) => rows[n].startsWith(code)), rows.join(" | "));
  seen("what was typed for the first one is back", (await number.inputValue()) === "3", await number.inputValue());
  await page.unroute("**/scan/issue");
  // Scanned again: the first one was booked already, the other one is booked once, as one box.
  await wedge(page, made.piece);
  await says(page, "This scan was booked before.");
  await wedge(page, made.gtin);
  await says(page, `Issued: 10 of ${made.name}.`);
  seen("what was not answered is booked once", (await onHand()) === before - 2 - 3 - 10, `${await onHand()} of ${before}`);
  await page.close();
}

/** Somebody has the work list open; a nurse empties a bin. */
async function watchDrafts(browser, origin, { check, signIn, user }, sizes, made) {
  const [list, nurse] = [await browser.newPage({ viewport: sizes.desk }), await browser.newPage({ viewport: sizes.phone })];
  for (const page of [list, nurse]) await signIn(page, origin, user);
  await list.goto(`${origin}/reorder?state=suggested&round=${made.round}`);
  await nurse.goto(`${origin}/supplies/items/${made.swab}?place=${made.place}`);
  // The stream is open when the page says that it is live.
  await list.locator("[data-live-controls]").getByText("Live", { exact: true }).waitFor();
  await nurse.getByRole("button", { name: "Bin A-02 is empty" }).click();
  const began = Date.now();
  await list.getByRole("heading", { level: 1, name: "Reorder: 1 draft to decide" }).waitFor({ timeout: 10_000 });
  console.log(`supplies: an empty bin was on the open work list ${Date.now() - began} ms after the press was answered`);
  check("supplies: an empty bin is on an open work list", true);
  for (const page of [list, nurse]) await page.close();
}

/** The work list is open; cards of empty bins are read at the board, one after the other, as a reader publishes them to RabbitMQ. */
async function watchBoard(browser, origin, { check, signIn, user, query, execute, publish }, sizes, made) {
  const reads = 30;
  const reader = "browser-board";
  await execute(`INSERT INTO reader (reader_key, technology, state, approved_at) VALUES ('${reader}', 'rfid', 'active', now())`);
  await execute(`INSERT INTO antenna (reader_id, port, zone_id, purpose)
    SELECT (SELECT id FROM reader WHERE reader_key = '${reader}'), 0, min(id), 'board' FROM zone`);
  // Pairs of bins with a card each; one draft a pair, so every read shows.
  await execute(`WITH i AS (INSERT INTO item (item_number, name) SELECT 'Board ' || n, 'Board item ' || n FROM generate_series(1, ${reads}) n RETURNING id, item_number),
    a AS (INSERT INTO bin (stock_place_id, name) SELECT ${made.place}, 'X-' || item_number FROM i RETURNING id, name),
    b AS (INSERT INTO bin (stock_place_id, name) SELECT ${made.place}, 'Y-' || item_number FROM i RETURNING id, name)
    INSERT INTO stocking (item_id, stock_place_id, bin_id, second_bin_id, fixed_quantity)
    SELECT i.id, ${made.place}, a.id, b.id, 20 FROM i JOIN a ON a.name = 'X-' || i.item_number JOIN b ON b.name = 'Y-' || i.item_number`);
  await execute(`INSERT INTO tag (tag_key, technology) SELECT 'x:board-' || n, 'rfid' FROM generate_series(1, ${reads}) n`);
  await execute(`INSERT INTO bin_card (tag_id, bin_id) SELECT t.id, b.id FROM generate_series(1, ${reads}) n
    JOIN tag t ON t.tag_key = 'x:board-' || n JOIN bin b ON b.stock_place_id = ${made.place} AND b.name = 'X-Board ' || n`);
  const list = await browser.newPage({ viewport: sizes.desk });
  await signIn(list, origin, user);
  await list.goto(`${origin}/reorder?state=suggested&round=${made.round}`);
  await list.locator("[data-live-controls]").getByText("Live", { exact: true }).waitFor();
  const heading = list.getByRole("heading", { level: 1 });
  const before = Number((await heading.textContent()).match(/(\d+) draft/)?.[1] ?? 0);
  const took = [];
  for (let n = 1; n <= reads; n += 1) {
    const now = Date.now();
    await publish("wt.ingest", `s.${reader}`, JSON.stringify({ v: 1, batch_id: crypto.randomUUID(), reader, sent_at_ms: now, s: [{ t: `x:board-${n}`, age_ms: 0 }] }));
    await list.waitForFunction((wanted) => document.querySelector("h1").textContent.includes(wanted), `${before + n} draft`, { polling: 5, timeout: 10_000 });
    took.push(Date.now() - now);
  }
  took.sort((a, b) => a - b);
  const at = (share) => took[Math.min(took.length - 1, Math.ceil(took.length * share) - 1)];
  const words = `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms of ${reads}`;
  console.log(`supplies: from an empty bin's card published to RabbitMQ to its draft on the open work list: ${words}`);
  check("supplies: an empty bin's card is a draft on the open list within a second (p99)", at(0.99) < 1000, words);
  await list.close();
}
