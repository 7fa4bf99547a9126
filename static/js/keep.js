// Filing without a network, on the page: keep first, send, show what became of it. Sending itself is kept.js.
(function () {
  "use strict";
  var Kept = self.Kept;
  var body = document.body;
  var words = JSON.parse(body.dataset.words || "{}");
  var offline = body.classList.contains("is-offline");
  var signedIn = body.dataset.person || "";
  var WAITING = "/portal/clients/kept/";
  var EVERY = 30000;
  var FRESH = 30 * 60 * 1000;
  if (!Kept || !("indexedDB" in self)) return;

  function fill(template, values) {
    return template.replace(/\{(\w+)\}/g, function (_, name) { return values[name]; });
  }
  // Whose phone it is now: who is signed in; without a network, who was last.
  var person = signedIn ? Promise.resolve(signedIn) : Kept.recall("person");

  // ---- the service worker ----
  if ("serviceWorker" in navigator && signedIn) {
    navigator.serviceWorker.register("/sw.js").then(function () { return navigator.serviceWorker.ready; }).then(function (ready) {
      if (ready.active) ready.active.postMessage("fill");
    }).catch(function () {});
  }
  function askForSync() {
    if (!("serviceWorker" in navigator)) return;
    navigator.serviceWorker.ready.then(function (ready) { return ready.sync && ready.sync.register("kept"); }).catch(function () {});
  }

  // ---- signing in and out ----
  function arrive() {
    if (offline) return Promise.resolve();
    if (signedIn) {
      return Promise.all([
        Kept.remember("person", signedIn),
        Kept.remember("leaving", null),
        Kept.remember("language", document.documentElement.lang),
        Kept.recall("projects:" + signedIn).then(function (known) {
          if (!known || Date.now() - known.at > FRESH) return Kept.who().catch(function () {});
        })
      ]);
    }
    // Only who signed out on purpose is forgotten; a session that ended by itself loses nothing.
    return Kept.recall("leaving").then(function (gone) {
      if (!gone) return;
      if (navigator.serviceWorker && navigator.serviceWorker.controller) navigator.serviceWorker.controller.postMessage("clear");
      return Kept.forget(gone);
    });
  }
  function unsentOf(who) {
    return Kept.all().then(function (found) {
      return found.filter(function (filing) { return filing.person === who && (Kept.unsent(filing) || filing.state === "look"); });
    });
  }
  var leaving = document.querySelector("[data-kept-leaving]");
  if (leaving && signedIn) {
    unsentOf(signedIn).then(function (left) {
      leaving.hidden = !left.length;
      leaving.querySelector("[data-count]").textContent = fill(left.length === 1 ? words.kept_one : words.kept_many, { n: left.length });
    }).catch(function () {});
  }
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!signedIn || new URL(form.action).pathname !== "/accounts/logout/" || form.dataset.leaving) return;
    event.preventDefault();
    event.stopPropagation();
    unsentOf(signedIn).then(function (left) {
      if (left.length && !leaving) {
        location.assign("/accounts/logout/");
        return;
      }
      return Kept.remember("leaving", signedIn).then(function () { leave(form); });
    }).catch(function () { leave(form); });
  }, true);
  function leave(form) {
    form.dataset.leaving = "1";
    HTMLFormElement.prototype.submit.call(form);
  }

  // ---- the form of a filing ----
  var form = document.querySelector("[data-file-form]");
  function key() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), function (byte) { return (byte + 256).toString(16).slice(1); }).join("");
  }
  function record(who) {
    var fields = [];
    new FormData(form).forEach(function (value, name) {
      if (name !== "csrfmiddlewaretoken" && name !== "once" && typeof value === "string") fields.push([name, value]);
    });
    function first(name) {
      var pair = fields.find(function (one) { return one[0] === name && one[1]; });
      return pair ? pair[1].trim() : "";
    }
    var choice = form.querySelector("[name=project]");
    var option = choice.options[choice.selectedIndex];
    return {
      key: form.querySelector("[name=once]").value || key(),
      person: who,
      at: Date.now(),
      state: "waiting",
      why: "",
      fields: fields,
      // What the list shows, also once the rest is deleted: nothing in full.
      shown: {
        client: first("client_name").slice(0, 1) + "**",
        phone: first("phones").replace(/[^\d*]/g, "").replace(/^(\d{3}).*(\d{4})$/, "$1****$2"),
        project: option && option.value ? option.text : ""
      }
    };
  }
  function complete() {
    var phone = form.querySelector("[name=phones]");
    phone.required = !Array.from(form.querySelectorAll("[name=phones]")).some(function (input) { return input.value.trim(); });
    return form.reportValidity();
  }
  // After app.js, which disables the buttons in a moment of its own.
  function freed() {
    setTimeout(function () {
      delete form.dataset.sent;
      form.querySelectorAll("button[aria-busy]").forEach(function (button) {
        button.disabled = false;
        button.removeAttribute("aria-busy");
      });
      form.reportValidity();
    }, 20);
  }
  function undrafted(who) {
    try {
      localStorage.removeItem("draft:" + who + ":" + form.dataset.draft);
    } catch (refused) { /* nothing was kept there */ }
  }
  var busy = false;
  function keepAndSend(who) {
    var mine = record(who);
    return Kept.put(mine)
      .then(function () { return Kept.send(); })
      .then(function () { return Kept.get(mine.key); })
      .then(function (now) {
        if (now && now.state === "done" && now.outcome.changed) {
          // Its key had filed something else. A kept filing was changed too late, as the list says; what was typed into
          // a form shown again (the Back button) is another client's, and goes under a key of its own.
          if (new URLSearchParams(location.search).get("kept")) {
            location.assign(WAITING);
            return;
          }
          form.querySelector("[name=once]").value = key();
          return Kept.remove(mine.key).then(function () { return keepAndSend(who); });
        }
        if (now && now.state === "done") {
          undrafted(who);
          return Kept.remove(mine.key).then(function () { location.assign(now.outcome.url); });
        }
        if (now && now.state === "look" && !offline) {
          // Nothing was filed. The server shows what is wrong beside each field.
          return Kept.remove(mine.key).then(function () { HTMLFormElement.prototype.submit.call(form); });
        }
        if (!complete()) {
          busy = false;
          freed();
          return Kept.remove(mine.key);
        }
        undrafted(who);
        askForSync();
        location.assign(WAITING);
      });
  }
  if (form) {
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      if (busy) return;
      busy = true;
      person.then(function (who) {
        if (!who) throw new Error("nobody");
        if (offline && !complete()) {
          busy = false;
          freed();
          return;
        }
        return keepAndSend(who);
      }).catch(function () {
        // The phone keeps nothing (a private window, no room): as without scripts.
        if (!offline) HTMLFormElement.prototype.submit.call(form);
        busy = false;
      });
    });
    window.addEventListener("pageshow", function () { busy = false; });
    takeUp();
  }
  // The form again with a filing that is to be changed; its key stays, so it cannot become two.
  function takeUp() {
    var wanted = new URLSearchParams(location.search).get("kept");
    var ready = offline ? offerProjects() : Promise.resolve();
    if (!wanted) return;
    Promise.all([person, Kept.get(wanted), ready]).then(function (found) {
      var filing = found[1];
      if (!filing || filing.person !== found[0] || !filing.fields) return;
      form.querySelector("[name=once]").value = filing.key;
      form.querySelectorAll("[name=phones]").forEach(function (input) { input.value = ""; });
      var place = {};
      filing.fields.forEach(function (pair) {
        var inputs = form.querySelectorAll('[name="' + pair[0] + '"]');
        var at = place[pair[0]] = (place[pair[0]] === undefined ? 0 : place[pair[0]] + 1);
        if (!inputs[at]) return;
        inputs[at].value = pair[1];
        var closed = pair[1] && inputs[at].closest("details");
        if (closed) closed.open = true;
      });
      form.dispatchEvent(new CustomEvent("draft:restored", { bubbles: true }));
    }).catch(function () {});
  }
  function offerProjects() {
    var choice = form.querySelector("[name=project]");
    return person.then(function (who) {
      if (!who) return null;
      return Kept.recall("projects:" + who);
    }).then(function (known) {
      var nobody = document.querySelector("[data-offline-nobody]");
      if (!known || !known.list.length) {
        form.hidden = true;
        if (nobody) nobody.hidden = false;
        return;
      }
      known.list.forEach(function (project) {
        var option = new Option(project.name, project.id);
        if (project.masked) option.dataset.masked = "";
        choice.add(option);
      });
      if (known.list.length === 1) choice.value = known.list[0].id;
      choice.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  // ---- what waits: a word on every page, the whole on its own ----
  var list = document.querySelector("[data-kept-list]");
  function part(name) {
    return document.getElementById("kept-" + name).content.firstElementChild.cloneNode(true);
  }
  function time(at) {
    var then = new Date(at);
    var options = then.toDateString() === new Date().toDateString() ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
    return new Intl.DateTimeFormat(document.documentElement.lang, options).format(then);
  }
  function kindOf(filing) {
    if (filing.state === "done") return filing.outcome.tone === "good" ? "accepted" : "refused";
    if (filing.state === "waiting" && filing.why === "sign_in") return "sign-in";
    return filing.state;
  }
  function item(filing) {
    var row = part("item");
    var kind = kindOf(filing);
    row.dataset.key = filing.key;
    row.dataset.state = kind;
    row.querySelector("[data-client]").textContent = filing.shown.client + " " + filing.shown.phone;
    row.querySelector("[data-project]").textContent = [filing.shown.project, time(filing.at)].filter(Boolean).join(" · ");
    row.querySelector("[data-badge]").replaceWith(part("badge-" + kind));
    var said = row.querySelector("[data-said]");
    if (filing.state === "done") {
      said.textContent = [filing.outcome.text, filing.outcome.changed ? words.kept_changed : ""].filter(Boolean).join(" ");
    } else if (filing.state === "look" && filing.errors) {
      said.textContent = Object.values(filing.errors).map(function (each) { return each.join(" "); }).join(" ");
    } else {
      said.textContent = part("said-" + (filing.state === "look" ? filing.why : kind)).textContent;
    }
    var open = row.querySelector("[data-open]");
    if (filing.state === "done") open.href = filing.outcome.page;
    else open.remove();
    var edit = row.querySelector("[data-edit]");
    if (filing.state === "done" || filing.state === "sending") edit.remove();
    else edit.href = "/portal/clients/new/?kept=" + filing.key;
    if (kind !== "sign-in" || signedIn) row.querySelector("[data-sign-in]").remove();
    if (filing.state === "sending") row.querySelector("[data-discard]").remove();
    if (filing.state === "done") row.querySelector("[data-discard]").textContent = words.kept_put_away;
    return row;
  }
  function show() {
    return Promise.all([person, Kept.all()]).then(function (found) {
      var who = found[0];
      var mine = found[1].filter(function (filing) { return filing.person === who; });
      var left = mine.filter(function (filing) { return filing.state !== "done"; });
      chip(left);
      if (!list) return;
      var rows = mine.slice().reverse().map(item);
      list.replaceChildren.apply(list, rows);
      list.hidden = !rows.length;
      document.querySelector("[data-kept-none]").hidden = rows.length > 0;
      document.querySelector("[data-kept-others]").hidden = !found[1].some(function (filing) { return filing.person !== who && Kept.unsent(filing); });
      var now = document.querySelector("[data-kept-send]");
      if (now) now.hidden = !left.some(Kept.unsent);
    }).catch(function () {});
  }
  function chip(left) {
    var there = document.querySelector(".kept-chip");
    if (list || !left.length) {
      if (there) there.remove();
      return;
    }
    if (!there) {
      there = document.createElement("a");
      there.className = "kept-chip";
      there.setAttribute("role", "status");
      body.append(there);
    }
    there.href = WAITING;
    there.textContent = fill(left.length === 1 ? words.kept_one : words.kept_many, { n: left.length });
  }
  if (list) {
    var dialog = document.getElementById("kept-discard");
    list.addEventListener("click", function (event) {
      var button = event.target.closest("[data-discard]");
      if (!button) return;
      var row = button.closest("[data-key]");
      if (row.dataset.state === "accepted" || row.dataset.state === "refused") {
        Kept.remove(row.dataset.key);
        return;
      }
      dialog.dataset.key = row.dataset.key;
      dialog.showModal();
    });
    dialog.addEventListener("close", function () {
      if (dialog.returnValue === "discard") {
        Kept.get(dialog.dataset.key).then(function (filing) {
          if (filing && filing.state !== "sending") Kept.remove(filing.key);
        });
      }
      dialog.returnValue = "";
    });
    var sendNow = document.querySelector("[data-kept-send]");
    if (sendNow) sendNow.addEventListener("click", work);
  }

  function work() {
    return Kept.send().then(function (all) { if (!all) askForSync(); }).catch(function () {});
  }
  Kept.changed(show);
  arrive().catch(function () {}).then(Kept.tidy).then(show).then(function () {
    if (signedIn || offline) return work();
  }).catch(function () {});
  window.addEventListener("online", work);
  document.addEventListener("visibilitychange", function () { if (!document.hidden) work(); });
  setInterval(work, EVERY);
  if (offline) {
    document.querySelectorAll("[data-offline-first]").forEach(function (section) {
      if (location.pathname.indexOf(section.dataset.offlineFirst) === 0) section.parentElement.prepend(section);
    });
  }
})();
