// Takes the Undo button away when its time is up; without this script the server says that it is too late.
"use strict";
document.querySelectorAll("[data-undo-seconds]").forEach((form) => {
  setTimeout(() => { form.hidden = true; }, Number(form.dataset.undoSeconds) * 1000);
});
// Ctrl+K (Cmd+K) goes to the search box of the page.
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
    const box = document.getElementById("q");
    if (box) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  }
});
