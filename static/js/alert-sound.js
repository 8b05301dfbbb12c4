// A sound when a new critical alert comes, on the pages of somebody who switched it on: base.html leaves this script out for everybody else.
// The bell holds the number of the newest critical alert; this page was brought up to date when it grows.
"use strict";
(() => {
  const KEY = "wt-critical-heard";
  const newest = () => Number(document.getElementById("alerts-waiting")?.dataset.critical ?? 0);
  let heard = Number(sessionStorage.getItem(KEY) ?? newest());
  let audio;
  function play() {
    if (!window.AudioContext) return;
    audio ??= new AudioContext();
    for (const [pitch, from] of [[880, 0], [660, 0.25], [880, 0.5]]) {
      const [tone, gain] = [audio.createOscillator(), audio.createGain()];
      tone.frequency.value = pitch;
      gain.gain.value = 0.2;
      tone.connect(gain).connect(audio.destination);
      tone.start(audio.currentTime + from);
      tone.stop(audio.currentTime + from + 0.2);
    }
    document.dispatchEvent(new CustomEvent("wt:critical-sound"));
  }
  function look() {
    const now = newest();
    if (now > heard) play();
    heard = Math.max(heard, now);
    sessionStorage.setItem(KEY, String(heard));
  }
  new MutationObserver(look).observe(document.querySelector(".nav"), { subtree: true, childList: true, attributes: true, attributeFilter: ["data-critical"] });
  look();
})();
