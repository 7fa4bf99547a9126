// The service worker: keeps the shell (styles, scripts, one page without anybody's data) and sends what waits.
// `SHELL` (version, files, offline pages by language) is set by /sw.js, which loads this.
(function () {
  "use strict";
  var SHELL = self.SHELL;
  var CACHE = "shell-" + SHELL.version;

  function fill() {
    return caches.open(CACHE).then(function (cache) { return cache.addAll(SHELL.files); });
  }
  self.addEventListener("install", function (event) {
    event.waitUntil(fill().then(function () { return self.skipWaiting(); }));
  });
  self.addEventListener("activate", function (event) {
    event.waitUntil(
      caches.keys()
        .then(function (names) {
          return Promise.all(names.filter(function (name) { return name.indexOf("shell-") === 0 && name !== CACHE; })
            .map(function (name) { return caches.delete(name); }));
        })
        .then(function () { return self.registration.navigationPreload && self.registration.navigationPreload.enable(); })
        .then(function () { return self.clients.claim(); })
    );
  });

  function offline() {
    return self.Kept.recall("language").catch(function () { return null; }).then(function (language) {
      var page = SHELL.offline[language] || SHELL.offline.en;
      return caches.match(page, { ignoreVary: true });
    }).then(function (kept) { return kept || Response.error(); });
  }
  // Pages come from the server or not at all: nobody's page is ever kept.
  function page(event) {
    return Promise.resolve(event.preloadResponse)
      .then(function (early) { return early || fetch(event.request); })
      .then(function (answer) { return answer.status >= 502 && answer.status <= 504 ? offline() : answer; }, offline);
  }
  self.addEventListener("fetch", function (event) {
    var request = event.request;
    var url = new URL(request.url);
    if (request.method !== "GET" || url.origin !== self.location.origin) return;
    if (request.mode === "navigate") {
      if (url.pathname === "/" || url.pathname.indexOf("/portal/") === 0) event.respondWith(page(event));
    } else if (SHELL.files.indexOf(url.pathname) >= 0) {
      event.respondWith(fetch(request).catch(function () {
        return caches.match(url.pathname, { ignoreVary: true }).then(function (kept) { return kept || Response.error(); });
      }));
    }
  });

  self.addEventListener("sync", function (event) {
    if (event.tag !== "kept") return;
    event.waitUntil(self.Kept.send().then(function (all) { if (!all) throw new Error("later"); }));
  });
  self.addEventListener("message", function (event) {
    if (event.data === "fill") {
      event.waitUntil(caches.has(CACHE).then(function (there) { return there || fill(); }));
    } else if (event.data === "clear") {
      event.waitUntil(caches.delete(CACHE));
    }
  });
})();
