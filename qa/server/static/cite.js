// Follows the links between an answer and its sources. The page works on without it: the links are real links.
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
    const link = event.target.closest && event.target.closest("a[href^='#src-'], a[href^='#ref-']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.hash.startsWith("#ref-")) backToAnswer(link.closest(".qa-source"));
    else if (target(link)) openSource(target(link));
  };

  const leave = (event) => {
    const source = event.target.closest && event.target.closest(".qa-source");
    if (event.key === "Escape" && source) backToAnswer(source);
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
  document.addEventListener("keydown", leave);
  new MutationObserver(() => requestAnimationFrame(update)).observe(document.body, { childList: true, subtree: true });
})();
