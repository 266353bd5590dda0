// Follows the links between an answer and its sources, and the keys. The page works on without it: the links are real links.
"use strict";

(() => {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");

  const panel = () => document.getElementById("sources");
  const active = () => document.querySelector("#sources .qa-source.qa-active");
  const target = (link) => document.getElementById(decodeURIComponent(link.hash.slice(1)));
  const scrolls = (box) => getComputedStyle(box).overflowY === "auto";
  const tell = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

  // A page with the quote on it comes before the text.
  const marked = (source) => source.querySelector(".qa-page-picture, mark") || source;

  const showQuote = (source) => {
    const box = panel();
    const mark = marked(source);
    if (!scrolls(box)) return;
    const head = source.querySelector(".qa-tabs").offsetHeight;
    const room = Math.max(16, (box.clientHeight - head - mark.offsetHeight) / 3);
    box.scrollTop += mark.getBoundingClientRect().top - box.getBoundingClientRect().top - head - room;
  };

  const activate = (source) => {
    for (const each of document.querySelectorAll("#sources .qa-source")) each.classList.toggle("qa-active", each === source);
    for (const link of document.querySelectorAll("a.qa-marker")) {
      const current = link.hash === "#" + source.id;
      link.classList.toggle("qa-current", current);
      if (current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    showQuote(source);
  };

  const reveal = (element, block = "nearest") => {
    element.scrollIntoView({ behavior: still.matches ? "auto" : "smooth", block, inline: "nearest" });
  };

  const openSource = (source) => {
    activate(source);
    source.focus({ preventScroll: true });
    if (scrolls(panel())) reveal(panel());
    else reveal(marked(source), "center");
    tell("qa:open", source.id);
  };

  const backToAnswer = (source) => {
    const marker = document.getElementById(source.id.replace("src-", "ref-"));
    if (!marker) return;
    marker.focus({ preventScroll: true });
    reveal(marker, "center");
  };

  const follow = (event) => {
    const link = event.target.closest && event.target.closest("a[href^='#src-'], a[href^='#ref-']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.hash.startsWith("#ref-")) backToAnswer(link.closest(".qa-source"));
    else if (target(link)) openSource(target(link));
  };

  // --- keys

  let focusBefore = null;

  const box = () => document.querySelector("#qa-box textarea");
  const typing = (element) => element.matches("input, textarea, select, [contenteditable=true]");

  const step = (by) => {
    const sources = [...document.querySelectorAll("#sources .qa-source")];
    const now = sources.indexOf(active());
    const next = sources[Math.min(sources.length - 1, Math.max(0, now + by))];
    if (next) openSource(next);
  };

  const leave = (element) => {
    const source = element.closest(".qa-source");
    if (source) backToAnswer(source);
    else if (element === box()) {
      element.blur();
      if (focusBefore && focusBefore.isConnected) focusBefore.focus();
    }
  };

  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !event.target.closest) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") leave(event.target);
    else if (typing(event.target)) return;
    else if (event.key === "/") {
      focusBefore = document.activeElement;
      tell("qa:ask");
      box().focus();
    } else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "?") tell("qa:help");
    else return;
    if (event.key !== "Escape") event.preventDefault();
  };

  // Correct what Gradio tells screen readers.
  const name = () => {
    // It names each message by its source text, which here is HTML; the message itself is to be read.
    for (const message of document.querySelectorAll("#qa-chat [data-testid][aria-label]")) message.removeAttribute("aria-label");
    // A list whose items are buttons is not a list.
    for (const list of document.querySelectorAll("#qa-chat .examples[role=list]")) list.removeAttribute("role");
    const notice = document.getElementById("qa-notice");
    if (notice && !notice.hasAttribute("role")) notice.setAttribute("role", "status");
  };

  // Keep a new question at the top while its answer comes, until the reader takes over; open the answer's first source.
  let count = 0;
  let newest = null;
  let done = null;
  const settle = () => {
    const questions = document.querySelectorAll("#qa-chat .qa-asked");
    if (questions.length > count) newest = questions[questions.length - 1];
    count = questions.length;
    const log = document.querySelector("#qa-chat [role=log]");
    if (newest && newest.isConnected && log) log.scrollTop += newest.getBoundingClientRect().top - log.getBoundingClientRect().top - 16;
    const first = document.querySelector("#sources .qa-source");
    if (first && !active()) activate(first);
    const links = document.querySelectorAll("#qa-chat .qa-link");
    const link = links.length ? links[links.length - 1] : null;
    // The articles come a moment after the answer.
    const marker = link && link.closest(".qa-reply").querySelector("a.qa-marker");
    if (marker && !document.querySelector(marker.getAttribute("href"))) return;
    if (link && link !== done) tell("qa:answered", link);
    done = link;
  };
  const letGo = () => { newest = null; };

  const update = () => {
    name();
    settle();
  };

  for (const touch of ["wheel", "touchmove", "pointerdown", "keydown"]) document.addEventListener(touch, letGo, { passive: true });
  document.addEventListener("click", follow);
  document.addEventListener("keydown", press);
  document.addEventListener("qa:show", (event) => {
    const source = document.getElementById(event.detail);
    if (source) openSource(source);
  });
  new MutationObserver(() => requestAnimationFrame(update)).observe(document.body, { childList: true, subtree: true });
})();
