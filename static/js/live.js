// Keeps parts of an open page fresh. Without this script every page works by loading it again.
//
// A part says what it wants by attributes: <section id="place" hx-get="/assets/1" hx-trigger="every 5s" hx-select="#place">.
// This file adds what htmx leaves out: polls say that they are polls, so that an open page never keeps a session alive (S-13);
// nothing is asked while the page is hidden; and after two failures the page says that it is no longer live.
"use strict";
(() => {
  let failures = 0;
  const banner = () => document.querySelector("[data-live]");

  document.addEventListener("htmx:configRequest", (event) => {
    const by = event.detail.triggeringEvent;
    // A timer has no trusted event behind it; a click or key has.
    if (!by || !by.isTrusted) {
      event.detail.headers["Wardtrack-Poll"] = "1";
    }
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    const by = event.detail.requestConfig.triggeringEvent;
    if (document.hidden && (!by || !by.isTrusted)) {
      event.preventDefault();
    }
  });

  const fail = () => {
    failures += 1;
    const line = banner();
    if (failures >= 2 && line && line.hidden) {
      line.querySelector("[data-live-time]").textContent = new Date().toLocaleTimeString(document.documentElement.lang, {
        hour: "2-digit", minute: "2-digit", hour12: false, timeZone: line.dataset.live || undefined,
      });
      line.hidden = false;
    }
  };
  document.addEventListener("htmx:sendError", fail);
  document.addEventListener("htmx:responseError", fail);
  document.addEventListener("htmx:afterOnLoad", () => {
    failures = 0;
    const line = banner();
    if (line) {
      line.hidden = true;
    }
  });
})();
