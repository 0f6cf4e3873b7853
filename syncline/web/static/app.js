// Pages work without this file. It shows times in the viewer's zone, and refreshes what says `data-refresh="SECONDS"`
// in place: what has the focus, what is open and what somebody is filling in stays as it is.
"use strict";

const LOCAL = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
const LONG_AGO = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const MONTHS = 300 * 24 * 3600 * 1000; // milliseconds after which a time is shown with its year
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const PAUSE = 250; // milliseconds between the last key in a filter and what it shows

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const when = new Date(time.dateTime);
    if (Number.isNaN(when.valueOf())) continue;
    const usual = Math.abs(Date.now() - when) > MONTHS ? LONG_AGO : LOCAL;
    time.textContent = (time.classList.contains("exact") ? EXACT : usual).format(when);
  }
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
  if (from.tagName === "DIALOG" && from.open) return;
  const isOpen = from.tagName === "DETAILS" && from.open;
  for (const { name } of [...from.attributes]) if (!to.hasAttribute(name)) from.removeAttribute(name);
  for (const { name, value } of to.attributes) if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  if (isOpen) from.open = true;
  morph(from, to);
}

async function refresh(part) {
  const asked = location.href;
  const answer = await fetch(asked, { headers: { "X-Fragment": part.id }, redirect: "manual" });
  if (answer.type === "opaqueredirect" || answer.status === 401) return location.reload();
  if (!answer.ok) return;
  const fresh = document.createElement("template");
  fresh.innerHTML = await answer.text();
  if (location.href !== asked) return; // meanwhile something else was chosen
  localise(fresh.content);
  morph(part, fresh.content);
  part.dispatchEvent(new CustomEvent("refreshed", { bubbles: true }));
}

// Every so many seconds; sooner while something in it goes on, which then says `data-soon="SECONDS"`.
function keepFresh(part) {
  const soon = part.querySelector("[data-soon]")?.dataset.soon;
  setTimeout(async () => {
    if (!document.hidden) await refresh(part).catch(() => {});
    if (part.isConnected) keepFresh(part);
  }, Number(soon || part.dataset.refresh) * 1000);
}

// `<form data-filter="PART">`: PART shows what fits as soon as it is chosen, and the address says what was chosen.
let typing;
function choose(event) {
  const form = event.target.form;
  const part = document.getElementById(form?.dataset.filter || "");
  if (!part) return;
  clearTimeout(typing);
  typing = setTimeout(
    () => {
      const chosen = [...new FormData(form)].filter(([, value]) => value);
      const query = new URLSearchParams(chosen).toString();
      if (query === location.search.slice(1)) return;
      history.replaceState(null, "", query ? `?${query}` : location.pathname);
      refresh(part).catch(() => {});
    },
    event.type === "input" ? PAUSE : 0,
  );
}

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

// `<form data-send="PART">`: sent without leaving the page; PART is refreshed after it.
async function send(event) {
  const form = event.target;
  const part = form.dataset && document.getElementById(form.dataset.send || "");
  if (!part) return;
  event.preventDefault();
  const fields = new FormData(form, event.submitter);
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
  if (answer.type !== "opaqueredirect" && !answer.ok) return form.submit();
  form.closest("dialog")?.close();
  await refresh(part);
}

// `<button data-open="ID">` opens a dialog; `<button data-close>` within one closes it.
function press(event) {
  const button = event.target.closest("[data-open], [data-close]");
  if (!button) return;
  if (button.dataset.open) document.getElementById(button.dataset.open)?.showModal();
  else button.closest("dialog")?.close();
}

localise(document);
document.querySelectorAll("[data-refresh]").forEach(keepFresh);
document.documentElement.classList.add("with-script");
document.addEventListener("submit", send);
document.addEventListener("click", press);
document.addEventListener("click", closeMenus);
document.addEventListener("keydown", closeMenus);
document.addEventListener("input", choose);
document.addEventListener("change", choose);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) for (const part of document.querySelectorAll("[data-refresh]")) refresh(part).catch(() => {});
});
