// Floor plans: buttons zoom and move without loading the page again, Ctrl + wheel and two fingers zoom, a mouse drags.
// Without this script the buttons are links that do the same. Every view is in the address, so that loading again, going back and
// live updates keep it.
"use strict";
(() => {
  const NARROWEST = 320;
  const STEP = 1.6;
  const SAVE_MS = 300;

  // A file is read into the text field: the form sends text, so it works the same by pasting.
  for (const line of document.querySelectorAll("[data-plan-file]")) {
    const input = line.querySelector("input[type=file]");
    const text = document.getElementById(input.dataset.planFileFor);
    line.hidden = false;
    input.addEventListener("change", async () => {
      const [file] = input.files;
      if (file) {
        text.value = await file.text();
      }
    });
  }

  const picture = () => document.getElementById("plan-svg");
  if (!picture()) return;

  const read = (text) => {
    const [x, y, w, h] = text.split(" ").map(Number);
    return { x, y, w, h };
  };
  const whole = () => read(picture().dataset.whole);
  const now = () => read(picture().getAttribute("viewBox"));

  // The same as the server does it.
  const fit = (x, y, w) => {
    const all = whole();
    const width = Math.min(Math.max(w, Math.min(NARROWEST, all.w)), all.w);
    const height = Math.min(width * Math.max(all.h / all.w, 0.5), all.h);
    return {
      x: Math.min(Math.max(x, 0), all.w - width),
      y: Math.min(Math.max(y, 0), all.h - height),
      w: width,
      h: height,
    };
  };
  let saving = 0;
  const show = (view) => {
    picture().setAttribute("viewBox", [view.x, view.y, view.w, view.h].map((n) => n.toFixed(1)).join(" "));
    clearTimeout(saving);
    saving = setTimeout(() => {
      const url = new URL(location.href);
      for (const name of ["x", "y", "w"]) {
        url.searchParams.set(name, Math.round(view[name]));
      }
      history.replaceState(history.state, "", url);
    }, SAVE_MS);
  };
  const zoom = (factor, at) => {
    const view = now();
    const point = at || { x: view.x + view.w / 2, y: view.y + view.h / 2 };
    const next = fit(0, 0, view.w * factor);
    const shareX = (point.x - view.x) / view.w;
    const shareY = (point.y - view.y) / view.h;
    show(fit(point.x - shareX * next.w, point.y - shareY * next.h, next.w));
  };
  const move = (dx, dy) => {
    const view = now();
    show(fit(view.x + dx, view.y + dy, view.w));
  };
  const pointAt = (event) => {
    const box = picture().getBoundingClientRect();
    const view = now();
    return {
      x: view.x + ((event.clientX - box.left) / box.width) * view.w,
      y: view.y + ((event.clientY - box.top) / box.height) * view.h,
    };
  };

  // The server leaves out buttons that would change nothing; with this script the others cover all moves that are left.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-plan]");
    if (!button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const view = now();
    const third = view.w / 3;
    const does = {
      in: () => zoom(1 / STEP),
      out: () => zoom(STEP),
      west: () => move(-third, 0),
      east: () => move(third, 0),
      north: () => move(0, -third),
      south: () => move(0, third),
    }[button.dataset.plan];
    // Letters change their size between far and near, and buttons come and go: then the server draws again.
    const all = whole();
    const width = { in: view.w / STEP, out: view.w * STEP, whole: all.w }[button.dataset.plan] || view.w;
    const isFar = Math.min(width, all.w) > 1500;
    const atEdge = width >= all.w || view.w >= all.w || width <= NARROWEST;
    if (!does || atEdge || isFar !== picture().classList.contains("far")) return;
    event.preventDefault();
    does();
  });

  document.addEventListener("wheel", (event) => {
    if (!event.ctrlKey || !event.target.closest("#plan-svg")) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, pointAt(event));
  }, { passive: false });

  // Pointers that are down: one mouse drags, two fingers pinch; one finger scrolls as everywhere.
  const down = new Map();
  let dragged = false;
  document.addEventListener("pointerdown", (event) => {
    if (event.target.closest("#plan-svg") && event.button === 0) {
      down.set(event.pointerId, { x: event.clientX, y: event.clientY });
      dragged = false;
    }
  });
  document.addEventListener("pointermove", (event) => {
    const from = down.get(event.pointerId);
    if (!from) return;
    const box = picture().getBoundingClientRect();
    const scale = now().w / box.width;
    if (down.size === 2) {
      const [other] = [...down].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
      const before = Math.hypot(from.x - other.x, from.y - other.y);
      const after = Math.hypot(event.clientX - other.x, event.clientY - other.y);
      if (before > 10 && after > 10) {
        zoom(before / after, pointAt(event));
        dragged = true;
      }
    } else if (event.pointerType === "mouse") {
      const far = Math.hypot(event.clientX - from.x, event.clientY - from.y);
      if (!dragged && far < 5) return;
      dragged = true;
      picture().classList.add("is-grabbed");
      move((from.x - event.clientX) * scale, (from.y - event.clientY) * scale);
    }
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  const up = (event) => {
    down.delete(event.pointerId);
    picture().classList.remove("is-grabbed");
  };
  document.addEventListener("pointerup", up);
  document.addEventListener("pointercancel", up);
  document.addEventListener("dragstart", (event) => {
    if (event.target.closest("#plan-svg")) event.preventDefault();
  });
  // The end of a drag is no press of the room below it.
  document.addEventListener("click", (event) => {
    if (dragged && event.target.closest("#plan-svg")) {
      event.preventDefault();
      dragged = false;
    }
  }, true);
})();
