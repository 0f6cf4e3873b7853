// Pages work without this file. It shows times in the viewer's zone, and refreshes what says `data-refresh="SECONDS"`
// in place: what has the focus, what is open and what somebody is filling in stays as it is.
"use strict";

const LOCAL = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
const LONG_AGO = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const MONTHS = 300 * 24 * 3600 * 1000; // milliseconds after which a time is shown with its year
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const ZONE = new Intl.DateTimeFormat(undefined, { timeZoneName: "short" });
const UTC = /(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d)?) UTC/;
const PAUSE = 250; // milliseconds between the last key in a filter and what it shows
const PATIENCE = 10_000; // milliseconds after which an answer is not waited for, and a form may be sent again

const zone = (when) => ZONE.formatToParts(when).find((part) => part.type === "timeZoneName").value;
const exact = (when) => `${EXACT.format(when)} ${zone(when)}`;

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const when = new Date(time.dateTime);
    if (Number.isNaN(when.valueOf())) continue;
    const usual = Math.abs(Date.now() - when) > MONTHS ? LONG_AGO : LOCAL;
    time.textContent = (time.classList.contains("exact") ? EXACT : usual).format(when);
    time.title = `${exact(when)}, ${time.title}`;
  }
  for (const spot of root.querySelectorAll(".zone")) spot.textContent = zone(new Date());
  const inWords = (text) => text.replace(UTC, (_, day, hour) => exact(new Date(`${day}T${hour}Z`)));
  for (const spot of root.querySelectorAll(".at[title]")) spot.title = inWords(spot.title);
  for (const title of root.querySelectorAll("svg title")) title.textContent = inWords(title.textContent);
}

const isSame = (one, other) => one.nodeName === other.nodeName && (one.id || "") === (other.id || "");

// The nodes of `from`, made equal to those of `to` one by one, so that what did not change is not touched.
function morph(from, to) {
  let at = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    let same = at;
    while (same && !isSame(same, wanted)) same = same.nextSibling;
    if (!same) {
      from.insertBefore(wanted.cloneNode(true), at);
      continue;
    }
    if (same !== at) from.insertBefore(same, at);
    if (same.nodeType === Node.ELEMENT_NODE) morphElement(same, wanted);
    else if (same.nodeValue !== wanted.nodeValue) same.nodeValue = wanted.nodeValue;
    at = same.nextSibling;
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function morphElement(from, to) {
  const isOpen = from.tagName === "DETAILS" && from.open;
  for (const { name } of [...from.attributes]) if (!to.hasAttribute(name)) from.removeAttribute(name);
  for (const { name, value } of to.attributes) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  if (isOpen) from.open = true;
  morph(from, to);
}

// What is to be known of the page itself: that it is not as things are now. Empty: it is.
function tell(text) {
  const notice = document.getElementById("notice");
  if (notice.textContent !== text) notice.textContent = text;
  notice.hidden = !text;
}

let known = new Date();
const since = () => `What is shown here is how things stood at ${exact(known)}.`;

// The answer to the same address, as far as it is about this part; null: there is none to be shown.
async function ask(address, part) {
  const asked = { headers: { "X-Fragment": part.id }, redirect: "manual", signal: AbortSignal.timeout(PATIENCE) };
  const answer = await fetch(address, asked).catch(() => null);
  if (answer === null) tell(`Syncline does not answer; it is asked again and again. ${since()}`);
  else if (answer.type === "opaqueredirect" || answer.status === 401) location.reload();
  else if (answer.status === 404) tell(`This is not there any more: it was removed, or cannot be used. ${since()}`);
  else if (!answer.ok) tell(`Syncline cannot answer now (${answer.status}); it is asked again and again. ${since()}`);
  else return answer.text().catch(() => null); // it broke off: the next one may not
  return null;
}

async function refresh(part) {
  const asked = location.href;
  const text = await ask(asked, part);
  if (text === null || location.href !== asked) return; // or meanwhile something else was chosen
  const fresh = document.createElement("template");
  fresh.innerHTML = text;
  localise(fresh.content);
  morph(part, fresh.content);
  known = new Date();
  tell("");
  const title = part.querySelector("[data-title]")?.dataset.title;
  if (title) document.title = title;
}

// Every so many seconds; sooner while something in it goes on, which then says `data-soon="SECONDS"`.
function keepFresh(part) {
  const soon = part.querySelector("[data-soon]")?.dataset.soon;
  setTimeout(async () => {
    if (!document.hidden) await refresh(part);
    if (part.isConnected) keepFresh(part);
  }, Number(soon || part.dataset.refresh) * 1000);
}

function refreshAll() {
  if (!document.hidden) document.querySelectorAll("[data-refresh]").forEach(refresh);
}

// `<form data-filter="PART PART">`: they show what fits as soon as it is chosen, and the address says what was chosen.
let typing;
function choose(event) {
  const form = event.type === "submit" ? event.target : event.target.form;
  const parts = form?.dataset.filter?.split(" ");
  if (!parts) return;
  if (event.type === "submit") event.preventDefault();
  clearTimeout(typing);
  typing = setTimeout(
    () => {
      const chosen = [...new FormData(form)].filter(([, value]) => value);
      const query = new URLSearchParams(chosen).toString();
      if (query === location.search.slice(1)) return;
      history.replaceState(null, "", query ? `?${query}` : location.pathname);
      for (const part of parts) refresh(document.getElementById(part));
    },
    event.type === "input" ? PAUSE : 0,
  );
}

// A form that changes something is sent once, however often its button is pressed.
function once(event) {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.ariaBusy) event.preventDefault();
  form.ariaBusy = "true";
  setTimeout(free, PATIENCE, form);
}
const free = (form) => form.removeAttribute("aria-busy");

// A menu closes when one goes elsewhere, by the mouse or by Escape.
function closeMenus(event) {
  const inside = event.type === "keydown" ? null : event.target;
  if (event.type === "keydown" && event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (inside && menu.contains(inside)) continue;
    const hadFocus = menu.contains(document.activeElement);
    menu.open = false;
    if (hadFocus && !inside) menu.querySelector("summary").focus();
  }
}

localise(document);
document.querySelectorAll("[data-refresh]").forEach(keepFresh);
document.documentElement.classList.add("with-script");
document.addEventListener("click", closeMenus);
document.addEventListener("keydown", closeMenus);
document.addEventListener("input", choose);
document.addEventListener("change", choose);
document.addEventListener("submit", choose);
document.addEventListener("submit", once);
document.addEventListener("visibilitychange", refreshAll);
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  document.querySelectorAll("form").forEach(free); // one has come back to a page that was left
  refreshAll();
});
