// Filings kept on this phone until the server has answered them; shared by the pages and the service worker.
// One filing has one key for life, so that sending it again is the same filing. docs/frontend.md tells the whole.
(function (scope) {
  "use strict";
  var WEEK = 7 * 24 * 3600 * 1000;
  var PATIENCE = 20000;
  var WHO = "/portal/clients/kept/who/";
  var SEND = "/portal/clients/new/";
  var opened = null;

  function database() {
    if (opened) return opened;
    opened = new Promise(function (done, failed) {
      var asked = scope.indexedDB.open("channels", 1);
      asked.onupgradeneeded = function () {
        asked.result.createObjectStore("filings", { keyPath: "key" });
        asked.result.createObjectStore("facts", { keyPath: "name" });
      };
      asked.onsuccess = function () {
        asked.result.onversionchange = function () { asked.result.close(); opened = null; };
        done(asked.result);
      };
      asked.onerror = function () { opened = null; failed(asked.error); };
      asked.onblocked = function () { opened = null; failed(new Error("blocked")); };
    });
    return opened;
  }
  // Resolves once what was written is safe, not when it was asked for.
  function within(store, mode, work) {
    return database().then(function (db) {
      return new Promise(function (done, failed) {
        var transaction = db.transaction(store, mode, { durability: "strict" });
        var result;
        var asked = work(transaction.objectStore(store), function (value) { result = value; });
        if (asked) asked.onsuccess = function () { result = asked.result; };
        transaction.oncomplete = function () { done(result); };
        transaction.onerror = transaction.onabort = function () { failed(transaction.error); };
      });
    });
  }
  function put(filing) {
    return within("filings", "readwrite", function (store) { store.put(filing); }).then(tell);
  }
  function get(key) {
    return within("filings", "readonly", function (store) { return store.get(key); });
  }
  function all() {
    return within("filings", "readonly", function (store) { return store.getAll(); }).then(function (found) {
      return found.sort(function (a, b) { return a.at - b.at; });
    });
  }
  function remove(key) {
    return within("filings", "readwrite", function (store) { store.delete(key); }).then(tell);
  }
  // Reads and writes in one transaction: a filing discarded meanwhile stays discarded.
  function change(key, fields) {
    return within("filings", "readwrite", function (store, answer) {
      store.get(key).onsuccess = function (event) {
        var filing = event.target.result;
        if (!filing) return;
        Object.assign(filing, fields);
        store.put(filing);
        answer(filing);
      };
    }).then(function (filing) { tell(); return filing; });
  }
  function recall(name) {
    return within("facts", "readonly", function (store) { return store.get(name); }).then(function (fact) {
      return fact ? fact.value : null;
    });
  }
  function remember(name, value) {
    return within("facts", "readwrite", function (store) { store.put({ name: name, value: value }); });
  }
  function forget(person) {
    return within("filings", "readwrite", function (store) {
      store.openCursor().onsuccess = function (event) {
        var cursor = event.target.result;
        if (!cursor) return;
        if (cursor.value.person === person) cursor.delete();
        cursor.continue();
      };
    }).then(function () {
      return within("facts", "readwrite", function (store) {
        store.delete("projects:" + person);
        store.delete("person");
        store.delete("leaving");
      });
    }).then(tell);
  }

  var channel = "BroadcastChannel" in scope ? new scope.BroadcastChannel("kept") : null;
  var listeners = [];
  function tell() {
    if (channel) channel.postMessage("changed");
    listeners.forEach(function (listener) { listener(); });
  }
  if (channel) channel.onmessage = function () { listeners.forEach(function (listener) { listener(); }); };

  function patiently(address, options) {
    var stop = new AbortController();
    var timer = setTimeout(function () { stop.abort(); }, PATIENCE);
    options.signal = stop.signal;
    options.credentials = "same-origin";
    options.cache = "no-store";
    options.redirect = "manual";
    options.headers = Object.assign({ Accept: "application/json" }, options.headers);
    return fetch(address, options).then(function (answer) {
      // The body may hang as well as the head.
      return (answer.type === "opaqueredirect" ? Promise.resolve(null) : answer.json().catch(function () { return null; }))
        .then(function (body) {
          clearTimeout(timer);
          if (answer.status >= 200 && answer.status < 300 && body === null) throw new Error("half an answer");
          return { status: answer.type === "opaqueredirect" ? 401 : answer.status, body: body };
        });
    });
  }
  // Who is signed in, with the token that lets them send and the projects they may file for.
  function who() {
    return patiently(WHO, {}).then(function (answer) {
      if (answer.status === 200) {
        return remember("projects:" + answer.body.person, { at: Date.now(), list: answer.body.projects })
          .then(function () { return answer.body; });
      }
      if (answer.status === 401) return null;
      throw new Error(answer.status);
    });
  }
  function post(filing, signedIn) {
    var body = new URLSearchParams(filing.fields);
    return patiently(SEND, {
      method: "POST",
      body: body,
      headers: { "X-CSRFToken": signedIn.token, "Idempotency-Key": filing.key, "X-Account": filing.person }
    });
  }
  // What an answer makes of a filing; null: nothing is decided, it waits on.
  function settled(answer) {
    var body = answer.body;
    if (answer.status === 200) {
      return { state: "done", fields: null, outcome: body, why: "", settled: Date.now() };
    }
    if (answer.status === 401 || (answer.status === 403 && !body)) return { state: "waiting", why: "sign_in" };
    if (answer.status === 409) return { state: "waiting", why: "" };
    if (answer.status === 422 && body) return { state: "look", why: "entries", errors: body.errors, settled: Date.now() };
    if (answer.status === 429 || answer.status >= 500) return null;
    return { state: "look", why: answer.status === 403 ? "forbidden" : "refused", settled: Date.now() };
  }
  function sendOne(filing, signedIn) {
    return change(filing.key, { state: "sending", tried: Date.now() })
      .then(function (mine) {
        if (!mine) return { went: true };
        return post(mine, signedIn).then(settled, function () { return null; }).then(function (outcome) {
          var went = outcome !== null && outcome.state !== "waiting";
          return change(filing.key, outcome || { state: "waiting", why: "" }).then(function () { return { went: went }; });
        });
      });
  }
  function unsent(filing) {
    // One found `sending` under the lock was left there by a page or a phone that died.
    return filing.state === "waiting" || filing.state === "sending";
  }
  function sendAll() {
    return all().then(function (found) {
      var waiting = found.filter(unsent);
      if (!waiting.length) return true;
      return who().then(
        function (signedIn) {
          if (!signedIn) return noteAll(waiting, "sign_in").then(function () { return true; });
          var mine = waiting.filter(function (filing) { return filing.person === signedIn.person; });
          return mine.reduce(function (before, filing) {
            return before.then(function (on) {
              return on && sendOne(filing, signedIn).then(function (result) { return result.went; });
            });
          }, Promise.resolve(true));
        },
        function () { return noteAll(waiting, "").then(function () { return false; }); }
      );
    });
  }
  function noteAll(filings, why) {
    return Promise.all(filings.filter(function (filing) { return filing.state === "sending" || filing.why !== why; })
      .map(function (filing) { return change(filing.key, { state: "waiting", why: why }); }));
  }
  // Send what waits, one sender at a time; false where something has to be tried again later.
  function send() {
    if (scope.navigator.locks) return scope.navigator.locks.request("kept", sendAll);
    return sendAll();
  }
  function tidy() {
    return all().then(function (found) {
      return Promise.all(found.filter(function (filing) { return filing.settled && Date.now() - filing.settled > WEEK; })
        .map(function (filing) { return remove(filing.key); }));
    });
  }

  scope.Kept = {
    put: put, get: get, all: all, remove: remove, change: change, recall: recall, remember: remember, forget: forget,
    who: who, send: send, tidy: tidy, unsent: unsent,
    changed: function (listener) { listeners.push(listener); }
  };
})(self);
