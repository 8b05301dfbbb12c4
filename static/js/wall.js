// A screen on a wall asks for its board again by itself. When it hears nothing it says since when, and goes on asking.
"use strict";
{
  const every = 10_000;
  const parts = ["as-of", "feed", "wall"];
  const off = document.querySelector("[data-live-off]");
  let heardAt = new Date();
  let misses = 0;
  const silent = () => {
    misses += 1;
    if (misses < 2) return;
    const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: off.dataset.liveOff };
    off.querySelector("[data-live-time]").textContent = new Intl.DateTimeFormat("en-GB", clock).format(heardAt);
    off.hidden = false;
  };
  const ask = async () => {
    const answer = await fetch(location.pathname, { cache: "no-store", signal: AbortSignal.timeout(every) }).catch(() => null);
    // Somebody ended this screen: the page says so.
    if (answer?.status === 404) return location.reload();
    if (!answer?.ok) return silent();
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of parts) document.getElementById(id).replaceWith(fresh.getElementById(id));
    heardAt = new Date();
    misses = 0;
    off.hidden = true;
  };
  setInterval(() => ask().catch(silent), every);
}
