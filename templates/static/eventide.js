// Comfort only: every page works without it.
"use strict";

const WEEK = 7 * 24 * 60 * 60 * 1000;

// What a zone's clock shows through a year: old and new names of a zone show the same.
const clockOf = (zone) => {
  const shown = new Intl.DateTimeFormat("en", { timeZone: zone, dateStyle: "short", timeStyle: "short" });
  return Array.from({ length: 53 }, (_, week) => shown.format(Date.now() + week * WEEK)).join();
};

// The zone to choose beforehand: never one without a place, which hides where one is.
const likelyZone = (zones, mine) => {
  if (!mine.includes("/") || mine.startsWith("Etc/")) return "";
  if (zones.includes(mine)) return mine;
  try {
    // Not in the list of all zones: it is long, and the server asks in any case.
    const own = clockOf(mine);
    return zones.length > 50 ? "" : zones.find((zone) => zone && clockOf(zone) === own) ?? "";
  } catch {
    return "";
  }
};

// The zones on offer are those of the country, once there are several.
const followCountry = () => {
  const country = document.getElementById("country");
  const zones = document.getElementById("zones");
  if (!country || !zones) return;
  const field = document.getElementById("zone-field");
  const select = document.getElementById("zone");
  const first = select.options[0];
  const mine = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  document.getElementById("browser_zone").value = mine;
  const offer = () => {
    const groups = Array.from(zones.content.children).filter((group) => group.dataset.country === country.value);
    select.replaceChildren(first, ...groups.map((group) => group.cloneNode(true)));
    select.value = likelyZone(Array.from(select.options, (option) => option.value), mine);
    field.hidden = !groups.length;
  };
  country.addEventListener("change", offer);
  if (!select.value) offer();
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

// The work that stands in for the answer: a number with which the hash begins with zeros.
const solvePuzzle = async () => {
  const form = document.querySelector("form[data-puzzle]");
  // Without https there is no SubtleCrypto, and the question stays.
  if (!form || !window.crypto?.subtle) return;
  document.getElementById("by-hand").hidden = true;
  document.getElementById("working").hidden = false;
  const encoder = new TextEncoder();
  const beyond = 2 ** (32 - Number(form.dataset.bits));
  for (let work = 1; ; work += 1) {
    const hash = await crypto.subtle.digest("SHA-256", encoder.encode(`${form.dataset.puzzle}.${work}`));
    if (new DataView(hash).getUint32(0) >= beyond) continue;
    document.getElementById("work").value = work;
    form.submit();
    return;
  }
};

document.getElementById("summary")?.focus();
followCountry();
foldParts();
pollInbox();
solvePuzzle();
