// A chat message fills the form of a filing; the server reads it and keeps nothing.
(function () {
  "use strict";
  var reader = document.querySelector("[data-paste-form]");
  var form = document.querySelector("[data-file-form]");
  var said = document.querySelector("[data-paste-said]");
  if (!reader || !form) return;
  var box = reader.querySelector("textarea");
  var asked = 0;

  function say(text, tone) {
    said.className = "notice mb-3 tone-" + tone;
    said.hidden = false;
    said.querySelector("p").textContent = text;
  }
  // What an earlier message filled in, and nobody changed since, goes with it: one client's arrival is not the next one's.
  var filled = {};
  function clear(name) {
    form.querySelectorAll('[name="' + name + '"]').forEach(function (input, place) {
      if (input.value === String([].concat(filled[name])[place] || "")) input.value = "";
    });
  }
  function fill(fields) {
    Object.keys(filled).forEach(function (name) { if (!(name in fields)) clear(name); });
    filled = fields;
    Object.keys(fields).forEach(function (name) {
      var values = [].concat(fields[name]);
      form.querySelectorAll('[name="' + name + '"]').forEach(function (input, place) {
        if (values[place] === undefined && name !== "phones") return;
        input.value = values[place] === undefined ? "" : values[place];
        var closed = input.value && input.closest("details");
        if (closed) closed.open = true;
      });
    });
    form.dispatchEvent(new CustomEvent("draft:restored", { bubbles: true }));
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }
  function read() {
    if (!box.value.trim()) return;
    var mine = ++asked;
    fetch(reader.action, { method: "POST", body: new FormData(reader), headers: { Accept: "application/json" }, redirect: "error" })
      .then(function (answer) {
        if (!answer.ok) throw new Error(answer.status);
        return answer.json();
      })
      .then(function (found) {
        if (mine !== asked) return;
        fill(found.fields);
        say(found.told, "info");
      })
      .catch(function () {
        if (mine === asked) say(said.dataset.failed, "wait");
      });
  }
  reader.addEventListener("submit", function (event) {
    event.preventDefault();
    read();
  });
  box.addEventListener("paste", function () {
    setTimeout(read, 0);
  });
})();
