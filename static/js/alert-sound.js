// A sound when a new critical alert comes, on the pages of somebody who switched it on: base.html leaves this script out for everybody else.
// The bell holds the number of the newest critical alert; this page was brought up to date when it grows.
"use strict";
(() => {
  const KEY = "wt-critical-heard";
  const newest = () => Number(document.getElementById("alerts-waiting")?.dataset.critical ?? 0);
  let heard = Number(sessionStorage.getItem(KEY) ?? newest());
  let audio;
  // Browsers play nothing on a page that nobody has touched: then it sounds with the first press or key.
  async function play() {
    if (!window.AudioContext) return false;
    audio ??= new AudioContext();
    if (audio.state !== "running") await Promise.race([audio.resume(), new Promise((done) => setTimeout(done, 300))]);
    if (audio.state !== "running") return false;
    for (const [pitch, from] of [[880, 0], [660, 0.25], [880, 0.5]]) {
      const [tone, gain] = [audio.createOscillator(), audio.createGain()];
      tone.frequency.value = pitch;
      gain.gain.value = 0.2;
      tone.connect(gain).connect(audio.destination);
      tone.start(audio.currentTime + from);
      tone.stop(audio.currentTime + from + 0.2);
    }
    document.dispatchEvent(new CustomEvent("wt:critical-sound"));
    return true;
  }
  let playing = false;
  async function look() {
    const now = newest();
    if (playing || (now > heard && (playing = true) && !(await play().finally(() => { playing = false; })))) return;
    heard = Math.max(heard, now);
    sessionStorage.setItem(KEY, String(heard));
  }
  for (const touch of ["pointerdown", "keydown"]) document.addEventListener(touch, look);
  new MutationObserver(look).observe(document.querySelector(".nav"), { subtree: true, childList: true, attributes: true, attributeFilter: ["data-critical"] });
  look();
})();
