// The desk's day keeps itself up to date: a small fragment, asked for while the page is looked at, taken only where it changed.
(function () {
  "use strict";
  var board = document.querySelector("[data-board]");
  if (!board || !window.fetch) return;
  var every = (parseInt(board.dataset.every, 10) || 20) * 1000;
  var etag = board.dataset.etag || "";
  var timer = 0;
  var busy = false;

  // What a person unfolded or folded stays so: known by its id, else by what its summary says.
  function folds() {
    return Array.from(board.querySelectorAll("details")).map(function (el) {
      var summary = el.querySelector("summary");
      return { key: el.id || (summary ? summary.textContent.replace(/\s+/g, " ") : ""), el: el };
    });
  }
  function show(html) {
    var before = new Map(folds().map(function (one) { return [one.key, one.el.open]; }));
    var held = board.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    // Our own fragment: the server escaped what people typed.
    board.innerHTML = html;
    folds().forEach(function (one) {
      if (before.has(one.key)) one.el.open = before.get(one.key);
    });
    var link = held && board.querySelector('a[href="' + CSS.escape(held) + '"]');
    if (link) link.focus();
  }
  function ask() {
    window.clearTimeout(timer);
    if (busy || document.hidden) return;
    busy = true;
    fetch(board.dataset.board, {
      headers: Object.assign({ "X-Requested-With": "fetch" }, etag ? { "If-None-Match": etag } : {}),
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error"
    })
      .then(function (answer) {
        if (answer.status === 304) return null;
        if (!answer.ok) throw new Error(String(answer.status));
        var tag = answer.headers.get("ETag") || "";
        return answer.text().then(function (html) {
          if (!etag || tag !== etag) show(html);
          etag = tag;
        });
      })
      .then(function () { board.removeAttribute("data-stale"); })
      // Without a network the page stays as it is; the next round asks again.
      .catch(function () { board.setAttribute("data-stale", ""); })
      .then(function () {
        busy = false;
        next();
      });
  }
  function next() {
    window.clearTimeout(timer);
    if (!document.hidden) timer = window.setTimeout(ask, every);
  }
  document.addEventListener("visibilitychange", function () {
    if (document.hidden) window.clearTimeout(timer);
    else ask();
  });
  next();
})();
