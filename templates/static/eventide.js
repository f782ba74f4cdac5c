// Comfort only: every page works without it.
"use strict";

const guessZone = () => {
  const select = document.getElementById("zone");
  if (!select || select.value) return;
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!zone) return;
  if (!Array.from(select.options).some((option) => option.value === zone)) {
    // Some browsers still say Asia/Calcutta: the server knows the old names too.
    select.add(new Option(zone.replaceAll("_", " "), zone));
  }
  select.value = zone;
};

// One part of the form at a time, except where answers must be mended.
const foldParts = () => {
  const parts = Array.from(document.querySelectorAll("details.part"));
  if (!parts.length || document.getElementById("summary")) return;
  parts.forEach((part, index) => {
    part.open = index === 0;
    const next = parts[index + 1];
    if (!next) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button wide continue";
    button.textContent = "Continue";
    button.addEventListener("click", () => {
      next.open = true;
      const heading = next.querySelector("summary");
      heading.scrollIntoView();
      heading.focus({ preventScroll: true });
    });
    part.append(button);
  });
  window.addEventListener("beforeprint", () => {
    parts.forEach((part) => { part.open = true; });
  });
};

const pollInbox = () => {
  const list = document.querySelector("[data-poll]");
  if (!list) return;
  window.setInterval(async () => {
    if (document.hidden || list.contains(document.activeElement)) return;
    const answer = await fetch(list.dataset.poll).catch(() => null);
    if (!answer || !answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(list.id);
    if (fresh && fresh.innerHTML !== list.innerHTML) list.replaceChildren(...fresh.childNodes);
  }, 1500);
};

document.getElementById("summary")?.focus();
guessZone();
foldParts();
pollInbox();
