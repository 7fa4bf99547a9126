// Behaviour shared by portal, desk and finance. Pages work without it; it adds comfort.
// Everything hangs on data attributes, described in docs/frontend.md.
(function () {
  "use strict";

  var words = JSON.parse(document.body.dataset.words || "{}");

  function fill(template, values) {
    return template.replace(/\{(\w+)\}/g, function (_, name) {
      return values[name];
    });
  }

  // ---- times ----
  function left(seconds) {
    var minutes = Math.floor(seconds / 60);
    var hours = Math.floor(minutes / 60);
    var days = Math.floor(hours / 24);
    if (seconds <= 0) return words.over;
    if (days) return fill(hours % 24 ? words.days_hours : words.days, { d: days, h: hours % 24 });
    if (hours) return fill(hours < 6 && minutes % 60 ? words.hours_minutes : words.hours, { h: hours, m: minutes % 60 });
    return minutes ? fill(words.minutes, { m: minutes }) : words.moment;
  }

  function tickTimes() {
    var now = Date.now();
    document.querySelectorAll("time[data-countdown]").forEach(function (el) {
      if (el.dataset.open) return;
      var seconds = (Date.parse(el.dateTime) - now) / 1000;
      var text = left(seconds);
      if (el.textContent !== text) el.textContent = text;
      el.dataset.tone = seconds <= 0 ? "past" : seconds <= 6 * 3600 ? "bad" : seconds <= 72 * 3600 ? "wait" : "";
    });
    document.querySelectorAll("time[data-relative]").forEach(function (el) {
      if (el.dataset.open) return;
      var minutes = Math.floor((now - Date.parse(el.dateTime)) / 60000);
      var text = el.dataset.absolute;
      if (minutes < 0 || minutes >= 24 * 60) text = el.dataset.absolute;
      else if (minutes < 1) text = words.just_now;
      else if (minutes < 60) text = fill(minutes === 1 ? words.minute_ago : words.minutes_ago, { n: minutes });
      else text = fill(minutes < 120 ? words.hour_ago : words.hours_ago, { n: Math.floor(minutes / 60) });
      if (el.textContent !== text) el.textContent = text;
    });
  }
  // A demo or a rehearsal stands at another instant: then the server's words stay.
  var serverNow = Date.parse(document.body.dataset.now || "");
  var live = !serverNow || Math.abs(serverNow - Date.now()) < 5 * 60 * 1000;
  if (live) {
    tickTimes();
    setInterval(tickTimes, 20000);
  }

  document.addEventListener("click", function (event) {
    var el = event.target.closest("time[data-exact]");
    if (!el || el.closest("a, button, summary")) return;
    if (el.dataset.open) {
      el.textContent = el.dataset.open;
      delete el.dataset.open;
    } else {
      el.dataset.open = el.textContent;
      el.textContent = el.dataset.exact;
    }
  });

  // ---- forms: submit once ----
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method !== "post" || form.hasAttribute("data-many")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    // Disabled only after the browser has read the form, so that the button's own value is sent.
    setTimeout(function () {
      form.querySelectorAll("button:not([type=button])").forEach(function (button) {
        button.disabled = true;
        button.setAttribute("aria-busy", "true");
      });
    }, 0);
  });
  function release(form) {
    delete form.dataset.sent;
    form.querySelectorAll("button[aria-busy]").forEach(function (button) {
      button.disabled = false;
      button.removeAttribute("aria-busy");
    });
  }
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(release);
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    if (event.target.matches && event.target.matches("form")) release(event.target);
  });

  // ---- forms: drafts survive a reload; cleared by the outcome page, at sign-out and by another person ----
  var PREFIX = "draft:";
  var DAY = 24 * 3600 * 1000;
  var person = document.body.dataset.person || "";

  function storage(action) {
    try {
      return action(window.localStorage);
    } catch (refused) {
      return null;
    }
  }
  function forget(match) {
    storage(function (store) {
      Object.keys(store).forEach(function (key) {
        if (key.indexOf(PREFIX) === 0 && match(key, store.getItem(key))) store.removeItem(key);
      });
    });
  }
  function draftFields(form) {
    return Array.prototype.filter.call(form.elements, function (el) {
      return (
        el.name &&
        el.name !== "csrfmiddlewaretoken" &&
        !/^(password|file|submit|button)$/.test(el.type) &&
        (el.type !== "hidden" || el.hasAttribute("data-draft-keep"))
      );
    });
  }
  function readDraft(form) {
    return draftFields(form).map(function (el) {
      return [el.name, el.type === "checkbox" || el.type === "radio" ? (el.checked ? el.value : null) : el.value];
    });
  }
  function restoreDraft(form, values) {
    var restored = false;
    draftFields(form).forEach(function (el) {
      var at = values.findIndex(function (pair) {
        return pair[0] === el.name && (el.type !== "radio" || pair[1] === el.value);
      });
      if (at < 0) return;
      var value = values.splice(at, 1)[0][1];
      if (el.type === "checkbox" || el.type === "radio") el.checked = value !== null;
      else if (value !== el.value) {
        el.value = value;
        if (el.type !== "hidden" && value) restored = true;
      }
    });
    return restored;
  }
  // A page of nobody's is seen when the session ran out, or offline: drafts wait for their person. Another's are
  // dropped at once, all at signing out.
  var dropped = document.querySelector("[data-drafts-drop]") !== null;
  forget(function (key, raw) {
    if (dropped || (person && key.indexOf(PREFIX + person + ":") !== 0)) return true;
    try {
      return Date.now() - JSON.parse(raw).at > DAY;
    } catch (broken) {
      return true;
    }
  });
  if (person) {
    var shown = Array.prototype.map.call(document.querySelectorAll("form[data-draft]"), function (form) {
      return PREFIX + person + ":" + form.dataset.draft;
    });
    // Sent, it is done when the server answers with another page than its own form; error pages do not come by here.
    var asked = document.referrer && new URL(document.referrer).pathname;
    forget(function (key, raw) {
      return asked && JSON.parse(raw).sent === asked && shown.indexOf(key) < 0;
    });
    document.querySelectorAll("[data-draft-done]").forEach(function (el) {
      storage(function (store) { store.removeItem(PREFIX + person + ":" + el.dataset.draftDone); });
    });
    document.querySelectorAll("form[data-draft]").forEach(function (form) {
      var key = PREFIX + person + ":" + form.dataset.draft;
      var raw = storage(function (store) { return store.getItem(key); });
      if (raw && !form.querySelector(".is-invalid, .errors") && restoreDraft(form, JSON.parse(raw).values)) {
        var note = form.querySelector("[data-draft-note]");
        if (note) note.hidden = false;
        form.dispatchEvent(new CustomEvent("draft:restored", { bubbles: true }));
      }
      if (raw) keep("");  // shown again, it is not done
      function keep(sent) {
        storage(function (store) {
          store.setItem(key, JSON.stringify({ at: Date.now(), values: readDraft(form), sent: sent }));
        });
      }
      function save() {
        keep("");
      }
      form.addEventListener("submit", function () { keep(window.location.pathname); });
      // Who follows a link before the answer came may have stopped the sending: it is not known to be done.
      document.addEventListener("click", function (event) {
        var raw = event.target.closest("a[href]") && storage(function (store) { return store.getItem(key); });
        if (raw && JSON.parse(raw).sent) keep("");
      });
      form.addEventListener("input", save);
      form.addEventListener("change", save);
      form.addEventListener("click", function (event) {
        if (!event.target.closest("[data-draft-drop]")) return;
        storage(function (store) { store.removeItem(key); });
        window.location.reload();
      });
    });
  }

  // ---- first error gets the focus ----
  var wrong = document.querySelector("main .is-invalid, main [aria-invalid=true]") || document.querySelector("main .errors[tabindex]");
  if (wrong) wrong.focus();

  // ---- the tab one is on stands in sight, also where tabs scroll ----
  document.querySelectorAll(".tabs [aria-current]").forEach(function (tab) {
    var row = tab.parentElement;
    var from = tab.getBoundingClientRect().left - row.getBoundingClientRect().left;
    row.scrollLeft += from - (row.clientWidth - tab.offsetWidth) / 2;
  });

  // ---- small controls ----
  document.addEventListener("click", function (event) {
    var dismiss = event.target.closest("[data-dismiss]");
    if (dismiss) dismiss.closest(".notice").remove();

    var eye = event.target.closest("[data-show-password]");
    if (eye) {
      var input = document.getElementById(eye.dataset.showPassword);
      var shown = input.type === "text";
      input.type = shown ? "password" : "text";
      eye.setAttribute("aria-pressed", String(!shown));
      input.focus();
    }

    var copy = event.target.closest("[data-copy]");
    if (copy && navigator.clipboard) {
      navigator.clipboard.writeText(copy.dataset.copy).then(function () {
        var label = copy.querySelector("[data-copy-label]") || copy;
        var before = label.textContent;
        label.textContent = words.copied;
        setTimeout(function () { label.textContent = before; }, 1500);
      });
    }

    if (event.target.closest("[data-print]")) window.print();

    var opener = event.target.closest("[data-dialog]");
    if (opener) {
      event.preventDefault();
      document.getElementById(opener.dataset.dialog).showModal();
    }

    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-autosubmit], form[data-autosubmit] select")) event.target.form.requestSubmit();
  });
  document.querySelectorAll("[data-needs-script]").forEach(function (el) { el.hidden = false; });

  document.addEventListener("htmx:afterSwap", function () { if (live) tickTimes(); });

  // ---- keyboard ----
  var going = 0;
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      document.querySelectorAll("details.menu[open]").forEach(function (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      });
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
    if (event.key === "/") {
      var search = document.querySelector("[data-search], main input[type=search]");
      if (search) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    } else if (event.key === "?") {
      var help = document.getElementById("help");
      if (help) help.showModal();
    } else if (event.key === "g") {
      going = Date.now();
    } else if (Date.now() - going < 1500) {
      going = 0;
      var link = document.querySelector('a[data-key="' + CSS.escape(event.key) + '"]');
      if (link) link.click();
    }
  });
})();
