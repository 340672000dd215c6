// Keeps a page that is looked at up to date. Everything works without it: a reload shows the same.
"use strict";
(() => {
  const PERIOD_MS = 5000;
  const live = document.getElementById("live");
  if (!live || !document.querySelector("[data-live]")) return;
  let paused = false;
  let timer = 0;

  const say = (text) => { live.textContent = text; };

  const control = document.createElement("button");
  control.type = "button";
  control.textContent = "Pause updates";
  control.addEventListener("click", () => {
    paused = !paused;
    control.textContent = paused ? "Go on with updates" : "Pause updates";
    say(paused ? "This page is not kept up to date." : "");
    if (!paused) look();
  });
  document.querySelector("footer").append(control);

  // What has the focus keeps it: it is found again by where it leads.
  const replace = (old, fresh) => {
    const focus = old.contains(document.activeElement) ? document.activeElement : null;
    const leads = focus && focus.getAttribute("href");
    old.replaceWith(fresh);
    if (leads) {
      const again = [...fresh.querySelectorAll("a[href]")].find((link) => link.getAttribute("href") === leads);
      if (again) again.focus({ preventScroll: true });
    }
  };

  const take = (text) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    const news = [];
    for (const old of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(old.id);
      if (!fresh || fresh.innerHTML === old.innerHTML) continue;
      if ("announce" in old.dataset && gist(fresh) !== gist(old)) news.push(words(fresh));
      replace(old, document.importNode(fresh, true));
    }
    document.title = page.title;
    return news;
  };

  // Ages change by themselves: what is told differently without them is news.
  const words = (element) => element.textContent.replace(/\s+/g, " ").trim();
  const gist = (element) => words(element).replace(/\d+ (s|min|h|d)\b/g, "");

  const look = async () => {
    clearTimeout(timer);
    if (paused) return;
    try {
      if (!document.hidden) {
        const answer = await fetch(location.pathname + location.search, {
          headers: { Accept: "text/html", "Gridtap-Refresh": "1" },
          credentials: "same-origin",
        });
        if (answer.redirected) {
          say("The session is over: load this page anew to log in.");
          return;
        }
        if (answer.ok) {
          const news = take(await answer.text());
          if (news.length > 0) say(news.join(" "));
          else if (live.textContent.startsWith("The sensor does not answer")) say("");
        }
      }
    } catch {
      say("The sensor does not answer: what this page shows may be old.");
    }
    timer = setTimeout(look, PERIOD_MS);
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  timer = setTimeout(look, PERIOD_MS);

  const said = document.getElementById("said");
  if (said && location.hash === "#said") said.focus();
})();
