// Says a minute before that an unused screen will be signed out, and lets one go on (S-13). The server decides: this only warns.
"use strict";
{
  const note = document.querySelector("[data-session-idle]");
  if (note) {
    const idle = Number(note.dataset.sessionIdle) * 1000;
    const warnFor = 60_000;
    const others = "BroadcastChannel" in window ? new BroadcastChannel("wardtrack-use") : null;
    const stay = note.querySelector("button");
    let timer;
    const used = () => {
      clearTimeout(timer);
      note.hidden = true;
      timer = setTimeout(warn, idle - warnFor);
    };
    const warn = () => {
      const end = new Date(Date.now() + warnFor);
      const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: note.dataset.zone };
      note.querySelector("b").textContent = new Intl.DateTimeFormat("en-GB", clock).format(end);
      note.hidden = false;
      timer = setTimeout(over, warnFor);
    };
    const over = () => {
      note.querySelector("span").textContent = note.dataset.over;
      stay.hidden = true;
    };
    const tellOthers = () => {
      used();
      others?.postMessage("used");
    };
    // What this page asks for by itself is no use; what the person asks for is.
    document.addEventListener("htmx:afterRequest", (event) => {
      if (!event.detail.requestConfig?.headers["Wardtrack-Poll"]) tellOthers();
    });
    others?.addEventListener("message", used);
    stay.addEventListener("click", async () => {
      const answer = await fetch(note.dataset.stay, { redirect: "manual" }).catch(() => null);
      if (answer?.ok) tellOthers();
      else over();
    });
    tellOthers();
  }
}
