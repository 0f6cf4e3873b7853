// Pages work without this file. It shows times in the viewer's zone, and refreshes what says `data-refresh="SECONDS"`
// in place: what has the focus, what is open and what somebody is filling in stays as it is.
"use strict";

const LOCAL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const when = new Date(time.dateTime);
    if (Number.isNaN(when.valueOf())) continue;
    time.textContent = LOCAL.format(when);
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
  const answer = await fetch(location.href, { headers: { "X-Fragment": part.id }, redirect: "manual" });
  if (answer.type === "opaqueredirect" || answer.status === 401) return location.reload();
  if (!answer.ok) return;
  const fresh = document.createElement("template");
  fresh.innerHTML = await answer.text();
  localise(fresh.content);
  morph(part, fresh.content);
  part.dispatchEvent(new CustomEvent("refreshed", { bubbles: true }));
}

function keepFresh(part) {
  setInterval(() => {
    if (!document.hidden && part.isConnected) refresh(part).catch(() => {});
  }, Number(part.dataset.refresh) * 1000);
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
document.addEventListener("submit", send);
document.addEventListener("click", press);
