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

  // The last ten scans as text, those in vain too.
  function note(kind, code, words) {
    if (!list) return;
    const row = document.createElement("li");
    row.textContent = code ? `${code}: ${words}` : words;
    row.dataset.sound = kind;
    list.prepend(row);
    while (list.children.length > 10) list.lastElementChild.remove();
    heard.hidden = false;
  }

  // Forms, one after the other: what is scanned while one is on its way waits its turn.
  const waiting = [];
  let busy = false;
  async function send(form, code) {
    busy = true;
    const body = new URLSearchParams(new FormData(form));
    try {
      const answer = await fetch(form.action, { method: "POST", body, credentials: "same-origin", headers: { accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = page.querySelector("[data-scan-area]");
      if (!next) {
        // Signed out, or another page: let the browser show it.
        location.assign(answer.redirected ? answer.url : location.href);
        return;
      }
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
      const words = area().dataset.notSent;
      play("miss");
      note("miss", code, words);
      const box = field();
      if (box) box.value = code;
      waiting.length = 0;
    } finally {
      busy = false;
      field()?.focus();
      if (waiting.length > 0) book(waiting.shift());
    }
  }
  function book(code) {
    const form = area().querySelector("form[data-scan]");
    if (!form) return;
    if (busy) {
      waiting.push(code);
      return;
    }
    form.elements.code.value = code;
    send(form, code);
  }
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.closest("[data-scan-area]") || !(form.matches("[data-scan]") || form.matches("[data-scan-again]"))) return;
    event.preventDefault();
    if (form.matches("[data-scan]")) {
      book(form.elements.code.value);
      form.elements.code.value = "";
    } else if (!busy) {
      send(form, "");
    }
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
