// Keeps an open page up to date. Without this script every page works by loading it again.
//
// The server says by events which watched things changed (htmx's SSE extension holds the stream, sse-connect on <main>), never what
// they are now. This script then asks for the page again, at most once in PACE_MS, and every SLOW_MS anyway, so that ages stay
// true, and merges the parts by id:
//   <section id="now" data-live>           is brought up to date as it is;
//   <section id="results" data-live-list>  has rows, <tr data-row="key">: what they say is brought up to date where they stand, but
//                                          none appears, vanishes or moves until somebody presses "3 updates, show".
// Requests say that they are no use of the session (S-13). Words come from the page.
"use strict";
(() => {
  const PACE_MS = 700;
  const SLOW_MS = 30_000;
  const SAY_MS = 10_000;
  const HIDDEN_MS = 30_000;
  const FAILURES_MAX = 2;
  const PAUSED = "wt-live-paused";
  const main = document.querySelector("main[sse-connect]");
  if (!main || !window.htmx || !window.Idiomorph) return;

  const controls = document.querySelector("[data-live-controls]");
  const banner = document.querySelector("[data-live-off]");
  const said = document.querySelector("[data-live-said]");
  const url = new URL(main.getAttribute("sse-connect"), location.href);
  const topics = url.searchParams.get("watch").split(",");

  let paused = sessionStorage.getItem(PAUSED) === "1";
  let source = null;
  let heardAt = Date.now();
  let beatMs = 10_000;
  let feedIsLive = true;
  let failures = 0;
  let isStale = false; // something changed that this page does not show yet
  let isAsking = false;
  let askedAt = 0;
  let timer = 0;
  let hiddenTimer = 0;
  let opened = 0;
  let isLetGo = false; // this tab was hidden for long and closed its stream
  const typedIn = new WeakSet();

  // ---- the stream

  const heard = () => {
    heardAt = Date.now();
    const wasOff = !banner.hidden;
    judge();
    if (wasOff && banner.hidden) refresh();
  };

  const listen = (opening) => {
    heard();
    if (source === opening) return refresh(); // the browser connected again by itself: something may have been missed
    source = opening;
    source.addEventListener("beat", (event) => {
      const beat = JSON.parse(event.data);
      beatMs = beat.every_ms;
      feedIsLive = beat.live;
      controls.dataset.liveBeat = String(beatMs);
      heard();
    });
    source.addEventListener("end", () => {
      source.close();
      refresh(true); // the answer leads to the sign-in page
    });
    for (const topic of topics) {
      source.addEventListener(topic, () => {
        heard();
        refresh();
      });
    }
    if (opened > 0) refresh();
    opened += 1;
  };
  document.addEventListener("htmx:sseOpen", (event) => listen(event.detail.source));

  // ---- live or not

  const judge = () => {
    const silent = Date.now() - heardAt > 2.5 * beatMs;
    const isOff = !document.hidden && (silent || !feedIsLive || failures >= FAILURES_MAX);
    if (isOff && banner.hidden) {
      banner.querySelector("[data-live-time]").textContent = new Date(heardAt).toLocaleTimeString(document.documentElement.lang, {
        hour: "2-digit", minute: "2-digit", hour12: false, timeZone: banner.dataset.liveOff || undefined,
      });
    }
    banner.hidden = !isOff;
  };
  setInterval(judge, 1000);

  // ---- asking again

  /** Asks soon; while paused or hidden only remembers to. */
  const refresh = (force = false) => {
    isStale = true;
    if (!force && (paused || document.hidden)) return;
    if (isAsking || timer) return;
    timer = setTimeout(ask, Math.max(0, askedAt + PACE_MS - Date.now()));
  };

  const ask = () => {
    timer = 0;
    isAsking = true;
    isStale = false;
    askedAt = Date.now();
    const here = location.pathname + location.search;
    const done = () => {
      isAsking = false;
      if (isStale) refresh();
    };
    window.htmx.ajax("GET", here, { source: main, target: main, swap: "none", headers: { "Wardtrack-Poll": "1" } }).then(done, done);
  };
  setInterval(refresh, SLOW_MS);

  const isOurs = (event) => event.detail.elt === main;
  const failed = (event) => {
    if (!isOurs(event)) return;
    failures += 1;
    judge();
  };
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) document.addEventListener(name, failed);
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isOurs(event)) return;
    event.detail.shouldSwap = false;
    if (event.detail.xhr.status !== 200) return;
    if (paused) {
      isStale = true;
      return;
    }
    failures = 0;
    judge();
    merge(new DOMParser().parseFromString(event.detail.serverResponse, "text/html"));
  });
  // Parts of other pages that ask by themselves (hx-trigger="sse:asset.1", "every 30s"): no use of the session, not while paused.
  document.addEventListener("htmx:configRequest", (event) => {
    const by = event.detail.triggeringEvent;
    if (!by || !by.isTrusted) event.detail.headers["Wardtrack-Poll"] = "1";
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const by = event.detail.requestConfig.triggeringEvent;
    if (!isOurs(event) && (paused || document.hidden) && (!by || !by.isTrusted)) event.preventDefault();
  });

  // ---- merging

  document.addEventListener("input", (event) => event.target.form && typedIn.add(event.target.form));

  const morph = (part, fresh) =>
    window.Idiomorph.morph(part, fresh, {
      morphStyle: "outerHTML",
      ignoreActiveValue: true,
      callbacks: {
        // A form that somebody fills in and a question that somebody opened stay as they are.
        // So does a box that somebody ticked.
        beforeNodeMorphed: (old) =>
          !(old instanceof HTMLFormElement && (typedIn.has(old) || old.contains(document.activeElement))) &&
          !(old instanceof HTMLInputElement && old.type === "checkbox" && old.checked !== old.defaultChecked),
        // An answer that was asked for before a plan was moved does not move it back (static/js/plan.js keeps the view).
        beforeAttributeUpdated: (name, node) => !(name === "open" && node.tagName === "DETAILS") && name !== "viewBox",
      },
    });

  const merge = (doc) => {
    for (const part of document.querySelectorAll("[data-live][id], [data-live-list][id]")) {
      const fresh = doc.getElementById(part.id);
      if (!fresh) continue;
      if (part.hasAttribute("data-live-list")) {
        mergeList(part, fresh);
      } else if (part.outerHTML !== fresh.outerHTML) {
        morph(part, fresh);
      }
      window.htmx.process(document.getElementById(part.id));
    }
  };

  const rowsOf = (list) => [...list.querySelectorAll("[data-row]")];
  const keysOf = (rows) => rows.map((row) => row.dataset.row);
  const shows = new Map(); // list id -> { fresh, bar }

  const mergeList = (list, fresh) => {
    const [old, now] = [rowsOf(list), rowsOf(fresh)];
    const [oldKeys, nowKeys] = [keysOf(old), keysOf(now)];
    const changes = countChanges(oldKeys, nowKeys);
    if (changes === 0) {
      withdraw(list);
      if (list.outerHTML !== fresh.outerHTML) morph(list, fresh);
      return;
    }
    offer(list, fresh.cloneNode(true), changes);
    const byKey = new Map(now.map((row) => [row.dataset.row, row]));
    for (const row of old) {
      const next = byKey.get(row.dataset.row);
      if (!next) {
        markGone(row);
      } else if (row.outerHTML !== next.outerHTML) {
        morph(row, next.cloneNode(true));
      }
    }
  };

  /** What it says may be old: it is no longer in the answer. */
  const markGone = (row) => {
    if (row.querySelector("[data-live-gone]")) return;
    const words = document.querySelector("template[data-live-show]").content.querySelector("[data-live-gone]");
    row.lastElementChild.append(words.cloneNode(true));
  };

  /** How many rows would appear, vanish or stand elsewhere among those that stay. */
  const countChanges = (oldKeys, nowKeys) => {
    const [was, is] = [new Set(oldKeys), new Set(nowKeys)];
    const [stayed, stay] = [oldKeys.filter((key) => is.has(key)), nowKeys.filter((key) => was.has(key))];
    const moved = stayed.filter((key, at) => key !== stay[at]).length;
    return oldKeys.length - stayed.length + (nowKeys.length - stay.length) + moved;
  };

  const offer = (list, fresh, count) => {
    let show = shows.get(list.id);
    if (!show) {
      const bar = document.querySelector("template[data-live-show]").content.querySelector("p").cloneNode(true);
      show = { fresh, bar };
      shows.set(list.id, show);
      list.before(bar);
      bar.querySelector("button").addEventListener("click", () => {
        const inside = list.contains(document.activeElement) || bar.contains(document.activeElement);
        const latest = show.fresh;
        withdraw(list);
        morph(list, latest);
        if (inside) {
          list.tabIndex = -1;
          list.focus({ preventScroll: true });
        }
      });
    }
    show.fresh = fresh;
    const button = show.bar.querySelector("button");
    const words = count === 1 ? button.dataset.one : button.dataset.many.replace("#", String(count));
    if (button.textContent !== words) {
      button.textContent = words;
      say(words);
    }
  };

  const withdraw = (list) => {
    shows.get(list.id)?.bar.remove();
    shows.delete(list.id);
  };

  // At most one announcement in ten seconds, the newest; none while paused.
  let saidAt = 0;
  let sayTimer = 0;
  let toSay = "";
  const say = (words) => {
    toSay = words;
    if (sayTimer) return;
    sayTimer = setTimeout(() => {
      sayTimer = 0;
      if (paused) return;
      saidAt = Date.now();
      said.textContent = toSay;
    }, Math.max(0, saidAt + SAY_MS - Date.now()));
  };

  // ---- pause

  const pauseButton = controls.querySelector("[data-live-pause]");
  const words = controls.querySelector("[data-live-words]");
  const showPaused = () => {
    pauseButton.textContent = paused ? pauseButton.dataset.goOn : pauseButton.dataset.pause;
    words.textContent = paused ? words.dataset.paused : words.dataset.on;
  };
  pauseButton.addEventListener("click", () => {
    paused = !paused;
    sessionStorage.setItem(PAUSED, paused ? "1" : "0");
    showPaused();
    if (!paused) refresh();
  });
  showPaused();
  controls.hidden = false;

  // ---- tabs that nobody sees hold no stream: a browser has few connections for all its tabs

  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiddenTimer);
    if (document.hidden) {
      hiddenTimer = setTimeout(() => {
        isLetGo = source?.readyState === EventSource.OPEN;
        if (isLetGo) source.close();
      }, HIDDEN_MS);
      return;
    }
    heardAt = Date.now();
    if (isLetGo) {
      isLetGo = false;
      // A changed attribute makes htmx take the element up anew, and the extension connects.
      main.setAttribute("data-live-opened", String(opened));
      window.htmx.process(main);
    }
    refresh();
  });
})();
