// Follows the links between an answer and its sources, and the keys. The page works on without it: the links are real links.
"use strict";

(() => {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");

  const panel = () => document.getElementById("sources");
  const active = () => document.querySelector("#sources .qa-source.qa-active");
  const target = (link) => document.getElementById(decodeURIComponent(link.hash.slice(1)));
  const scrolls = (box) => getComputedStyle(box).overflowY === "auto";

  const showQuote = (source) => {
    const box = panel();
    const mark = source.querySelector("mark") || source;
    if (!scrolls(box)) return;
    const head = source.querySelector("header").offsetHeight;
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
    else reveal(source.querySelector("mark") || source, "center");
  };

  const backToAnswer = (source) => {
    const marker = document.getElementById(source.id.replace("src-", "ref-"));
    if (!marker) return;
    marker.focus({ preventScroll: true });
    reveal(marker, "center");
  };

  const follow = (event) => {
    const link = event.target.closest && event.target.closest("a[href^='#src-'], a[href^='#ref-'], a[href='#qa-keys']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.hash === "#qa-keys") help();
    else if (link.hash.startsWith("#ref-")) backToAnswer(link.closest(".qa-source"));
    else if (target(link)) openSource(target(link));
  };

  // --- keys

  const KEYS = [
    ["/", "type a question"],
    ["j, k", "next and previous source"],
    ["Esc", "back to where you were"],
    ["?", "this list"],
  ];
  let before = null;

  const box = () => document.querySelector("#qa-box textarea");
  const typing = (element) => element.matches("input, textarea, select, [contenteditable=true]");

  const help = () => {
    let sheet = document.getElementById("qa-help");
    if (!sheet) {
      sheet = document.createElement("dialog");
      sheet.id = "qa-help";
      sheet.setAttribute("aria-labelledby", "qa-help-title");
      const title = document.createElement("h2");
      title.id = "qa-help-title";
      title.textContent = "Keyboard";
      const list = document.createElement("dl");
      for (const [key, does] of KEYS) {
        list.append(Object.assign(document.createElement("dt"), { textContent: key }));
        list.append(Object.assign(document.createElement("dd"), { textContent: does }));
      }
      const close = Object.assign(document.createElement("button"), { type: "button", textContent: "Close" });
      close.addEventListener("click", () => sheet.close());
      sheet.append(title, list, close);
      document.querySelector(".gradio-container").append(sheet);
    }
    if (!sheet.open) sheet.showModal();
  };

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
      if (before && before.isConnected) before.focus();
    }
  };

  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !event.target.closest) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") leave(event.target);
    else if (typing(event.target)) return;
    else if (event.key === "/") {
      before = document.activeElement;
      box().focus();
    } else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "?") help();
    else return;
    if (event.key !== "Escape") event.preventDefault();
  };

  // Gradio names each message by its source text, which here is HTML: a screen reader shall read the message itself.
  const name = () => {
    for (const message of document.querySelectorAll("#qa-chat [data-testid][aria-label]")) message.removeAttribute("aria-label");
    const notice = document.getElementById("qa-notice");
    if (notice && !notice.hasAttribute("role")) notice.setAttribute("role", "status");
  };

  // Bring a new answer into view from its question on, and open its first source.
  const settle = () => {
    const first = document.querySelector("#sources .qa-source");
    if (!first || active()) return;
    activate(first);
    const questions = document.querySelectorAll("#qa-chat .qa-asked");
    const last = questions[questions.length - 1];
    const log = document.querySelector("#qa-chat [role=log]");
    if (last && log) log.scrollTop += last.getBoundingClientRect().top - log.getBoundingClientRect().top - 16;
  };

  const update = () => {
    name();
    settle();
  };

  document.addEventListener("click", follow);
  document.addEventListener("keydown", press);
  new MutationObserver(() => requestAnimationFrame(update)).observe(document.body, { childList: true, subtree: true });
})();
