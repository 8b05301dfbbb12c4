// Pages for a scanner: what a scanner types goes to the field wherever the focus is, forms inside the area are sent in the background, and each
// answer can be heard and felt. Without this script the page comes back after every scan.
"use strict";
(() => {
  const area = () => document.querySelector("[data-scan-area]");
  const field = () => document.getElementById("code");
  const list = document.querySelector("[data-scan-list]");
  const heard = document.querySelector("[data-scan-heard]");
  const soundButton = document.querySelector("[data-scan-sound]");
  if (!area()) return;

  // Sound: on until somebody turns it off here. Each answer has a tone, a rhythm and a vibration of its own.
  const tones = { hit: [[1320, 0, 0.09]], miss: [[196, 0, 0.22], [196, 0.3, 0.22]], duplicate: [[660, 0, 0.07], [660, 0.12, 0.07], [660, 0.24, 0.07]] };
  const shakes = { hit: [40], miss: [200, 80, 200], duplicate: [40, 60, 40, 60, 40] };
  let audio;
  let loud = true;
  try { loud = localStorage.getItem("wt-scan-sound") !== "off"; } catch { /* no storage: it stays on */ }
  function play(kind) {
    if (!loud || !tones[kind]) return;
    if (navigator.vibrate) navigator.vibrate(shakes[kind]);
    if (!window.AudioContext) return;
    audio ??= new AudioContext();
    for (const [pitch, from, length] of tones[kind]) {
      const [tone, gain] = [audio.createOscillator(), audio.createGain()];
      tone.frequency.value = pitch;
      tone.type = kind === "miss" ? "square" : "sine";
      gain.gain.value = 0.15;
      tone.connect(gain).connect(audio.destination);
      tone.start(audio.currentTime + from);
      tone.stop(audio.currentTime + from + length);
    }
    document.dispatchEvent(new CustomEvent("wt:scan-sound", { detail: kind }));
  }
  function showSound() {
    soundButton.textContent = loud ? soundButton.dataset.on : soundButton.dataset.off;
    soundButton.setAttribute("aria-pressed", String(loud));
  }
  if (soundButton) {
    showSound();
    soundButton.addEventListener("click", () => {
      loud = !loud;
      try { localStorage.setItem("wt-scan-sound", loud ? "on" : "off"); } catch { /* until the page is left */ }
      showSound();
    });
  }

  // The last scans as text, those in vain too.
  function note(kind, code, words) {
    if (!list) return;
    const row = document.createElement("li");
    row.textContent = code ? `${code}: ${words}` : words;
    row.dataset.sound = kind;
    list.prepend(row);
    while (list.children.length > 30) list.lastElementChild.remove();
    heard.hidden = false;
  }

  // Forms, one after the other: what is scanned or pressed while one is on its way waits its turn.
  const waiting = [];
  let busy = false;
  let leaving = false;
  const unanswered = new Map(); // codes that were not answered: their forms may be booked already, so the same code goes again with the same key
  function failed({ code, typed, body }, words) {
    play("miss");
    note("miss", code, words);
    if (!typed) return; // a button: it stands where it stood, with its key
    unanswered.set(code, body.get("key"));
    const form = scanForm();
    if (!form) return;
    for (const [name, value] of Object.entries(typed)) if (form.elements[name]) form.elements[name].value = value;
    form.elements.code.value = code;
    form.elements.code.select();
  }
  // There is no connection: what waits was not sent at all. Each is heard and stands among the last scans, so that it is scanned again.
  async function drop(words) {
    const dropped = waiting.splice(0);
    for (const { code } of dropped) note("miss", code, words);
    for (const _ of dropped) {
      await new Promise((done) => setTimeout(done, 700)); // one sound after the other
      play("miss");
    }
  }
  async function send(job) {
    const { action, body, code } = job;
    let answered = false;
    busy = true;
    try {
      const answer = await fetch(action, { method: "POST", body, credentials: "same-origin", headers: { accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = page.querySelector("[data-scan-area]");
      if (!next && answer.redirected) {
        // Signed out, or the count has gone on: the browser shows it.
        leaving = true;
        location.assign(answer.url);
        return;
      }
      if (!next) {
        // Refused, or out of order: what was scanned stays, and the page's own words say why.
        failed(job, [...page.querySelectorAll("main p")].map((p) => p.textContent.trim()).find(Boolean) ?? area().dataset.notSent);
        return;
      }
      answered = true;
      unanswered.delete(code);
      area().replaceWith(next);
      if (answer.redirected) history.replaceState(null, "", answer.url);
      const said = document.getElementById("said");
      const flash = page.querySelector(".done span");
      if (said) {
        play(said.dataset.sound);
        note(said.dataset.sound, code || said.dataset.code, said.querySelector("b").textContent.trim());
      } else {
        const row = document.querySelector("#scan-log li p");
        play("hit");
        note("hit", code, (flash || row)?.textContent.trim() ?? "");
      }
    } catch {
      failed(job, area().dataset.notSent);
      await drop(area().dataset.notSent);
    } finally {
      busy = false;
      if (!leaving) {
        if (answered) field()?.focus();
        waiting.shift()?.run();
      }
    }
  }
  const scanForm = () => area().querySelector("form[data-scan]");
  // What is typed beside the code belongs to the scan that it was typed for: the next one, which may come before the answer, starts anew.
  const fresh = { quantity: "1", lot_number: "", expires_on: "" };
  function takeTyped() {
    const typed = {};
    const form = scanForm();
    for (const [name, value] of Object.entries(fresh)) {
      const box = form?.elements[name];
      if (!box) continue;
      typed[name] = box.value;
      box.value = value;
    }
    return typed;
  }
  function book(code, typed = takeTyped()) {
    if (busy) {
      waiting.push({ code, run: () => book(code, typed) });
      return;
    }
    const form = scanForm();
    if (!form) return;
    const body = new URLSearchParams(new FormData(form));
    body.set("code", code);
    for (const [name, value] of Object.entries(typed)) body.set(name, value);
    // No two codes go with one key: that of the page may have gone with a code that was not answered.
    if (unanswered.has(code)) body.set("key", unanswered.get(code));
    else if (unanswered.size > 0) body.set("key", newKey());
    send({ action: form.action, body, code, typed });
  }
  function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.closest("[data-scan-area]") || !(form.matches("[data-scan]") || form.matches("[data-scan-again]"))) return;
    event.preventDefault();
    if (form.matches("[data-scan]")) {
      const code = form.elements.code.value;
      form.elements.code.value = "";
      book(code);
      return;
    }
    const job = { action: form.action, body: new URLSearchParams(new FormData(form)), code: "" };
    if (busy) waiting.push({ code: "", run: () => send(job) });
    else send(job);
  });

  // A scanner types faster than people, and ends with Enter. What it types anywhere but in a field for text is a scan; Ctrl+] is the separator
  // of GS1 as scanners type it, which browsers would drop.
  const fast = 35;
  let typed = "";
  let last = 0;
  const isText = (target) => target.matches?.("input:not([type=checkbox]):not([type=radio]):not([type=button]):not([type=submit]), textarea, select");
  document.addEventListener("keydown", (event) => {
    const box = field();
    if (!box) return;
    if (event.ctrlKey && event.key === "]") {
      event.preventDefault();
      if (event.target === box) box.setRangeText("\u001d", box.selectionStart, box.selectionEnd, "end");
      else if (typed) typed += "\u001d";
      return;
    }
    if (isText(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    const now = event.timeStamp;
    if (now - last > fast * 3) typed = "";
    last = now;
    if (event.key === "Enter") {
      if (typed.length >= 3) {
        event.preventDefault();
        book(typed);
      }
      typed = "";
    } else if (event.key.length === 1) {
      typed += event.key;
    }
  });

  const said = document.getElementById("said");
  if (said) note(said.dataset.sound, said.dataset.code, said.querySelector("b").textContent.trim());
})();
